#include <atomic>
#include <axiograd/core/floating_point.test.hpp>
#include <axiograd/core/storage.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace axiograd {
namespace {

using clock = std::chrono::steady_clock;

class parallel : public testing::Test {
 protected:
  ~parallel() override { set_num_threads(before_); }

 private:
  int before_ = num_threads();
};

/// Whether so many threads are inside one loop at the same time: each block waits for the others.
bool threads_meet(int threads) {
  std::atomic<int> here{0};
  const auto end = clock::now() + std::chrono::seconds(20);
  parallel_for(threads, [&](std::int64_t) {
    ++here;
    while (here < threads && clock::now() < end) std::this_thread::yield();
  });
  return clock::now() < end;
}

TEST_F(parallel, runs_every_block_once) {
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    std::vector<int> runs(1000);
    parallel_for(1000, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
    EXPECT_EQ(runs, std::vector<int>(1000, 1)) << threads << " threads";
  }
}

TEST_F(parallel, hands_on_an_exception_of_any_thread) {
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    for (const std::int64_t bad : {0, 500, 999})
      EXPECT_THROW(parallel_for(1000,
                                [&](std::int64_t i) {
                                  if (i == bad) throw std::domain_error("block");
                                }),
                   std::domain_error)
          << threads << " threads, block " << bad;
    // And is ready for the next one.
    std::vector<int> runs(16);
    parallel_for(16, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
    EXPECT_EQ(runs, std::vector<int>(16, 1));
  }
}

// Not only the first one, whose workers are fresh: also when they are awake, when they sleep, and when more are wanted.
TEST_F(parallel, every_loop_has_its_threads) {
  for (const int threads : {2, 4, 3, 5}) {
    set_num_threads(threads);
    for (int again = 0; again < 3; ++again) ASSERT_TRUE(threads_meet(threads)) << threads << " threads, loop " << again;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(threads_meet(threads)) << threads << " threads, after a sleep";
  }
}
TEST_F(parallel, a_loop_has_its_threads_after_one_that_threw) {
  set_num_threads(3);
  EXPECT_THROW(parallel_for(3, [](std::int64_t) { throw std::domain_error("block"); }), std::domain_error);
  EXPECT_TRUE(threads_meet(3));
}

TEST_F(parallel, loops_of_several_threads_go_on_side_by_side) {
  set_num_threads(3);
  std::atomic<std::int64_t> sum{0};
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller)
      callers.emplace_back([&] {
        for (int loop = 0; loop < 200; ++loop) parallel_for(10, [&](std::int64_t i) { sum += i; });
      });
  }
  EXPECT_EQ(sum, 4 * 200 * 45);
}

/// Threads of this process, apart from this one, that run or want to.
int threads_awake() {
  int awake = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "stat");
    std::string text;
    std::getline(file, text);  // "number (name) state ..."
    const std::size_t name_end = text.rfind(')');
    if (name_end != std::string::npos && text[name_end + 2] == 'R') ++awake;
  }
  return awake - 1;
}

TEST_F(parallel, workers_sleep_when_there_is_nothing_to_do) {
  if (!std::filesystem::exists("/proc/self/task")) GTEST_SKIP() << "this system does not show its threads";
  set_num_threads(4);
  ASSERT_TRUE(threads_meet(4));
  const auto end = clock::now() + std::chrono::seconds(10);
  while (threads_awake() > 0 && clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(threads_awake(), 0);
}

// A worker begins with the mode of the thread that called for it, and outlives it.
TEST_F(parallel, blocks_round_as_they_should_whatever_the_caller_does) {
  set_num_threads(3);
  for (int again = 0; again < 2; ++again)
    for (const rounding& mode : foreign_roundings) {
      const rounding_scope foreign(mode);
      std::atomic<int> wrong{0}, here{0};
      parallel_for(3, [&](std::int64_t) {
        if (!(rounding_scope::now() == rounding{FE_TONEAREST, false})) ++wrong;
        ++here;
        while (here < 3) std::this_thread::yield();
      });
      EXPECT_EQ(wrong, 0) << mode.text();
      EXPECT_TRUE(rounding_scope::now() == mode);
    }
}

// Where the program's own thread does not take a signal, the system looks for another one.
TEST_F(parallel, workers_run_no_signal_handlers) {
  static std::atomic<int> elsewhere{0}, handled{0};
  static std::thread::id caller;
  caller = std::this_thread::get_id();
  struct sigaction counts{};
  counts.sa_handler = [](int) { ++(std::this_thread::get_id() == caller ? handled : elsewhere); };
  struct sigaction before{};
  sigaction(SIGUSR1, &counts, &before);
  sigset_t one, mask;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  set_num_threads(3);
  ASSERT_TRUE(threads_meet(3));
  pthread_sigmask(SIG_BLOCK, &one, &mask);
  kill(getpid(), SIGUSR1);
  for (int again = 0; again < 20; ++again) ASSERT_TRUE(threads_meet(3));
  EXPECT_EQ(handled, 0);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(elsewhere, 0);
  sigaction(SIGUSR1, &before, nullptr);
}

// ---- fork ----------------------------------------------------------------------------------------------------------------

#ifdef __has_feature
constexpr bool can_fork = !__has_feature(thread_sanitizer);
#else
constexpr bool can_fork = true;
#endif

/// Whether a child comes through `body` in time.
template <class F>
bool child_finishes(const F& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
bool allocates() {
  for (std::size_t bytes = 64; bytes < 1 << 20; bytes *= 2) chunk_ref::adopt(memory_chunk::acquire(bytes));
  return true;
}

TEST_F(parallel, a_child_of_a_fork_has_threads_of_its_own) {
  if (!can_fork) GTEST_SKIP() << "ThreadSanitizer does not follow forks";
  set_num_threads(3);
  ASSERT_TRUE(threads_meet(3));
  EXPECT_TRUE(child_finishes([] { return threads_meet(3) && threads_meet(3); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // workers asleep
  EXPECT_TRUE(child_finishes([] { return threads_meet(3) && child_finishes([] { return threads_meet(3); }); }));
  EXPECT_TRUE(threads_meet(3));
}

TEST_F(parallel, a_fork_while_others_work_finds_no_lock_taken) {
  if (!can_fork) GTEST_SKIP() << "ThreadSanitizer does not follow forks";
  set_num_threads(3);
  std::vector<std::jthread> others;
  for (int t = 0; t < 2; ++t)
    others.emplace_back([](const std::stop_token& stop) {
      while (!stop.stop_requested()) parallel_for(4, [](std::int64_t) { allocates(); });
    });
  for (int again = 0; again < 60; ++again)
    ASSERT_TRUE(child_finishes([] { return allocates() && threads_meet(2); })) << "fork " << again;
}

}  // namespace
}  // namespace axiograd
