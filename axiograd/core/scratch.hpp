#pragma once

#include <axiograd/core/storage.hpp>
#include <limits>

namespace axiograd {

/// Memory for the length of one run. Throws std::bad_alloc.
template <class T>
class scratch_memory {
 public:
  explicit scratch_memory(int64_t n) {
    if (n <= small && std::is_trivially_copyable_v<T>) {
      data_ = reinterpret_cast<T*>(local_);
    } else {
      if (static_cast<std::size_t>(n) > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
      owner_ = chunk_ref::adopt(memory_chunk::acquire(static_cast<std::size_t>(n) * sizeof(T)));
      data_ = owner_->template construct<T>(owner_->data(), static_cast<std::size_t>(n));
    }
  }
  scratch_memory(const scratch_memory&) = delete;
  scratch_memory& operator=(const scratch_memory&) = delete;
  T* data() { return data_; }

 private:
  static constexpr int64_t small = 4096 / static_cast<int64_t>(sizeof(T));
  alignas(64) std::byte local_[4096];
  chunk_ref owner_;
  T* data_;
};

}  // namespace axiograd
