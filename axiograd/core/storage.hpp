#pragma once
// Memory of tensors and tapes: reference-counted chunks from a recycling pool, and arenas that bump through chunks.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/exceptions.hpp>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define AXG_WATCHES_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AXG_WATCHES_MEMORY 1
#endif
#endif

namespace axiograd {

namespace impl {
// Memory that nobody may touch now, for AddressSanitizer: blocks in the pool, and what an arena has not given out. Where the
// library itself was built without, these do nothing.
void forbid_memory(const void* at, std::size_t bytes);
void allow_memory(const void* at, std::size_t bytes);
}  // namespace impl

/// Another form of constant memory's contents, as somebody who reads them often likes them better.
struct kept_form {
  kept_form() = default;
  kept_form(const kept_form&) = delete;
  kept_form& operator=(const kept_form&) = delete;
  virtual ~kept_form() = default;
};

/// A reference-counted block of memory, aligned to 64 bytes. Released blocks go to a pool and are handed out again, so a
/// steady training step asks the system for nothing and touches no fresh page.
class alignas(64) memory_chunk {
 public:
  /// A block of at least `bytes` bytes with one owner. Throws std::bad_alloc.
  static memory_chunk* acquire(std::size_t bytes);
  /// Gives cached blocks back to the system.
  static void trim_pool();
  /// Blocks asked of the system since the program began.
  static std::uint64_t system_allocations();

  std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }
  std::size_t capacity_bytes() const { return capacity_; }
  /// Whether whoever wants to write has to copy first.
  bool shared() const { return __atomic_load_n(&owners_, __ATOMIC_ACQUIRE) > 1 || constant_; }
  void retain() { __atomic_fetch_add(&owners_, 1, __ATOMIC_RELAXED); }
  void release() {
    if (__atomic_fetch_sub(&owners_, 1, __ATOMIC_ACQ_REL) == 1) recycle();
  }

  /// From now on nobody writes to it, as long as it has an owner. To be said while it has only one.
  void make_constant() { constant_ = true; }
  bool constant() const { return constant_; }
  /// What was kept beside constant contents, or null.
  const kept_form* form() const { return __atomic_load_n(&form_, __ATOMIC_ACQUIRE); }
  /// Keeps a form, which was made by `new`, as long as the chunk is constant. Another thread may have been faster: gives the
  /// form that stays.
  const kept_form* keep(const kept_form* made);

  /// Value-initialises `n` more elements directly behind those already made; they live as long as the chunk. If one throws,
  /// none has been made.
  template <class T>
  T* construct(std::byte* at, std::size_t n) {
    T* first = reinterpret_cast<T*>(at);
    if constexpr (!std::is_trivially_copyable_v<T>) {
      destroy_ = [](std::byte* begin, std::byte* end) {
        for (; begin < end; begin += sizeof(T)) reinterpret_cast<T*>(begin)->~T();
      };
      std::size_t made = 0;
      try {
        for (; made < n; ++made) ::new (static_cast<void*>(first + made)) T();
      } catch (...) {
        destroy_(at, at + made * sizeof(T));
        throw;
      }
      last_ = at + n * sizeof(T);
    }
    return first;
  }
  /// Ends the elements' lives; the chunk can be filled again.
  void clear() {
    if (destroy_ != nullptr) destroy_(data(), last_);
    destroy_ = nullptr;
    last_ = nullptr;
  }

 private:
  explicit memory_chunk(std::size_t capacity) : capacity_(capacity) {}
  void recycle();

  std::uint32_t owners_ = 1;  // counted by the compiler's own atomics: <atomic> and <memory> cost every program 0.15 s
  bool constant_ = false;
  std::size_t capacity_;
  const kept_form* form_ = nullptr;
  memory_chunk* next_ = nullptr;
  std::byte* last_ = nullptr;
  void (*destroy_)(std::byte*, std::byte*) = nullptr;
  friend class chunk_pool;
};

