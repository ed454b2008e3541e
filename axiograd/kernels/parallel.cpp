#include <algorithm>
#include <atomic>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/thread_pool.hpp>
#include <cstdlib>
#include <thread>

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

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }
void set_num_threads(int n) { thread_count().store(std::max(1, n), std::memory_order_relaxed); }

namespace impl {

// Nested calls and single threads run in place.
void parallel_blocks(std::int64_t blocks, void (*body)(const void*, std::int64_t), const void* context) {
  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), blocks));
  if (threads == 1 || parallel_region::this_thread_is_inside()) {
    for (std::int64_t block = 0; block < blocks; ++block) body(context, block);
    return;
  }
  parallel_region region(blocks, body, context);
  thread_pool::instance().run(region, threads - 1);
}

}  // namespace impl
}  // namespace axiograd
