#include <atomic>
#include <axiograd/kernels/grain.hpp>
#include <chrono>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>
#include <vector>

namespace axiograd {
namespace {

struct part_seen {
  std::int64_t begin, count;
};

class grain : public testing::Test {
 protected:
  ~grain() override { set_num_threads(before_); }
  /// The parts of one run over n numbers of so many nanoseconds each, in order.
  std::vector<part_seen> run(work_meter& meter, std::int64_t n, std::int64_t unit, double nanoseconds) {
    std::vector<part_seen> parts;
    std::mutex lock;
    meter.run(n, unit, [&](std::int64_t begin, std::int64_t count) {
      const auto end = std::chrono::steady_clock::now() +
                       std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds * static_cast<double>(count)));
      while (std::chrono::steady_clock::now() < end) {
      }
      const std::lock_guard guard(lock);
      parts.push_back({begin, count});
    });
    std::sort(parts.begin(), parts.end(), [](const part_seen& a, const part_seen& b) { return a.begin < b.begin; });
    return parts;
  }

 private:
  int before_ = num_threads();
};

TEST_F(grain, parts_make_up_the_whole_and_begin_at_units) {
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    for (const std::int64_t n : {0, 1, 2048, 2049, 5000, 40'000, 300'001})
      for (const std::int64_t unit : {1, 48, 256, 100'000}) {
        work_meter meter;
        for (int again = 0; again < 3; ++again) {
          std::int64_t next = 0;
          for (const part_seen& p : run(meter, n, unit, 0.5)) {
            EXPECT_EQ(p.begin, next);
            EXPECT_EQ(p.begin % unit, 0);
            next = p.begin + p.count;
          }
          EXPECT_EQ(next, n) << threads << " threads, unit " << unit;
        }
      }
  }
}

// 16,384 numbers of 0.2 ns take 3 us, of 20 ns 330 us.
TEST_F(grain, cuts_by_what_numbers_cost) {
  set_num_threads(2);
  work_meter cheap, dear;
  for (int again = 0; again < 20; ++again) {
    run(cheap, 16'384, 256, 0.2);
    run(dear, 16'384, 256, 20);
  }
  EXPECT_EQ(run(cheap, 16'384, 256, 0.2).size(), 1U);
  const auto parts = run(dear, 16'384, 256, 20);
  EXPECT_GE(parts.size(), 8U);
  EXPECT_LE(parts.size(), 64U);
}

TEST_F(grain, tasks_run_once_each) {
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    for (const std::int64_t tasks : {0, 1, 5, 300})
      for (const std::int64_t each : {0, 1, 100, 5000, 40'000}) {
        work_meter meter;
        for (int again = 0; again < 3; ++again) {
          std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
          meter.run_tasks(tasks, each, [&](std::int64_t task) { ++runs[static_cast<std::size_t>(task)]; });
          for (const auto& n : runs) EXPECT_EQ(n, 1) << tasks << " tasks of " << each << ", " << threads << " threads";
        }
      }
  }
}

// Eight tasks of 4 us altogether.
TEST_F(grain, small_tasks_stay_on_their_thread) {
  set_num_threads(2);
  work_meter meter;
  const auto run = [&] {
    std::atomic<int> elsewhere = 0;
    const auto here = std::this_thread::get_id();
    meter.run_tasks(8, 1000, [&](std::int64_t) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(500);
      while (std::chrono::steady_clock::now() < end) {
      }
      if (std::this_thread::get_id() != here) ++elsewhere;
    });
    return elsewhere.load();
  };
  int cut = 0;  // a run that the machine interrupts may be taken for a long one
  for (int again = 0; again < 40; ++again) cut += run() > 0 ? 1 : 0;
  EXPECT_LE(cut, 10);
}

}  // namespace
}  // namespace axiograd
