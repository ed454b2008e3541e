#include <gtest/gtest.h>

#include <axiograd/core/scalar/interval.hpp>
#include <axiograd/core/scalar/precise.hpp>
#include <axiograd/core/scalar/rational.hpp>
#include <cmath>
#include <concepts>
#include <limits>
#include <random>

using axiograd::double_word;
using axiograd::precise;
using axiograd::rational;
using axiograd::rounded;

static_assert(std::same_as<precise<float>, double_word<float>>);
static_assert(std::same_as<precise<rational>, rational>);
static_assert(std::same_as<precise<axiograd::interval>, axiograd::interval>);

namespace {

template <class T>
rational exact(const double_word<T>& x) {
  return rational(static_cast<double>(x.high)) + rational(static_cast<double>(x.low));
}
rational size_of(const rational& x) { return rational(0) > x ? -x : x; }

template <class T>
class double_words : public testing::Test {
 protected:
  /// A few roundings of the low part.
  static rational bound() {
    const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
    return rational(16 * u) * rational(u);
  }
  double_word<T> any() {
    std::uniform_real_distribution<double> in(-3, 3);
    const T high = static_cast<T>(in(bits_)), low = static_cast<T>(in(bits_)) * high * std::numeric_limits<T>::epsilon() / 8;
    return double_word<T>::fast_sum(high, low);
  }
  std::mt19937 bits_{20261121};  // the cases are fixed
};
using numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(double_words, numbers);

TYPED_TEST(double_words, have_twice_the_digits) {
  for (int i = 0; i < 2000; ++i) {
    const auto a = this->any(), b = this->any();
    const rational x = exact(a), y = exact(b);
    // A sum that cancels is good to the size of its terms.
    EXPECT_FALSE(size_of(exact(a + b) - (x + y)) > this->bound() * (size_of(x) + size_of(y)));
    const bool ordered = !(size_of(y) > size_of(x));
    const rational sum = exact(add_smaller(ordered ? a : b, ordered ? b : a));
    EXPECT_FALSE(size_of(sum - (x + y)) > this->bound() * (size_of(x) + size_of(y)));
    EXPECT_FALSE(size_of(exact(a.high * b) - rational(static_cast<double>(a.high)) * y) > this->bound() * size_of(x * y));
    EXPECT_FALSE(size_of(exact(a - b) - (x - y)) > this->bound() * (size_of(x) + size_of(y)));
    EXPECT_FALSE(size_of(exact(a * b) - x * y) > this->bound() * size_of(x * y));
    EXPECT_FALSE(size_of(exact(a / b) - x / y) > this->bound() * size_of(x / y));
    const rational root = exact(sqrt(abs(a)));
    EXPECT_FALSE(size_of(root * root - size_of(x)) > rational(2) * this->bound() * size_of(x));
  }
}

TYPED_TEST(double_words, are_rounded_to_the_nearest_number) {
  for (int i = 0; i < 200; ++i) {
    const auto a = this->any() * this->any();
    EXPECT_EQ(rounded(a), a.high + a.low);
    EXPECT_FALSE(size_of(exact(a) - rational(static_cast<double>(rounded(a)))) >
                 size_of(exact(a)) * rational(static_cast<double>(std::numeric_limits<TypeParam>::epsilon()) / 2));
  }
}

TYPED_TEST(double_words, may_overflow_in_the_argument_of_exp) {
  const TypeParam most = std::numeric_limits<TypeParam>::max();
  EXPECT_EQ(rounded(exp_in_parts(-(most * double_word<TypeParam>(most)))), 0);
  EXPECT_EQ(rounded(exp_in_parts(double_word<TypeParam>(-most))), 0);
  EXPECT_TRUE(std::isnan(rounded(exp_in_parts(double_word<TypeParam>(std::numeric_limits<TypeParam>::quiet_NaN())))));
}

TEST(double_words, hold_a_double_in_two_floats) {
  const double_word<float> third = 1.0 / 3;
  EXPECT_NEAR(static_cast<double>(third.high) + static_cast<double>(third.low), 1.0 / 3, 0x1p-49);
  const auto pi = axiograd::pi<double_word<float>>();
  EXPECT_NEAR(static_cast<double>(pi.high) + static_cast<double>(pi.low), std::numbers::pi, 0x1p-46);
}

}  // namespace
