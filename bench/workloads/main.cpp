// The workloads in Axiograd. Without arguments: a short table. `--serve` answers requests on stdin, one line of JSON each, for
// compare.py, which lets several programs take turns.

#include "workload.hpp"

#include <algorithm>
#include <axiograd/kernels/cpu/isa.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
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
  const auto refuse = [](const char* what, std::string_view value) {
    std::fprintf(stderr, "bench_workloads: %s '%s'\n", what, std::string(value).c_str());
    std::exit(2);
  };
  axiograd::set_num_threads(1);
  axiograd::precision policy = axiograd::precision::fp32;
  std::string_view mode, name;
  for (int i = 1; i < count; ++i) {
    const std::string_view option = arguments[i];
    const auto value = [&]() -> std::string_view {
      if (i + 1 == count) refuse("a value is missing after", option);
      return arguments[++i];
    };
    if (option == "--threads") {
      const std::string_view text = value();
      const int threads = std::atoi(text.data());
      if (threads < 1) refuse("no number of threads:", text);
      axiograd::set_num_threads(threads);
    } else if (option == "--precision") {
      using enum axiograd::precision;
      const std::string_view wanted = value();
      const auto policies = {fp32, reproducible_fp32, fp32_split6, fp32_split3, bf16};
      const auto found =
          std::find_if(policies.begin(), policies.end(), [&](auto p) { return wanted == axiograd::to_string(p); });
      if (found == policies.end()) refuse("no precision", wanted);
      policy = *found;
    } else if (option == "--memory") {
      mode = option;
      name = value();
    } else if (option == "--serve") {
      mode = option;
    } else if (option.starts_with("--") || !name.empty()) {
      refuse("unknown argument", option);
    } else {
      name = option;
    }
  }
  const axiograd::precision_scope scope(policy);
  const workload_list list = all();
  if (mode == "--serve") {
    serve(list);
  } else if (mode == "--memory") {
    const workload w = after_checked_calls(find(list, name));
    std::printf("{\"bytes\": %ld}\n", peak_bytes());
  } else {
    if (std::none_of(list.begin(), list.end(), [&](const auto& e) { return e.name.starts_with(name); }))
      refuse("no workload begins with", name);
    table(list, name);
  }
  return 0;
}
