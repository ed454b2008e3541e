#pragma once
// How much work a thread is given: measured, not guessed.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <bit>

namespace axiograd {

/// Seconds since some moment; never runs backwards.
double monotonic_seconds();

/// Cuts a loop into blocks that are worth a thread, by what the loop's numbers were seen to cost: each kernel has a meter of
/// its own, which remembers the cost of short and long runs, as memory and caches make them. Below 20 us nothing is cut. Where
/// the cuts lie differs from run to run: it is for loops whose results do not depend on it.
class work_meter {
 public:
  /// Runs of so many numbers are never cut.
  static constexpr std::int64_t shortest = 2048;

  /// Calls part(begin, count) for blocks that make up 0 .. n-1, on several threads if that pays. Blocks are whole multiples of
  /// `unit`, the last one aside.
  template <class F>
  void run(std::int64_t n, std::int64_t unit, const F& part) {
    if (n <= shortest || num_threads() == 1) return part(std::int64_t{0}, n);
    float& cost = costs_[static_cast<std::size_t>(size_class(n))];
    std::int64_t begin = 0;
    if (known(cost) == 0) {  // the first run of this length: its beginning is measured
      begin = std::min(n, (shortest + unit - 1) / unit * unit);
      measured(cost, 0, begin, part);
      if (begin == n) return;
    }
    const double seconds = static_cast<double>(known(cost));
    const std::int64_t rest = n - begin;
    if (seconds * static_cast<double>(rest) < worth_a_region) return measured(cost, begin, rest, part);
    const auto worth_a_block = static_cast<std::int64_t>(std::min(worth_a_region / seconds, static_cast<double>(longest)));
    const std::int64_t block = std::max<std::int64_t>(1, worth_a_block / unit) * unit;
    parallel_for((rest + block - 1) / block, [&](std::int64_t b) {
      const std::int64_t from = b * block, count = std::min(block, rest - from);
      if (b == 0)
        measured(cost, begin, count, part);
      else
        part(begin + from, count);
    });
  }
  /// Calls one(task) for 0 .. tasks-1, which cost as much as `each` numbers: for tasks that must stay as they are.
  template <class F>
  void run_tasks(std::int64_t tasks, std::int64_t each, const F& one) {
    each = std::max<std::int64_t>(1, each);
    run(tasks * each, each, [&](std::int64_t begin, std::int64_t count) {
      for (std::int64_t task = begin / each; task < (begin + count) / each; ++task) one(task);
    });
  }

 private:
  static constexpr double worth_a_region = 20e-6;                 // seconds
  static constexpr std::int64_t longest = std::int64_t{1} << 15;  // numbers that make a block
  static int size_class(std::int64_t n) {
    return std::min(3, (static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n))) - 12) / 3);
  }
  template <class F>
  static void measured(float& cost, std::int64_t begin, std::int64_t count, const F& part) {
    const double start = monotonic_seconds();
    part(begin, count);
    learn(cost, (monotonic_seconds() - start) / static_cast<double>(count));
  }
  // Several threads may read and write a cost.
  static float known(float& cost);
  static void learn(float& cost, double seconds);

  float costs_[4]{};  // seconds a number, for runs of 2^11, 2^14, 2^17 and 2^20 numbers and more; 0: not known
};

}  // namespace axiograd
