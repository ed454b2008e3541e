// Large products and convolutions by the library: without memory, under signals, in children of forks. Replaces posix_memalign
// of this test program, by which oneDNN takes its memory.

#include <atomic>
#include <axiograd/core/tensor.hpp>
#include <axiograd/kernels/cpu/convolution.hpp>
#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {
/// Counts calls down; at 0 one fails.
[[maybe_unused]] std::atomic<int> until_failure{-1};
[[maybe_unused]] std::atomic<int> memory_calls{0};
}  // namespace

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define AXG_MEMORY_CAN_FAIL
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t bytes);  // NOLINT(bugprone-reserved-identifier)
extern "C" int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  ++memory_calls;
  if (until_failure >= 0 && until_failure-- == 0) return ENOMEM;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? ENOMEM : 0;
}
#endif

namespace axiograd {
namespace {

tensor<float> numbers(int64_t n, unsigned seed) {
  tensor<float> x = tensor<float>::uninitialised({n});
  for (float& v : x.mutable_values()) {
    seed = seed * 1664525U + 1013904223U;
    v = static_cast<float>(seed >> 8) / 8388608.0F - 1;
  }
  return x;
}

/// y (n,n) = a b, or y += a b.
tensor<float> product(int64_t n, bool a_transposed, bool b_transposed, bool add) {
  const tensor<float> a = numbers(n * n, 1), b = numbers(n * n, 2);
  tensor<float> y = add ? numbers(n * n, 3) : tensor<float>({n * n});
  gemm_call<float> c;
  c.m = c.n = c.k = n;
  c.a = {a.data(), n, a_transposed};
  c.b = {b.data(), n, b_transposed};
  c.y = {y.mutable_data(), n};
  c.add = add;
  gemm(c);
  return y;
}
/// A convolution and its gradients, one after another.
tensor<float> convolved() {
  const convolution_call c{{}, {16, 8, 3, 3}, {8, 20, 20}, {16, 18, 18}, 4};
  const tensor<float> kernel = numbers(c.kernel.size(), 1), x = numbers(c.samples * c.x.size(), 2);
  tensor<float> all({c.samples * c.y.size() + c.kernel.size() + c.samples * c.x.size()});
  float *const y = all.mutable_data(), *const dkernel = y + c.samples * c.y.size(), *const dx = dkernel + c.kernel.size();
  convolve(c, kernel.data(), nullptr, x.data(), y);
  convolve_vjp(c, kernel.data(), x.data(), y, {dkernel, false}, {dx, true});
  return all;
}

class library : public testing::Test {
 protected:
  void SetUp() override {
    if (library_in_use().empty()) GTEST_SKIP() << "this build has no library";
  }
  ~library() override { set_num_threads(before_); }

 private:
  int before_ = num_threads();
};

// ---- memory --------------------------------------------------------------------------------------------------------------

#ifdef AXG_MEMORY_CAN_FAIL
/// Lets the first, second, ... request for memory of compute() fail: it must throw std::bad_alloc or give the same bits, and
/// afterwards give them in any case. How many times it threw.
template <class F>
int failures_of(const F& compute) {
  const tensor<float> expected = compute();
  int thrown = 0;
  for (int n = 0;; ++n) {
    memory_calls = 0;
    until_failure = n;
    try {
      EXPECT_EQ(compute(), expected) << "although request " << n << " for memory failed";
    } catch (const std::bad_alloc&) {
      ++thrown;
    }
    until_failure = -1;
    EXPECT_EQ(compute(), expected) << "after request " << n << " for memory failed";
    if (memory_calls <= n || testing::Test::HasFailure()) return thrown;
  }
}

TEST_F(library, a_product_without_memory_is_reported) {
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    for (const int64_t n : {48, 100, 210, 300})
      for (const bool add : {false, true}) {
        if (n == 48)  // may be our own kernel's
          failures_of([&] { return product(n, false, true, add); });
        else
          EXPECT_GT(failures_of([&] { return product(n, false, true, add); }), 0) << n << ", " << threads << " threads";
      }
  }
}
// On one thread: where two make memory objects, the failing request may be oneDNN's own inside dnnl_memory_create, which 2.6
// does not survive (TRUST.md).
TEST_F(library, so_is_a_convolution) {
  set_num_threads(1);
  failures_of(convolved);
}
#endif

// ---- signals -------------------------------------------------------------------------------------------------------------

/// Sends signals to the thread that made it, whose handler uses that thread's own stack, as long as it lives.
class disturbance {
 public:
  disturbance() {
    struct sigaction uses_stack{};
    uses_stack.sa_handler = [](int) {
      volatile char room[4096];
      for (volatile char& c : room) c = 0x5a;
      ++handled;
    };
    sigaction(SIGUSR1, &uses_stack, &before_);
    sender_ = std::jthread([target = pthread_self()](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pthread_kill(target, SIGUSR1);
        const auto next = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
        while (std::chrono::steady_clock::now() < next) std::this_thread::yield();
      }
    });
  }
  ~disturbance() {
    sender_.request_stop();
    sender_.join();
    sigaction(SIGUSR1, &before_, nullptr);
  }
  disturbance(const disturbance&) = delete;
  disturbance& operator=(const disturbance&) = delete;

