#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/rational.hpp>

// MPFR last: it looks at what gmpxx defined.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <sstream>
#include <type_traits>

using axiograd::dual;
using axiograd::rational;

namespace {

/// The seed of a random test; AXG_SEED=n repeats one.
std::uint64_t seed() {
  const char* given = std::getenv("AXG_SEED");
  const std::uint64_t s = given != nullptr ? std::strtoull(given, nullptr, 10) : 20240611;
  testing::Test::RecordProperty("seed", std::to_string(s));
  return s;
}

rational random_fraction(std::mt19937_64& rng) {
  std::uniform_int_distribution<std::int64_t> n(-1000, 1000), d(1, 1000);
  return rational(n(rng), d(rng));
}

double random_double(std::mt19937_64& rng) {
  for (;;) {
    const double x = std::bit_cast<double>(rng());
    if (std::isfinite(x)) return x;
  }
}

// What an operator's spec does: unqualified calls, found by argument-dependent lookup alone.
template <class T>
T spread(const T& a, const T& b) {
  return max(a, b) - min(a, b) + select(a > b, a, b) * abs(b);
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const std::domain_error& e) {
    return e.what();
  }
  return "no std::domain_error";
}

TEST(rational, constructors_give_lowest_terms) {
  EXPECT_EQ(rational(), rational(0));
  EXPECT_EQ(to_string(rational(6, -4)), "-3/2");
  EXPECT_EQ(to_string(rational(-8, -4)), "2");
  EXPECT_EQ(to_string(rational(0, -7)), "0");
  EXPECT_EQ(rational(6, 4), rational(3, 2));
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(to_string(rational(least, -1)), "9223372036854775808");
  EXPECT_EQ(to_string(rational(1, least)), "-1/9223372036854775808");
  EXPECT_EQ(to_string(rational(std::int64_t{1} << 62)), "4611686018427387904");
  static_assert(std::is_convertible_v<int, rational> && std::is_convertible_v<double, rational>);
  static_assert(!std::is_convertible_v<std::int64_t, rational>);
}

TEST(rational, doubles_convert_exactly) {
  EXPECT_EQ(rational(0.5), rational(1, 2));
  EXPECT_NE(rational(0.1), rational(1, 10));
  EXPECT_EQ(to_string(rational(0.1)), "3602879701896397/36028797018963968");
  EXPECT_EQ(rational(0x1p-1074) * rational(0x1p1000) * rational(0x1p74), rational(1));
  EXPECT_EQ(rational(-0.0), rational(0));
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 10'000; ++i) {
    const double x = random_double(rng);
    ASSERT_EQ(rational(x).to_double(), x);
  }
}

TEST(rational, errors_name_the_operation) {
  EXPECT_EQ(message_of([] { return rational(1, 0); }), "rational: denominator is 0");
  EXPECT_EQ(message_of([] { return rational(1) / rational(0.0); }), "rational: division by 0");
  const std::string not_finite = "rational: a double that is not finite has no exact value";
  for (const double x : {HUGE_VAL, -HUGE_VAL, std::nan("")}) EXPECT_EQ(message_of([x] { return rational(x); }), not_finite);
}

TEST(rational, operators_return_rationals) {
  rational a(1, 3), b(1, 6);
  static_assert(std::is_same_v<decltype(a + b), rational> && std::is_same_v<decltype(a - b), rational>);
  static_assert(std::is_same_v<decltype(a * b), rational> && std::is_same_v<decltype(a / b), rational>);
  static_assert(std::is_same_v<decltype(-a), rational> && std::is_same_v<decltype(max(a, b)), rational>);
  EXPECT_EQ(a + b, rational(1, 2));
  EXPECT_EQ(a - b, rational(1, 6));
  EXPECT_EQ(a * b, rational(1, 18));
  EXPECT_EQ(a / b, rational(2));
  EXPECT_EQ(-a, rational(-1, 3));
  EXPECT_EQ(2 * a, rational(2, 3));
  const auto sum = rational(1, 7) + rational(1, 5);  // nothing refers to the dead operands
  EXPECT_EQ(sum, rational(12, 35));
}