/// Shared ownership of a chunk.
class chunk_ref {
 public:
  chunk_ref() = default;
  /// Takes over one ownership.
  static chunk_ref adopt(memory_chunk* c) {
    chunk_ref r;
    r.chunk_ = c;
    return r;
  }
  /// Adds an ownership.
  explicit chunk_ref(memory_chunk* c) : chunk_(c) {
    if (chunk_ != nullptr) chunk_->retain();
  }
  chunk_ref(const chunk_ref& other) : chunk_ref(other.chunk_) {}
  chunk_ref(chunk_ref&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  chunk_ref& operator=(chunk_ref other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ~chunk_ref() {
    if (chunk_ != nullptr) chunk_->release();
  }
  memory_chunk* get() const { return chunk_; }
  memory_chunk* operator->() const { return chunk_; }

 private:
  memory_chunk* chunk_ = nullptr;
};

/// A value with several owners, in a chunk of its own. The value lives as long as the last copy of its handle.
template <class T>
class shared {
 public:
  shared() : chunk_(chunk_ref::adopt(memory_chunk::acquire(sizeof(T)))) {
    static_assert(alignof(T) <= alignof(memory_chunk));
    chunk_->construct<T>(chunk_->data(), 1);
  }
  explicit shared(T value) : shared() { **this = std::move(value); }

  T& operator*() const { return *reinterpret_cast<T*>(chunk_->data()); }
  T* operator->() const { return &**this; }
  const chunk_ref& owner() const { return chunk_; }

 private:
  chunk_ref chunk_;
};

/// Bump allocation of T through chunks. `reset` keeps the chunks that nobody else holds, so values may outlive their arena.
/// A copy shares the chunks made so far and allocates from chunks of its own.
template <class T>
class arena {
 public:
  struct block {
    T* data;
    memory_chunk* owner;
  };

  arena() = default;
  arena(const arena& other) : chunks_(other.chunks_), current_(chunks_.size()) {}
  /// Leaves an empty arena behind.
  arena(arena&& other) noexcept { swap(other); }
  arena& operator=(arena other) noexcept {
    swap(other);
    return *this;
  }
  ~arena() = default;

  /// `n` elements, uninitialised if T is trivial, else value-initialised. Throws std::bad_alloc.
  [[gnu::always_inline]] block allocate(std::size_t n) {
    const std::size_t bytes = (std::max<std::size_t>(n, 1) * sizeof(T) + (alignment - 1)) / alignment * alignment;
    if (static_cast<std::size_t>(end_ - at_) < bytes) next_chunk(bytes);
    // One element at least, so that those of a chunk lie side by side without gaps.
    const std::size_t made = std::max<std::size_t>(n, 1);
#ifdef AXG_WATCHES_MEMORY
    impl::allow_memory(at_, made * sizeof(T));
#endif
    T* const data = owner_->template construct<T>(at_, made);
    at_ += bytes;
    return {data, owner_};
  }

  /// Forgets every element; chunks that somebody else holds are left to them.
  void reset() {
    std::size_t kept = 0;
    for (chunk_ref& c : chunks_)
      if (!c->shared()) {
        c->clear();
#ifdef AXG_WATCHES_MEMORY
        impl::forbid_memory(c->data(), c->capacity_bytes());
#endif
        std::swap(chunks_[kept++], c);
      }
    chunks_.resize(kept);
    current_ = 0;
    owner_ = nullptr;
    at_ = end_ = nullptr;
  }
  void swap(arena& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(current_, other.current_);
    std::swap(owner_, other.owner_);
    std::swap(at_, other.at_);
    std::swap(end_, other.end_);
  }

 private:
  // Elements that must be destroyed lie side by side; others start on cache lines, plain bytes on 16.
  static constexpr std::size_t alignment = !std::is_trivially_copyable_v<T> ? sizeof(T) : sizeof(T) == 1 ? 16 : 64;
  static constexpr std::size_t smallest_chunk_bytes = std::size_t{1} << 16;

  void next_chunk(std::size_t bytes) {
    while (current_ < chunks_.size() && chunks_[current_]->capacity_bytes() < bytes) ++current_;
    if (current_ == chunks_.size()) chunks_.push_back(chunk_ref::adopt(memory_chunk::acquire(std::max(bytes, growth()))));
    owner_ = chunks_[current_++].get();
    at_ = owner_->data();
    end_ = at_ + owner_->capacity_bytes();
#ifdef AXG_WATCHES_MEMORY
    impl::forbid_memory(at_, owner_->capacity_bytes());
#endif
  }
  std::size_t growth() const { return smallest_chunk_bytes << std::min<std::size_t>(chunks_.size(), 8); }

  std::vector<chunk_ref> chunks_;
  std::size_t current_ = 0;  // the next chunk to open
  memory_chunk* owner_ = nullptr;
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
};

}  // namespace axiograd
