#include <algorithm>
#include <atomic>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace axiograd {
namespace {

int initial_threads() {
  if (const char* given = std::getenv("AXIOGRAD_NUM_THREADS"); given != nullptr) return std::max(1, std::atoi(given));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{initial_threads()};
  return count;
}

thread_local bool inside_parallel_for = false;

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }
void set_num_threads(int n) { thread_count().store(std::max(1, n), std::memory_order_relaxed); }

namespace impl {

// Nested calls and single threads run in place. OpenMP where the build has it, so that one pool serves us and the libraries;
// plain threads elsewhere (and under ThreadSanitizer, which does not understand libgomp).
void parallel_blocks(std::int64_t blocks, void (*body)(const void*, std::int64_t), const void* context) {
  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), blocks));
  if (threads == 1 || inside_parallel_for) {
    for (std::int64_t block = 0; block < blocks; ++block) body(context, block);
    return;
  }
  const precision policy = current_precision();
  // An exception (memory, a division of exact numbers by zero) must not leave a thread; the first one goes on after all.
  std::exception_ptr thrown;
  std::mutex throwing;
  const auto run = [&](std::int64_t block) {
    const precision_scope same(policy);
    inside_parallel_for = true;
    try {
      body(context, block);
    } catch (...) {
      const std::lock_guard lock(throwing);
      if (thrown == nullptr) thrown = std::current_exception();
    }
    inside_parallel_for = false;
  };
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (std::int64_t block = 0; block < blocks; ++block) run(block);
#else
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    for (std::int64_t block = next++; block < blocks; block = next++) run(block);
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
#endif
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

}  // namespace impl
}  // namespace axiograd
