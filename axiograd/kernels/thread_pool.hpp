#pragma once
// The library's own threads (docs/decisions/threads.md).

#include <atomic>
#include <axiograd/kernels/precision.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>

namespace axiograd::impl {

/// A loop whose blocks are taken by several threads, one after another. It lives on the stack of the thread that called for it.
class parallel_region {
 public:
  parallel_region(std::int64_t blocks, void (*body)(const void*, std::int64_t), const void* context)
      : body_(body), context_(context), blocks_(blocks) {}

  /// Computes blocks until every block has been begun.
  void take_blocks();
  /// Whether this thread computes a block of some region.
  static bool this_thread_is_inside();

 private:
  bool all_begun() const { return next_.load(std::memory_order_relaxed) >= blocks_; }
  void keep(std::exception_ptr thrown);

  void (*const body_)(const void*, std::int64_t);
  const void* const context_;
  const std::int64_t blocks_;
  const precision policy_ = current_precision();
  std::atomic<std::int64_t> next_{0};
  std::mutex throwing_;
  std::exception_ptr thrown_;

  friend class thread_pool;
  int places_ = 0;                        // for workers that may still come in; guarded by the pool
  std::atomic<std::uint32_t> inside_{0};  // workers; the highest bit says that the caller sleeps until they are out
  bool torn_ = false;                     // its workers were lost in a fork
  parallel_region* next_open_ = nullptr;
};

/// Workers that wait for regions: some microseconds awake, then asleep. A caller never waits for a worker that has not come,
/// only for those in the midst of a block.
class thread_pool {
 public:
  static thread_pool& instance();
  constexpr thread_pool() = default;

  /// Computes every block, on this thread and at most `helpers` others. Throws what a block threw.
  void run(parallel_region& region, int helpers);

  // A fork copies the thread that calls it alone. It waits until nobody changes the pool; the child begins without workers.
  void lock_for_fork() { mutex_.lock(); }
  void go_on_in_parent() { mutex_.unlock(); }
  void begin_again_in_child();

 private:
  using clock = std::chrono::steady_clock;

  void open(parallel_region& region, int helpers);
  void close(parallel_region& region);
  bool start_worker();
  void work();
  parallel_region* come_in();
  void leave(parallel_region& region);
  bool slept_until_called(std::uint32_t seen, clock::time_point asleep_from);
  void wait_until_empty(parallel_region& region);

  std::mutex mutex_;                    // guards the next three
  parallel_region* regions_ = nullptr;  // open ones
  int workers_ = 0, most_workers_ = 0;
  std::atomic<int> free_{0};                           // workers outside regions
  std::atomic<int> asleep_{0};                         // of them
  std::atomic<std::uint32_t> opened_{0}, emptied_{0};  // count events; what sleepers wait for
};

}  // namespace axiograd::impl
