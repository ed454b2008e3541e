#include <array>
#include <axiograd/core/fork.hpp>
#include <axiograd/core/storage.hpp>
#include <bit>
#include <mutex>

#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef AXG_WATCHES_MEMORY
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) (static_cast<void>(at), static_cast<void>(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) (static_cast<void>(at), static_cast<void>(bytes))
#endif

namespace axiograd {

void impl::forbid_memory(const void* at, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(at, bytes); }
void impl::allow_memory(const void* at, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(at, bytes); }

/// Released chunks by size class, four classes to each power of two; at most `limit_bytes` are kept.
class chunk_pool {
 public:
  static chunk_pool& instance();
  constexpr chunk_pool() = default;

  memory_chunk* take(std::size_t bytes) {
    const std::size_t order = class_of(bytes);
    const std::size_t capacity = capacity_of(order);
    {
      const std::lock_guard lock(mutex_);
      if (memory_chunk* c = free_[order]; c != nullptr) {
        free_[order] = c->next_;
        cached_bytes_ -= capacity;
        c->owners_ = 1;
        return c;
      }
      ++system_allocations_;
    }
    const std::size_t bytes_in_all = sizeof(memory_chunk) + capacity;
    void* const memory = ::operator new(bytes_in_all, alignment_of(capacity));
#ifdef __linux__
    if (capacity >= smallest_huge) madvise(memory, bytes_in_all, MADV_HUGEPAGE);  // a wish; without it all works as well
#endif
    return ::new (memory) memory_chunk(capacity);
  }

  void give(memory_chunk* c) {
    c->clear();
    impl::forbid_memory(c->data(), c->capacity_bytes());  // the list's link lies in the header
    const std::size_t order = class_of(c->capacity_bytes());
    {
      const std::lock_guard lock(mutex_);
      if (cached_bytes_ + c->capacity_bytes() <= limit_bytes) {
        cached_bytes_ += c->capacity_bytes();
        c->next_ = free_[order];
        free_[order] = c;
        return;
      }
    }
    discard(c);
  }

  void trim() {
    const std::lock_guard lock(mutex_);
    for (memory_chunk*& head : free_)
      while (head != nullptr) discard(std::exchange(head, head->next_));
    cached_bytes_ = 0;
  }

  std::uint64_t system_allocations() {
    const std::lock_guard lock(mutex_);
    return system_allocations_;
  }

  // A fork copies the thread that calls it alone: it waits until no other is in the midst of a change.
  void lock_for_fork() { mutex_.lock(); }
  void go_on_after_fork() { mutex_.unlock(); }

 private:
  static constexpr std::size_t limit_bytes = std::size_t{1} << 30;
  static constexpr std::size_t smallest = 64;

  // Capacities are 64 * {4, 5, 6, 7} / 4 * 2^k.
  static std::size_t capacity_of(std::size_t order) { return smallest / 4 * (4 + order % 4) << (order / 4); }
  static std::size_t class_of(std::size_t bytes) {
    if (bytes <= smallest) return 0;
    if (bytes > std::size_t{1} << 60) throw std::bad_alloc();
    const auto octave = static_cast<std::size_t>(std::bit_width((bytes - 1) / smallest)) - 1;
    std::size_t order = octave * 4;
    while (capacity_of(order) < bytes) ++order;
    return order;
  }
  // Large chunks lie on pages of 2 MB where the system gives them: fewer faults, fewer misses of the address cache.
  static constexpr std::size_t huge_page = std::size_t{1} << 21, smallest_huge = std::size_t{1} << 22;
  static std::align_val_t alignment_of(std::size_t capacity) {
    return std::align_val_t{capacity >= smallest_huge ? huge_page : alignof(memory_chunk)};
  }
  static void discard(memory_chunk* c) {
    const std::align_val_t alignment = alignment_of(c->capacity_bytes());
    impl::allow_memory(c->data(), c->capacity_bytes());
    c->~memory_chunk();
    ::operator delete(c, alignment);
  }

  std::mutex mutex_;
  std::array<memory_chunk*, 256> free_{};
  std::size_t cached_bytes_ = 0;
  std::uint64_t system_allocations_ = 0;
};

namespace {
constinit chunk_pool the_pool;  // trivially destroyed: it outlives every static tensor

[[gnu::init_priority(fork_takes_locks)]] const at_fork ready{
    [] { the_pool.lock_for_fork(); }, [] { the_pool.go_on_after_fork(); }, [] { the_pool.go_on_after_fork(); }};
}  // namespace

chunk_pool& chunk_pool::instance() { return the_pool; }

memory_chunk* memory_chunk::acquire(std::size_t bytes) {
  memory_chunk* const c = chunk_pool::instance().take(bytes);
  impl::forbid_memory(c->data(), c->capacity_bytes());
  impl::allow_memory(c->data(), bytes);
  return c;
}
void memory_chunk::trim_pool() { chunk_pool::instance().trim(); }
std::uint64_t memory_chunk::system_allocations() { return chunk_pool::instance().system_allocations(); }

const kept_form* memory_chunk::keep(const kept_form* made) {
  const kept_form* before = nullptr;
  if (__atomic_compare_exchange_n(&form_, &before, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return made;
  delete made;
  return before;
}

void memory_chunk::recycle() {
  delete std::exchange(form_, nullptr);
  constant_ = false;
  chunk_pool::instance().give(this);
}

}  // namespace axiograd