TEST(rational, field_and_order_laws_hold) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 2'000; ++i) {
    const rational a = random_fraction(rng), b = random_fraction(rng), c = random_fraction(rng);
    ASSERT_EQ((a + b) + c, a + (b + c));
    ASSERT_EQ((a * b) * c, a * (b * c));
    ASSERT_EQ(a * (b + c), a * b + a * c);
    ASSERT_EQ(a - b, a + -b);
    ASSERT_EQ(a + -a, rational(0));
    if (b != rational(0)) {
      ASSERT_EQ(a / b * b, a);
    }
    ASSERT_EQ(a > b, b < a);
    ASSERT_EQ(a > b, a - b > rational(0));
    ASSERT_EQ(max(a, b) + min(a, b), a + b);
    ASSERT_EQ(max(a, b) - min(a, b), abs(a - b));
    ASSERT_EQ((a > b) + (b > a) + (a == b), 1);
  }
}

TEST(rational, to_double_rounds_to_nearest_even) {
  EXPECT_EQ(rational(1, 3).to_double(), 1.0 / 3);
  EXPECT_EQ(rational(-1, 10).to_double(), -0.1);
  const rational ulp = rational(0x1p-52);
  EXPECT_EQ((1 + ulp / 2).to_double(), 1.0);                // tie, even below
  EXPECT_EQ((1 + ulp * 3 / 2).to_double(), 1.0 + 0x1p-51);  // tie, even above
  EXPECT_EQ((rational(0x1p-1074) / 2).to_double(), 0.0);    // tie at the bottom
  EXPECT_EQ((rational(0x1p-1074) * rational(3, 4)).to_double(), 0x1p-1074);
  const rational limit = rational(0x1p1023) * 2;
  EXPECT_EQ((limit - rational(0x1p970)).to_double(), HUGE_VAL);  // the tie beyond the largest double
  EXPECT_EQ((limit - rational(0x1p970) - 1).to_double(), std::numeric_limits<double>::max());
  EXPECT_EQ((-(limit * limit)).to_double(), -HUGE_VAL);
  std::mt19937_64 rng(seed());
  mpfr_t m;
  mpfr_init2(m, 53);
  for (int i = 0; i < 10'000; ++i) {
    const rational q = rational(random_double(rng)) / rational(static_cast<std::int64_t>(rng() >> 2) + 1);
    if (abs(q) < rational(0x1p-1000)) continue;  // MPFR would round twice there
    mpfr_set_q(m, q.gmp().get_mpq_t(), MPFR_RNDN);
    ASSERT_EQ(q.to_double(), mpfr_get_d(m, MPFR_RNDN)) << q;
  }
  mpfr_clear(m);
}

TEST(rational, prints_as_fraction) {
  std::ostringstream out;
  out << rational(-3, 6) << ' ' << rational(4);
  EXPECT_EQ(out.str(), "-1/2 4");
}

TEST(rational, works_in_templates_and_duals) {
  EXPECT_EQ(spread(rational(1, 2), rational(-1, 3)), rational(1));
  const dual<rational> x(rational(2, 3), 1);
  const dual<rational> y = x * x * x / (x + 1);  // derivative x^2 (2x + 3) / (x + 1)^2
  EXPECT_EQ(y.v, rational(8, 45));
  EXPECT_EQ(y.d, rational(4, 9) * rational(13, 3) / rational(25, 9));
  const dual<rational> a(rational(1, 2), 3), b(rational(1, 3), 5);
  EXPECT_EQ(max(a, b), a);
  EXPECT_EQ(min(a, b), b);
  EXPECT_EQ(select(b > a, a, b), b);
  EXPECT_EQ(axiograd::default_epsilon.as<rational>(), rational(1, 1'000'000));
}

}  // namespace
