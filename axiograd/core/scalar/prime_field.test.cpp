#include <gmpxx.h>
#include <gtest/gtest.h>

#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/prime_field.hpp>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <type_traits>

using axiograd::dual;
using axiograd::prime_field;

namespace {

constexpr std::uint64_t p = prime_field::modulus;

/// The seed of a random test; AXG_SEED=n repeats one.
std::uint64_t seed() {
  const char* given = std::getenv("AXG_SEED");
  const std::uint64_t s = given != nullptr ? std::strtoull(given, nullptr, 10) : 20240611;
  testing::Test::RecordProperty("seed", std::to_string(s));
  return s;
}

prime_field random_element(std::mt19937_64& rng) {
  // Residues at the ends of the range find reductions that are one step short.
  switch (rng() % 8) {
    case 0: return prime_field(static_cast<std::int64_t>(rng() % 3));
    case 1: return prime_field(-static_cast<std::int64_t>(rng() % 3));
    default: return prime_field(static_cast<std::int64_t>(rng() % p));
  }
}

mpz_class modulo(const mpz_class& x) {
  mpz_class r;
  mpz_fdiv_r(r.get_mpz_t(), x.get_mpz_t(), mpz_class(p).get_mpz_t());
  return r;
}

// Everything runs in the compiler.
static_assert(p == 2305843009213693951u);
static_assert(prime_field(-1).value() == p - 1);
static_assert(prime_field(static_cast<std::int64_t>(p)) == prime_field(0));
static_assert(prime_field(0.5) * 2 == prime_field(1));
static_assert(prime_field(3) / 7 * 7 == prime_field(3));
static_assert(pow(prime_field(2), 61) == prime_field(1));
static_assert(sqrt_of(prime_field(9)).value() * sqrt_of(prime_field(9)).value() == prime_field(9));
static_assert(!sqrt_of(prime_field(-1)));  // p = 3 mod 4
static_assert(std::is_trivially_copyable_v<prime_field> && sizeof(prime_field) == 8);
static_assert(!std::is_convertible_v<std::int64_t, prime_field>);

TEST(prime_field, integers_reduce) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
  constexpr auto m = static_cast<std::int64_t>(p);
  for (const std::int64_t x : {least, least + 1, -m - 1, -m, -m + 1, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, m - 1,
                               m, m + 1, 2 * m, 3 * m - 1, greatest}) {
    EXPECT_EQ(prime_field(x).value(), modulo(mpz_class(x)).get_ui()) << x;
  }
  EXPECT_EQ(prime_field(std::numeric_limits<int>::min()), prime_field(std::int64_t{std::numeric_limits<int>::min()}));
  EXPECT_EQ(prime_field().value(), 0u);
}

TEST(prime_field, doubles_map_exactly) {
  EXPECT_EQ(prime_field(-0.0), prime_field(0));
  EXPECT_EQ(prime_field(-3.0), prime_field(-3));
  EXPECT_EQ(prime_field(0x1p61), prime_field(1));
  EXPECT_THROW(prime_field{HUGE_VAL}, std::domain_error);
  EXPECT_THROW(prime_field{-HUGE_VAL}, std::domain_error);
  EXPECT_THROW(prime_field{std::nan("")}, std::domain_error);
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 10'000; ++i) {
    // Every eighth is subnormal.
    const double x = std::bit_cast<double>(i % 8 == 0 ? rng() & 0x800fffffffffffff : rng());
    if (!std::isfinite(x)) continue;
    const mpq_class q(x);
    mpz_class inverse;
    mpz_invert(inverse.get_mpz_t(), q.get_den_mpz_t(), mpz_class(p).get_mpz_t());
    ASSERT_EQ(prime_field(x).value(), modulo(q.get_num() * inverse).get_ui()) << x;
  }
}

TEST(prime_field, arithmetic_agrees_with_gmp) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 20'000; ++i) {
    const prime_field a = random_element(rng), b = random_element(rng);
    const mpz_class x(a.value()), y(b.value());
    ASSERT_EQ((a + b).value(), modulo(x + y).get_ui()) << x << ' ' << y;
    ASSERT_EQ((a - b).value(), modulo(x - y).get_ui()) << x << ' ' << y;
    ASSERT_EQ((a * b).value(), modulo(x * y).get_ui()) << x << ' ' << y;
    ASSERT_EQ((-a).value(), modulo(-x).get_ui()) << x;
  }
}

TEST(prime_field, division_is_total) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 1'000; ++i) {
    const prime_field a = random_element(rng), b = random_element(rng);
    if (b == prime_field(0)) {
      ASSERT_EQ(a / b, prime_field(0));
    } else {
      ASSERT_EQ(a / b * b, a);
      ASSERT_EQ(inverse(b) * b, prime_field(1));
    }
  }
  EXPECT_EQ(prime_field(5) / 0, prime_field(0));
  EXPECT_EQ(inverse(prime_field(0)), prime_field(0));
}

TEST(prime_field, powers_multiply) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 1'000; ++i) {
    const prime_field x = random_element(rng);
    if (x == prime_field(0)) continue;
    const auto m = static_cast<std::int64_t>(rng() >> 3), n = -static_cast<std::int64_t>(rng() >> 3);
    ASSERT_EQ(pow(x, m) * pow(x, n), pow(x, m + n));
    ASSERT_EQ(pow(x, static_cast<std::int64_t>(p)), x);
    ASSERT_EQ(pow(x, -2) * x * x, prime_field(1));
  }
  EXPECT_EQ(pow(prime_field(0), 0), prime_field(1));
  EXPECT_EQ(pow(prime_field(3), 5), prime_field(243));
  EXPECT_EQ(pow(prime_field(7), std::numeric_limits<std::int64_t>::min()) * pow(prime_field(7), std::int64_t{1} << 62) *
                pow(prime_field(7), std::int64_t{1} << 62),
            prime_field(1));
}

TEST(prime_field, half_of_the_elements_have_roots) {
  std::mt19937_64 rng(seed());
  int residues = 0;
  constexpr int n = 2'000;
  for (int i = 0; i < n; ++i) {
    const prime_field x(static_cast<std::int64_t>(rng() % p));
    const auto root = sqrt_of(x), square_root = sqrt_of(x * x);
    ASSERT_TRUE(square_root && (*square_root == x || *square_root == -x));
    // -1 is no square, so exactly one of x and -x is.
    ASSERT_NE(root.has_value(), sqrt_of(-x).has_value());
    if (root) {
      ASSERT_EQ(*root * *root, x);
      ASSERT_TRUE(sqrt_of(*root));  // the root that is a square itself
      ++residues;
    }
  }
  EXPECT_NEAR(residues, 0.5 * n, 150);  // more than six standard deviations
  EXPECT_EQ(sqrt_of(prime_field(0)), prime_field(0));
}

// What an operator's spec does: arithmetic and small constants.
template <class T>
constexpr T cubic_over_linear(const T& x) {
  return x * x * x / (x + T(1));
}

TEST(prime_field, duals_follow_the_rules) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 1'000; ++i) {
    const prime_field x = random_element(rng), one = 1;
    if (x == -one) continue;
    const auto y = cubic_over_linear(dual<prime_field>(x, one));
    ASSERT_EQ(y.v, x * x * x / (x + one));
    ASSERT_EQ(y.d, x * x * (2 * x + 3) / ((x + one) * (x + one)));
  }
  static_assert(cubic_over_linear(dual<prime_field>(2, 1)).d == prime_field(28) / 9);
}

}  // namespace