  static inline std::atomic<int> handled{0};

 private:
  struct sigaction before_{};
  std::jthread sender_;
};

TEST_F(library, handlers_on_the_ordinary_stack_change_nothing) {
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    for (const int64_t n : {64, 100, 128, 200, 300})
      for (const bool a : {false, true})
        for (const bool b : {false, true}) {
          const tensor<float> expected = product(n, a, b, false);
          const disturbance signals;
          const int from = disturbance::handled;
          for (int again = 0; again < 20 || (disturbance::handled - from < 20 && again < 2000); ++again)
            ASSERT_EQ(product(n, a, b, false), expected) << n << ", " << threads << " threads, " << a << b;
        }
    const tensor<float> expected = convolved();
    const disturbance signals;
    for (int again = 0; again < 100; ++again) ASSERT_EQ(convolved(), expected);
  }
  EXPECT_GT(disturbance::handled, 100);
}

TEST_F(library, a_product_leaves_the_signal_mask_as_it_was) {
  sigset_t mine, before, after;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &mine, &before);
  product(200, false, false, false);
  pthread_sigmask(SIG_SETMASK, &before, &after);
  EXPECT_EQ(sigismember(&after, SIGUSR2), 1);
  EXPECT_EQ(sigismember(&after, SIGUSR1), sigismember(&before, SIGUSR1));
  EXPECT_EQ(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

// ---- fork ----------------------------------------------------------------------------------------------------------------

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

TEST_F(library, a_child_computes_whatever_others_did_when_it_was_made) {
#ifdef __has_feature
  if (__has_feature(thread_sanitizer)) GTEST_SKIP() << "ThreadSanitizer does not follow forks";
#endif
  set_num_threads(2);
  const tensor<float> expected = convolved(), y = product(220, false, true, false);
  std::vector<std::jthread> others;
  others.emplace_back([](const std::stop_token& stop) {
    for (std::int64_t n = 0; !stop.stop_requested(); ++n) {  // primitives are made all the time
      const convolution_call c{{}, {8, 8, 3, 3}, {8, 12 + n % 300, 12}, {8, 10 + n % 300, 10}, 1};
      const tensor<float> kernel = numbers(c.kernel.size(), 1), x = numbers(c.x.size(), 2);
      tensor<float> result({c.y.size()});
      convolve(c, kernel.data(), nullptr, x.data(), result.mutable_data());
    }
  });
  others.emplace_back([](const std::stop_token& stop) {
    while (!stop.stop_requested()) product(220, false, true, false);
  });
  for (int again = 0; again < 30; ++again)
    ASSERT_TRUE(child_finishes([&] { return convolved() == expected && product(220, false, true, false) == y; }))
        << "fork " << again;
}

}  // namespace
}  // namespace axiograd
