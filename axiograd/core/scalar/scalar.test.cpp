#include <gtest/gtest.h>

#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/interval.hpp>
#include <axiograd/core/scalar/prime_field.hpp>
#include <axiograd/core/scalar/rational.hpp>
#include <axiograd/core/scalar/scalar.hpp>
#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>

using axiograd::algebra;
using axiograd::dual;
using axiograd::interval;
using axiograd::prime_field;
using axiograd::rational;
using axiograd::verdict;

/// A ring with an operator > that is no order of the ring, and says so.
struct lexicographic {
  int re = 0, im = 0;
  explicit(false) lexicographic(int x) : re(x) {}
  friend lexicographic operator+(lexicographic a, lexicographic) { return a; }
  friend lexicographic operator-(lexicographic a, lexicographic) { return a; }
  friend lexicographic operator*(lexicographic a, lexicographic) { return a; }
  friend lexicographic operator-(lexicographic a) { return a; }
  friend auto operator<=>(const lexicographic&, const lexicographic&) = default;
};

template <>
inline constexpr algebra axiograd::algebra_of<lexicographic>{.ring = true};

namespace {

// ---- the concept table ---------------------------------------------------------------------------------------------------

/// The concepts and the declared algebra say the same.
template <class T>
consteval bool offers(algebra a) {
  return axiograd::scalar<T> == a.ring && axiograd::ring<T> == a.ring && axiograd::ordered_ring<T> == a.ordered &&
         axiograd::field<T> == a.division && axiograd::analytic<T> == a.analytic;
}
constexpr algebra everything{.ring = true, .ordered = true, .division = true, .analytic = true};
constexpr algebra ordered_field{.ring = true, .ordered = true, .division = true};
constexpr algebra only_field{.ring = true, .division = true};

static_assert(offers<float>(everything) && offers<double>(everything) && offers<long double>(everything));
static_assert(offers<interval>(everything));
static_assert(offers<rational>(ordered_field));
static_assert(offers<prime_field>(only_field));
static_assert(offers<dual<float>>(everything) && offers<dual<double>>(everything) && offers<dual<interval>>(everything));
static_assert(offers<dual<rational>>(ordered_field) && offers<dual<dual<rational>>>(ordered_field));
static_assert(offers<dual<prime_field>>(only_field) && offers<dual<dual<prime_field>>>(only_field));
static_assert(offers<lexicographic>({.ring = true}));
static_assert(offers<int>({}) && offers<bool>({}) && offers<std::string>({}) && offers<verdict>({}));

template <class T>
concept comparable = requires(const T& a) { a > a; };
template <class T>
concept has_max = requires(const T& a) { max(a, a); };
static_assert(comparable<dual<rational>> && !comparable<prime_field> && !comparable<dual<prime_field>>);
static_assert(has_max<dual<rational>> && !has_max<prime_field> && !has_max<dual<prime_field>>);

// ---- floating point ------------------------------------------------------------------------------------------------------

template <class T>
class floating : public testing::Test {};
using floats = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(floating, floats);

TYPED_TEST(floating, max_and_min_propagate_nan) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  for (const T x : {T(-1), T(0), T(1), inf, -inf, nan}) {
    EXPECT_TRUE(std::isnan(axiograd::max(nan, x)) && std::isnan(axiograd::max(x, nan))) << x;
    EXPECT_TRUE(std::isnan(axiograd::min(nan, x)) && std::isnan(axiograd::min(x, nan))) << x;
  }
  EXPECT_EQ(axiograd::max(T(1), T(2)), T(2));
  EXPECT_EQ(axiograd::max(T(2), T(1)), T(2));
  EXPECT_EQ(axiograd::min(T(1), T(2)), T(1));
  EXPECT_EQ(axiograd::min(T(2), T(1)), T(1));
  EXPECT_EQ(axiograd::max(-inf, T(1)), T(1));
  EXPECT_EQ(axiograd::min(inf, T(1)), T(1));
  EXPECT_EQ(axiograd::max(T(0), -T(0)), T(0));
}

TYPED_TEST(floating, abs_select_and_pi) {
  using T = TypeParam;
  EXPECT_EQ(axiograd::abs(T(-2)), T(2));
  EXPECT_FALSE(std::signbit(axiograd::abs(-T(0))));
  EXPECT_TRUE(std::isnan(axiograd::abs(std::numeric_limits<T>::quiet_NaN())));
  EXPECT_EQ(axiograd::select(true, T(1), T(2)), T(1));
  EXPECT_EQ(axiograd::select(false, T(1), T(2)), T(2));
  EXPECT_EQ(axiograd::pi<T>(), std::numbers::pi_v<T>);
  EXPECT_EQ(axiograd::default_epsilon.as<T>(), T(1) / T(1'000'000));
}

TEST(ratio, means_the_same_number_in_every_field) {
  constexpr axiograd::ratio third{1, 3};
  EXPECT_EQ(third.as<rational>(), rational(1, 3));
  EXPECT_EQ(third.as<prime_field>() * 3, prime_field(1));
  EXPECT_TRUE(third.as<interval>().contains(third.as<double>()));
  EXPECT_EQ(third.as<dual<rational>>(), dual<rational>(rational(1, 3)));
}

