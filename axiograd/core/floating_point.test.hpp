#pragma once
// Callers that round otherwise.

#include <cfenv>
#include <string>
#ifdef __x86_64__
#include <xmmintrin.h>
#endif

namespace axiograd {

/// A way to round, and whether subnormal numbers are flushed and read as zero.
struct rounding {
  int direction;
  bool flushes;
  std::string text() const { return "rounding " + std::to_string(direction) + (flushes ? ", FTZ and DAZ" : ""); }
};
inline constexpr rounding foreign_roundings[]{
    {FE_UPWARD, false}, {FE_DOWNWARD, false}, {FE_TOWARDZERO, true}, {FE_TONEAREST, true}};

/// While one lives, this thread rounds so.
class rounding_scope {
 public:
  explicit rounding_scope(const rounding& r) {
    std::fesetround(r.direction);
    flush(r.flushes);
  }
  ~rounding_scope() {
    std::fesetround(FE_TONEAREST);
    flush(false);
  }
  rounding_scope(const rounding_scope&) = delete;
  rounding_scope& operator=(const rounding_scope&) = delete;

  /// How this thread rounds.
  static rounding now() {
#ifdef __x86_64__
    return {std::fegetround(), (_mm_getcsr() & 0x8040U) == 0x8040U};
#else
    return {std::fegetround(), false};
#endif
  }

 private:
  static void flush(bool on) {
#ifdef __x86_64__
    _mm_setcsr((_mm_getcsr() & ~0x8040U) | (on ? 0x8040U : 0U));
#else
    (void)on;
#endif
  }
};
inline bool operator==(const rounding& a, const rounding& b) { return a.direction == b.direction && a.flushes == b.flushes; }

}  // namespace axiograd
