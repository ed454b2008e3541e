#pragma once
// A heap that fails when told to, for the whole program that failing_memory.cpp is linked into.

#include <cstdint>

namespace axiograd {

/// Which allocations fail: the n-th alone, as when a large block is asked for, or all from it on, as when memory is used up.
enum class shortage : unsigned char { one, rest };

/// While it lives, the n-th allocation from now on fails, counted over all threads; malloc and its kin, mmap and operator new
/// (only operator new under AddressSanitizer, whose heap cannot be replaced).
class failing_memory {
 public:
  failing_memory(std::int64_t n, shortage reach);
  ~failing_memory();
  failing_memory(const failing_memory&) = delete;
  failing_memory& operator=(const failing_memory&) = delete;

  /// Whether the heap of this build can fail; ThreadSanitizer's cannot.
  static bool works();
  /// Counts nothing until it goes on.
  void pause();
  void go_on();

  /// Allocations that were asked for so far, those that failed included.
  static std::int64_t asked_for();
  /// Whether the n-th was asked for.
  static bool struck();
};

}  // namespace axiograd
