#include <axiograd/core/floating_point.hpp>
#include <axiograd/core/floating_point.test.hpp>
#include <bit>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

namespace axiograd {
namespace {

// Computed at run time: 1/3 up and down, the smallest normal number halved, a sum of long doubles.
struct figures {
  std::uint32_t third, half;  // bits: a comparison of floats would read subnormal numbers as zero
  long double sum;

  static figures now() {
    volatile float one = 1, three = 3, smallest = std::numeric_limits<float>::min();
    volatile long double whole = 1, part = std::numeric_limits<long double>::epsilon() / 4;
    return {std::bit_cast<std::uint32_t>(one / three), std::bit_cast<std::uint32_t>(smallest / 2), whole + part};
  }
  bool operator==(const figures&) const = default;
};

TEST(floating_point, a_scope_has_the_standard_mode_and_gives_the_callers_back) {
  const figures standard = figures::now();
  for (const rounding& mode : foreign_roundings) {
    const rounding_scope foreign(mode);
    const figures before = figures::now();
    EXPECT_FALSE(before == standard) << mode.text();
    {
      const floating_point_scope scope;
      EXPECT_TRUE(figures::now() == standard) << mode.text();
      const floating_point_scope inner;
      EXPECT_TRUE(figures::now() == standard) << mode.text();
    }
    EXPECT_TRUE(figures::now() == before) << mode.text();
    EXPECT_TRUE(rounding_scope::now() == mode);
  }
  EXPECT_TRUE(figures::now() == standard);
}

TEST(floating_point, a_scope_leaves_flags_of_exceptions_alone) {
  const rounding_scope foreign(foreign_roundings[0]);
  std::feclearexcept(FE_ALL_EXCEPT);
  {
    const floating_point_scope scope;
    volatile double zero = 0, one = 1;
    volatile const double infinite = one / zero;
    (void)infinite;
  }
  EXPECT_NE(std::fetestexcept(FE_DIVBYZERO), 0);
}

#ifdef __x86_64__
TEST(floating_point, a_scope_has_long_doubles_of_full_length) {
  unsigned short word = 0;
  asm volatile("fnstcw %0" : "=m"(word));
  const auto shorter = static_cast<unsigned short>((word & ~0x0300) | 0x0200);  // 53 bits
  asm volatile("fldcw %0" : : "m"(shorter));
  volatile long double one = 1, small = std::numeric_limits<long double>::epsilon();
  volatile long double inside = 0;
  volatile long double outside = one + small;
  {
    const floating_point_scope scope;
    inside = one + small;
  }
  asm volatile("fldcw %0" : : "m"(word));
  EXPECT_EQ(outside, 1.0L);
  EXPECT_GT(inside, 1.0L);
}
#endif

}  // namespace
}  // namespace axiograd
