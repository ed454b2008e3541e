#include <algorithm>
#include <axiograd/core/floating_point.hpp>
#include <axiograd/core/fork.hpp>
#include <axiograd/kernels/signals.hpp>
#include <axiograd/kernels/thread_pool.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

namespace axiograd::impl {
namespace {

constexpr std::uint32_t caller_sleeps = 1U << 31;
// How long threads wait awake: to wake one that sleeps costs up to 15 us, and as much again until it comes.
constexpr auto worker_awake = std::chrono::microseconds(500), caller_awake = std::chrono::microseconds(50);

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

enum class manner : bool { polite, insistent };

/// Waits awake for a condition; false if it did not come true in time. A polite thread lets others have its processor, which
/// may then keep it for milliseconds.
template <class Condition>
bool comes_true(const Condition& condition, std::chrono::steady_clock::time_point in_time, manner how) {
  constexpr int tries = 32;
  for (;;) {
    for (int i = 0; i < tries; ++i) {
      if (condition()) return true;
      pause();
    }
    if (std::chrono::steady_clock::now() >= in_time) return false;
    if (how == manner::polite) std::this_thread::yield();
  }
}

thread_local bool inside = false;
constinit thread_pool the_pool;

[[gnu::init_priority(fork_takes_locks)]] const at_fork ready{
    [] { the_pool.lock_for_fork(); }, [] { the_pool.go_on_in_parent(); }, [] { the_pool.begin_again_in_child(); }};

}  // namespace

bool parallel_region::this_thread_is_inside() { return inside; }

void parallel_region::keep(std::exception_ptr thrown) {
  const std::lock_guard lock(throwing_);
  if (thrown_ == nullptr) thrown_ = std::move(thrown);
}

void parallel_region::take_blocks() {
  const precision_scope same(policy_);
  const floating_point_scope standard;
  inside = true;
  for (std::int64_t block = next_.fetch_add(1, std::memory_order_relaxed); block < blocks_;
       block = next_.fetch_add(1, std::memory_order_relaxed)) {
    // An exception (memory, a division of exact numbers by zero) must not leave a thread; the first one goes on after all.
    try {
      body_(context_, block);
    } catch (...) {
      keep(std::current_exception());
    }
  }
  inside = false;
}

thread_pool& thread_pool::instance() { return the_pool; }

void thread_pool::begin_again_in_child() {
  for (parallel_region* r = regions_; r != nullptr; r = r->next_open_) {
    r->torn_ = r->inside_.exchange(0) != 0;
    r->places_ = 0;
  }
  regions_ = nullptr;
  workers_ = 0;
  free_ = 0;
  asleep_ = 0;
  mutex_.unlock();
}

void thread_pool::run(parallel_region& region, int helpers) {
  open(region, helpers);
  region.take_blocks();
  close(region);
  if (region.torn_) throw std::logic_error("parallel_for: fork() in the midst of a block");
  if (region.thrown_ != nullptr) std::rethrow_exception(region.thrown_);
}

void thread_pool::open(parallel_region& region, int helpers) {
  {
    const std::lock_guard lock(mutex_);
    region.places_ = helpers;
    region.next_open_ = std::exchange(regions_, &region);
    most_workers_ = std::max(most_workers_, helpers);
    while (free_ < helpers && workers_ < most_workers_ && start_worker()) {
    }
  }
  ++opened_;
  const int asleep = asleep_, awake = free_ - asleep;
  for (int n = std::min(helpers - awake, asleep); n > 0; --n) opened_.notify_one();
}

void thread_pool::close(parallel_region& region) {
  {
    const std::lock_guard lock(mutex_);
    parallel_region** at = &regions_;
    while (*at != nullptr && *at != &region) at = &(*at)->next_open_;
    if (*at != nullptr) *at = region.next_open_;  // in the child of a fork it is gone already
  }
  wait_until_empty(region);
}

void thread_pool::wait_until_empty(parallel_region& region) {
  if (region.inside_ == 0) return;
  if (comes_true([&] { return region.inside_ == 0; }, clock::now() + caller_awake, manner::insistent)) return;
  if (region.inside_.fetch_or(caller_sleeps) == 0) return;
  for (;;) {
    const std::uint32_t seen = emptied_;
    if (region.inside_ == caller_sleeps) return;
    emptied_.wait(seen);
  }
}

/// False without a thread: the system has none left, or no memory for it.
bool thread_pool::start_worker() try {
  const blocked_signals from_its_first_moment;
  std::thread([this] { work(); }).detach();
  ++workers_;
  ++free_;
  return true;
} catch (...) {
  return false;
}

void thread_pool::work() {
  blocked_signals::for_good();
  clock::time_point asleep_from = clock::now() + worker_awake;
  for (;;) {
    const std::uint32_t seen = opened_;
    if (parallel_region* const region = come_in(); region != nullptr) {
      region->take_blocks();
      leave(*region);
      asleep_from = clock::now() + worker_awake;
    } else {
      if (slept_until_called(seen, asleep_from)) asleep_from = clock::now() + worker_awake;
    }
  }
}

parallel_region* thread_pool::come_in() {
  const std::lock_guard lock(mutex_);
  for (parallel_region* r = regions_; r != nullptr; r = r->next_open_) {
    if (r->places_ == 0 || r->all_begun()) continue;
    --r->places_;
    ++r->inside_;
    --free_;
    return r;
  }
  return nullptr;
}

void thread_pool::leave(parallel_region& region) {
  ++free_;
  if (--region.inside_ != caller_sleeps) return;  // from here on the region may be gone
  ++emptied_;
  emptied_.notify_all();
}

/// Waits until regions were opened since `seen` was read. Whether it was called from its sleep.
bool thread_pool::slept_until_called(std::uint32_t seen, clock::time_point asleep_from) {
  if (comes_true([&] { return opened_ != seen; }, asleep_from, manner::polite)) return false;
  ++asleep_;
  opened_.wait(seen);
  --asleep_;
  return true;
}

}  // namespace axiograd::impl