// ---- duals ---------------------------------------------------------------------------------------------------------------

template <class T>
class dual_over : public testing::Test {};
using levels = testing::Types<double, rational, prime_field, interval, dual<rational>, dual<prime_field>>;
TYPED_TEST_SUITE(dual_over, levels);

TYPED_TEST(dual_over, arithmetic_follows_the_rules) {
  using T = TypeParam;
  const dual<T> a(T(6), T(5)), b(T(2), T(3));
  EXPECT_EQ(a + b, dual<T>(T(8), T(8)));
  EXPECT_EQ(a - b, dual<T>(T(4), T(2)));
  EXPECT_EQ(-a, dual<T>(T(-6), T(-5)));
  EXPECT_EQ(a * b, dual<T>(T(12), T(5 * 2 + 6 * 3)));
  EXPECT_EQ(a / b, dual<T>(T(3), T(-2)));  // (5 - 3 * 3) / 2
  EXPECT_EQ(dual<T>(7), dual<T>(T(7), T(0)));
  EXPECT_EQ(dual<T>(0.5), dual<T>(T(0.5), T(0)));
  EXPECT_EQ(dual<T>(), dual<T>(0));
  EXPECT_EQ(2 * b, dual<T>(T(4), T(6)));
}

TEST(dual, comparisons_look_at_the_primal_part) {
  const dual<rational> a(1, 9), b(1, 0), c(2, 0);
  EXPECT_FALSE(a > b);
  EXPECT_FALSE(b > a);
  EXPECT_TRUE(c > a);
  EXPECT_FALSE(a == b);
}

TEST(dual, select_takes_both_parts) {
  using d2 = dual<dual<rational>>;
  const dual<rational> a(1, 2), b(3, 4);
  EXPECT_EQ(select(true, a, b), a);
  EXPECT_EQ(select(false, a, b), b);
  const d2 aa(a, b), bb(b, a);
  EXPECT_EQ(select(aa > bb, aa, bb), bb);
  EXPECT_EQ(select(bb > aa, aa, bb), aa);
  const dual<interval> x({0, 2}, 1), y({1, 3}, -1);
  EXPECT_EQ(select(x > y, x, y), dual<interval>({0, 3}, {-1, 1}));
  EXPECT_EQ(select(verdict::yes, x, y), x);
  EXPECT_EQ(select(verdict::no, x, y), y);
}

TEST(dual, max_and_min_choose_the_tangent) {
  const dual<double> a(1, 10), b(2, 20), tie(2, 30);
  EXPECT_EQ(max(a, b), b);
  EXPECT_EQ(max(b, a), b);
  EXPECT_EQ(min(a, b), a);
  EXPECT_EQ(min(b, a), a);
  EXPECT_EQ(max(b, tie), tie);  // at a tie the second argument's
  EXPECT_EQ(min(b, tie), tie);
  const dual<double> nan(std::nan(""), 1);
  EXPECT_TRUE(std::isnan(max(nan, a).v) && std::isnan(max(a, nan).v) && std::isnan(min(nan, a).v) && std::isnan(min(a, nan).v));
  const dual<dual<rational>> x({3, 1}, {1, 0}), zero(0);
  EXPECT_EQ(max(x, zero), x);
  EXPECT_EQ(min(x, zero), zero);
}

template <class T>
constexpr T cube(const T& x) {
  return x * x * x;
}

TEST(dual, nesting_gives_exact_higher_derivatives) {
  using d1 = dual<rational>;
  using d2 = dual<d1>;
  using d3 = dual<d2>;
  for (int n = -12; n <= 12; ++n) {
    const rational x(n, 7);
    const d2 y = cube(d2(d1(x, 1), d1(1, 0)));
    EXPECT_EQ(y.v.v, x * x * x);
    EXPECT_EQ(y.v.d, 3 * x * x);
    EXPECT_EQ(y.d.v, 3 * x * x);
    EXPECT_EQ(y.d.d, 6 * x);
    const d3 z = cube(d3(d2(d1(x, 1), d1(1, 0)), d2(d1(1, 0), d1(0, 0))));
    EXPECT_EQ(z.d.d.d, rational(6));
    if (n != 0) {
      const d2 w = 1 / d2(d1(x, 1), d1(1, 0));
      EXPECT_EQ(w.d.d, 2 / cube(x));
    }
  }
}

TEST(dual, runs_in_the_compiler) {
  constexpr auto y = cube(dual<dual<double>>({2.0, 1.0}, {1.0, 0.0}));
  static_assert(y.v.v == 8 && y.d.v == 12 && y.d.d == 12);
  static_assert(cube(dual<prime_field>(2, 1)).d == prime_field(12));
  static_assert(max(dual<double>(1, 5), dual<double>(2, 6)).d == 6);
}

TEST(dual, pi_is_a_constant) {
  EXPECT_EQ(axiograd::pi<dual<double>>(), dual<double>(std::numbers::pi));
  EXPECT_EQ(axiograd::pi<dual<dual<interval>>>().v.v, axiograd::pi<interval>());
}

}  // namespace
