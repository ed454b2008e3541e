// The workloads in Axiograd. Without arguments: a short table. `--serve` answers requests on stdin, one line of JSON each, for
// compare.py, which lets several programs take turns.

#include "workload.hpp"

#include <algorithm>
#include <axiograd/kernels/cpu/native.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string_view>
#include <sys/resource.h>

namespace axiograd::bench {

namespace {

using clock = std::chrono::steady_clock;

constexpr double seconds_of_a_round = 0.15;
constexpr int checked_calls = 3;

double seconds(const workload& w, long calls) {
  const auto start = clock::now();
  for (long i = 0; i < calls; ++i) w.run();
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// A workload ready to be timed: warm, with a known number of calls to a round.
class timed {
 public:
  explicit timed(const workload& w) : workload_(w) {
    seconds(workload_, 2);
    double last = seconds(workload_, calls_);
    while (last < seconds_of_a_round / 4) last = seconds(workload_, calls_ *= 2);
    calls_ = std::max(1L, std::lround(static_cast<double>(calls_) * seconds_of_a_round / last));
  }
  double round() const { return seconds(workload_, calls_) / static_cast<double>(calls_); }

 private:
  workload workload_;
  long calls_ = 1;
};

workload_list all() {
  workload_list list;
  add_small(list);
  add_training(list);
  add_operators(list);
  add_everyday(list);
  add_attention(list);
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.name.front() < b.name.front(); });
  return list;
}
const workload_entry& find(const workload_list& list, std::string_view name) {
  for (const auto& e : list)
    if (e.name == name) return e;
  std::fprintf(stderr, "no workload '%s'\n", std::string(name).c_str());
  std::exit(2);
}
workload after_checked_calls(const workload_entry& e) {
  workload w = e.make();
  for (int i = 0; i < checked_calls; ++i) w.run();
  return w;
}
long peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

// ---- requests: list, check NAME, round NAME
// ----------------------------------------------------------------------------------

void answer_list(const workload_list& list) {
  std::printf("{\"isa\": \"%s\", \"workloads\": [", to_string(best_isa()));
  const char* separator = "";
  for (const auto& e : list) {
    std::printf("%s{\"name\": \"%s\", \"what\": \"%s\", \"flops\": %.17g, \"bytes\": %.17g, \"operators\": %g}", separator,
                e.name.c_str(), e.what.c_str(), e.flops, e.bytes, e.operators);
    separator = ", ";
  }
  std::printf("]}\n");
}
void answer_check(const workload_entry& e) {
  const workload w = after_checked_calls(e);
  digest d;
  w.results(d);
  std::printf("{\"numbers\": [");
  for (std::size_t i = 0; i < d.numbers().size(); ++i) std::printf("%s%.17g", i == 0 ? "" : ", ", d.numbers()[i]);
  std::printf("]}\n");
}
void serve(const workload_list& list) {
  std::string line, loaded;
  std::optional<timed> current;
  while (std::getline(std::cin, line)) {
    const auto space = line.find(' ');
    const std::string request = line.substr(0, space), name = space == std::string::npos ? "" : line.substr(space + 1);
    if (request == "list") {
      answer_list(list);
    } else if (request == "check") {
      answer_check(find(list, name));
    } else if (request == "round") {
      if (loaded != name) {
        current.reset();
        current.emplace(find(list, name).make());
        loaded = name;
      }
      std::printf("{\"seconds\": %.9e}\n", current->round());
    } else {
      std::printf("{\"error\": \"unknown request\"}\n");
    }
    std::fflush(stdout);
  }
}
void table(const workload_list& list, std::string_view only) {
  std::printf("instruction set %s, threads %d, medians of 5 rounds\n", to_string(best_isa()), num_threads());
  for (const auto& e : list) {
    if (!only.empty() && !e.name.starts_with(only)) continue;
    const timed t(e.make());
    std::array<double, 5> rounds{};
    for (double& r : rounds) r = t.round();
    std::nth_element(rounds.begin(), rounds.begin() + 2, rounds.end());
    std::printf("%-22s %12.3f us   %s\n", e.name.c_str(), rounds[2] / e.operators * 1e6, e.what.c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace axiograd::bench

// bench_workloads [--threads N] [--precision POLICY] [--serve | --memory NAME | NAME-PREFIX]
int main(int count, char** arguments) {
  using namespace axiograd::bench;
  int next = 1;
  axiograd::set_num_threads(1);
  if (count > next + 1 && std::strcmp(arguments[next], "--threads") == 0) {
    axiograd::set_num_threads(std::atoi(arguments[next + 1]));
    next += 2;
  }
  axiograd::precision policy = axiograd::precision::fp32;
  if (count > next + 1 && std::strcmp(arguments[next], "--precision") == 0) {
    using enum axiograd::precision;
    for (const auto p : {fp32, reproducible_fp32, fp32_split6, fp32_split3, bf16})
      if (std::strcmp(arguments[next + 1], axiograd::to_string(p)) == 0) policy = p;
    next += 2;
  }
  const axiograd::precision_scope scope(policy);
  const std::string_view mode = count > next ? arguments[next] : "";
  const workload_list list = all();
  if (mode == "--serve") {
    serve(list);
  } else if (mode == "--memory" && count > next + 1) {
    const workload w = after_checked_calls(find(list, arguments[next + 1]));
    std::printf("{\"bytes\": %ld}\n", peak_bytes());
  } else {
    table(list, mode);
  }
  return 0;
}
