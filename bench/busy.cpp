// A small training step on one thread and on several, while other processes hold processors: medians of 1,000 steps each, by
// turns. ./dev bench busy; bench_busy THREADS BUSY_PROCESSES [pinned: each of them to a processor of its own, from the last
// on].

#include <algorithm>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/ops.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <sched.h>
#include <string_view>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace axiograd::bench {
namespace {

/// Processes that do nothing but hold a processor.
class busy_processes {
 public:
  busy_processes(int count, bool pinned) {
    for (int i = 0; i < count; ++i) {
      const pid_t child = fork();
      if (child != 0) {
        children_.push_back(child);
        continue;
      }
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (pinned) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(std::thread::hardware_concurrency() - 1 - static_cast<unsigned>(i), &one);
        sched_setaffinity(0, sizeof one, &one);
      }
      for (;;) asm volatile("");
    }
  }
  ~busy_processes() {
    for (const pid_t child : children_) kill(child, SIGKILL);
  }
  busy_processes(const busy_processes&) = delete;
  busy_processes& operator=(const busy_processes&) = delete;

 private:
  std::vector<pid_t> children_;
};

struct small_training {
  nn::sequential<nn::linear, nn::gelu, nn::linear> model{nn::linear{256, 256}, nn::gelu{}, nn::linear{256, 16}};
  nn::adamw optimiser{model.parameters()};
  tensor<float> x = tensor<float>::full({128, 256}, 0.5F), target = tensor<float>::ones({128, 16});

  double microseconds_of_a_step() {
    const auto start = std::chrono::steady_clock::now();
    model.step([&](auto& m) { return mse_loss(m(x), m.constant(target)); }, optimiser);
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  }
};

double quantile(std::vector<double>& times, double part) {
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

double mean(const std::vector<double>& times) {
  return std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
}

void measure(int threads, int busy, bool pinned) {
  const busy_processes others(busy, pinned);
  small_training training;
  std::vector<double> times[2];
  for (int turn = 0; turn < 20; ++turn)
    for (const bool several : {false, true}) {
      set_num_threads(several ? threads : 1);
      for (int step = 0; step < 50; ++step) times[several ? 1 : 0].push_back(training.microseconds_of_a_step());
    }
  const double one = quantile(times[0], 0.5), all = quantile(times[1], 0.5);
  std::printf(
      "%d busy%s: one thread %.0f us (mean %.0f, 99 %% %.0f), %d threads %.0f us (mean %.0f, 99 %% %.0f): median %.2f times\n",
      busy, pinned ? ", pinned" : "", one, mean(times[0]), quantile(times[0], 0.99), threads, all, mean(times[1]),
      quantile(times[1], 0.99), all / one);
}

}  // namespace
}  // namespace axiograd::bench

int main(int argc, char** argv) {
  using axiograd::bench::measure;
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  if (argc > 2) {
    measure(std::atoi(argv[1]), std::atoi(argv[2]), argc > 3 && std::string_view(argv[3]) == "pinned");
    return 0;
  }
  measure(processors, 0, false);
  measure(processors, 1, false);
  measure(processors, 1, true);
  measure(processors, processors, false);
}
