#pragma once
// How this thread's processor rounds.

#include <cstdint>

namespace axiograd {

/// While one lives, this thread rounds to nearest and neither flushes subnormal numbers (FTZ) nor reads them as zero (DAZ),
/// whatever its caller has set; then the caller's mode is back. Where the mode is right already, which is nearly always, that
/// costs a read and a comparison. Flags of exceptions and which of them trap are left alone.
class floating_point_scope {
 public:
  /// Long doubles have a mode of their own, which need not be looked at where none are computed: on floats.
  explicit floating_point_scope(bool with_long_doubles = true) : before_(deviation(with_long_doubles)) {
    if (before_ != 0) [[unlikely]] {
      before_ = deviation(true);
      set(0);
    }
  }
  ~floating_point_scope() {
    if (before_ != 0) [[unlikely]]
      set(before_);
  }
  floating_point_scope(const floating_point_scope&) = delete;
  floating_point_scope& operator=(const floating_point_scope&) = delete;

 private:
  // How the mode differs from the standard one; 0: not at all.
#if defined(__x86_64__)
  // Rounding, FTZ and DAZ of vectors; in the upper half rounding and precision of long doubles.
  static constexpr std::uint32_t vector_bits = 0xe040, long_bits = 0x0f00, long_standard = 0x0300;

  static std::uint32_t vectors() {
    std::uint32_t word;
    asm volatile("stmxcsr %0" : "=m"(word) : : "memory");
    return word;
  }
  static std::uint32_t longs() {
    std::uint16_t word;
    asm volatile("fnstcw %0" : "=m"(word) : : "memory");
    return word;
  }
  static std::uint32_t deviation(bool with_long_doubles) {
    const std::uint32_t of_vectors = vectors() & vector_bits;
    return with_long_doubles ? of_vectors | ((longs() & long_bits) ^ long_standard) << 16 : of_vectors;
  }
  static void set(std::uint32_t wanted) {
    const std::uint32_t for_vectors = (vectors() & ~vector_bits) | (wanted & vector_bits);
    const auto for_longs = static_cast<std::uint16_t>((longs() & ~long_bits) | ((wanted >> 16) ^ long_standard));
    asm volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(for_vectors), "m"(for_longs) : "memory");
  }
  std::uint32_t before_;
#elif defined(__aarch64__)
  static constexpr std::uint64_t bits = 3UL << 22 | 1UL << 24 | 1UL << 19 | 1UL;  // rounding, FZ, FZ16, FIZ

  static std::uint64_t word() {
    std::uint64_t all;
    asm volatile("mrs %0, fpcr" : "=r"(all) : : "memory");
    return all;
  }
  static std::uint64_t deviation(bool) { return word() & bits; }
  static void set(std::uint64_t wanted) {
    const std::uint64_t all = (word() & ~bits) | wanted;
    asm volatile("msr fpcr, %0" : : "r"(all) : "memory");
  }
  std::uint64_t before_;
#else
  static int deviation(bool) { return 0; }
  static void set(int) {}
  int before_;
#endif
};

}  // namespace axiograd
