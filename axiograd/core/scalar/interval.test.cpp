#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/interval.hpp>
#include <axiograd/core/scalar/rational.hpp>

// MPFR last: it looks at what gmpxx defined.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <random>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

using axiograd::dual;
using axiograd::interval;
using axiograd::rational;
using axiograd::verdict;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double most = std::numeric_limits<double>::max();
constexpr double tiny = std::numeric_limits<double>::denorm_min();

static_assert(std::is_trivially_copyable_v<interval> && sizeof(interval) == 16);

// ---- random boxes and exact references -----------------------------------------------------------------------------------

/// The seed of a random test; AXG_SEED=n repeats one.
std::uint64_t seed() {
  const char* given = std::getenv("AXG_SEED");
  const std::uint64_t s = given != nullptr ? std::strtoull(given, nullptr, 10) : 20240611;
  testing::Test::RecordProperty("seed", std::to_string(s));
  return s;
}

/// Finite doubles of every kind: small integers, ordinary sizes, every exponent, subnormals, the largest.
double random_double(std::mt19937_64& rng) {
  const double unit = std::uniform_real_distribution<double>(-1, 1)(rng);
  switch (rng() % 8) {
    case 0: return static_cast<double>(rng() % 9) - 4;
    case 1: return unit;
    case 2: return unit * 1000;
    case 3: return std::ldexp(unit, static_cast<int>(rng() % 600) - 300);
    case 4: return std::bit_cast<double>(rng() & 0x800fffffffffffff);
    case 5: return std::ldexp(unit, 1024);
    case 6:  // products and quotients of these end near the bottom or the top
      return std::ldexp(unit, (rng() % 2 != 0 ? 512 : -512) - static_cast<int>(rng() % 60));
    default: return std::ldexp(unit, static_cast<int>(rng() % 2098) - 1074);
  }
}

interval ordered(double a, double b) { return a < b ? interval(a, b) : interval(b, a); }

interval random_box(std::mt19937_64& rng) {
  const double a = random_double(rng);
  const auto kind = rng() % 4;
  if (kind == 0) return a;
  return ordered(a, kind == 1 ? std::nextafter(a, 0) : random_double(rng));
}

interval random_infinite_box(std::mt19937_64& rng) {
  const interval x = random_box(rng);
  switch (rng() % 8) {
    case 0: return {-inf, x.hi()};
    case 1: return {x.lo(), inf};
    case 2: return interval::whole();
    case 3: return rng() % 2 != 0 ? inf : -inf;
    default: return x;
  }
}

/// A member of x that is finite.
double random_member(std::mt19937_64& rng, const interval& x) {
  const double lo = std::max(x.lo(), -most), hi = std::min(x.hi(), most);
  const auto kind = rng() % 4;
  if (kind < 2) return kind == 0 ? lo : hi;
  const double t = std::uniform_real_distribution<double>(0, 1)(rng);
  return std::clamp(lo + (hi / 2 - lo / 2) * t * 2, lo, hi);
}

class big {
 public:
  explicit big(mpfr_prec_t bits = 200) { mpfr_init2(x_, bits); }
  ~big() { mpfr_clear(x_); }
  big(const big&) = delete;
  big& operator=(const big&) = delete;
  operator mpfr_ptr() { return x_; }

 private:
  mpfr_t x_;
};

double nearest_below(const rational& q) {
  big t(53);
  mpfr_set_q(t, q.gmp().get_mpq_t(), MPFR_RNDD);
  return mpfr_get_d(t, MPFR_RNDD);
}
double nearest_above(const rational& q) { return -nearest_below(-q); }
bool holds(const interval& x, const rational& q) {
  return (x.lo() == -inf || !(rational(x.lo()) > q)) && (x.hi() == inf || !(q > rational(x.hi())));
}

/// The narrowest interval of doubles around a o b for finite boxes: the extremes lie at corners.
template <class Operation>
interval narrowest(const Operation& o, const interval& a, const interval& b) {
  const rational al = a.lo(), ah = a.hi(), bl = b.lo(), bh = b.hi();
  const rational c[] = {o(al, bl), o(al, bh), o(ah, bl), o(ah, bh)};
  return {nearest_below(min(min(c[0], c[1]), min(c[2], c[3]))), nearest_above(max(max(c[0], c[1]), max(c[2], c[3])))};
}

constexpr auto plus = [](const auto& a, const auto& b) { return a + b; };
constexpr auto minus = [](const auto& a, const auto& b) { return a - b; };
constexpr auto times = [](const auto& a, const auto& b) { return a * b; };
constexpr auto over = [](const auto& a, const auto& b) { return a / b; };

using binary = interval (*)(const interval&, const interval&);
constexpr std::array<binary, 4> arithmetic{plus, minus, times, over};

// ---- construction and sets -----------------------------------------------------------------------------------------------

TEST(interval, constructors_check_the_endpoints) {
  EXPECT_EQ(interval(), interval(0, 0));
  EXPECT_EQ(interval(3), interval(3.0, 3.0));
  EXPECT_TRUE(interval(0.5).lo() == 0.5 && interval(0.5).hi() == 0.5);
  EXPECT_NO_THROW(interval(-inf, inf));
  EXPECT_THROW(interval(2, 1), std::domain_error);
  for (const double x : {0.0, inf}) {
    EXPECT_THROW(interval(x, std::nan("")), std::domain_error);
    EXPECT_THROW(interval(std::nan(""), x), std::domain_error);
  }
  EXPECT_THROW(interval{std::nan("")}, std::domain_error);
}

TEST(interval, set_functions) {
  const interval x(-1, 2);
  EXPECT_TRUE(x.contains(-1.0) && x.contains(2.0) && x.contains(0.0));
  EXPECT_FALSE(x.contains(2.1) || x.contains(-inf) || x.contains(std::nan("")));
  EXPECT_TRUE(x.contains(x) && x.contains(interval(0, 1)));
  EXPECT_FALSE(x.contains(interval(0, 3)) || x.contains(interval(-2, 0)));
  EXPECT_EQ(hull(interval(0, 1), interval(3)), interval(0, 3));
  EXPECT_EQ(axiograd::hull(3, 0.5), interval(0.5, 3));
  EXPECT_EQ(x.width(), 3);
  EXPECT_EQ(interval(-tiny, 1).width(), std::nextafter(1.0, 2));
  EXPECT_EQ(interval(-most, most).width(), inf);
  EXPECT_EQ(interval(inf).width(), 0);
  EXPECT_EQ(interval(1, inf).width(), inf);
}

TEST(interval, midpoint_is_a_member) {
  EXPECT_EQ(interval(-1, 2).midpoint(), 0.5);
  EXPECT_EQ(interval::whole().midpoint(), 0);
  EXPECT_EQ(interval(1, inf).midpoint(), most);
  EXPECT_EQ(interval(-inf, 1).midpoint(), -most);
  EXPECT_EQ(interval(inf).midpoint(), inf);
  EXPECT_EQ(interval(most / 2, most).midpoint(), most / 4 * 3);
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 20'000; ++i) {
    const interval x = random_box(rng);
    ASSERT_TRUE(x.contains(x.midpoint())) << x;
    ASSERT_TRUE(std::isfinite(x.midpoint())) << x;
  }
}

TEST(interval, prints_both_ends) {
  std::ostringstream out;
  out << interval(-0.5, 0.1) << ' ' << 0.1;
  EXPECT_EQ(out.str(), "[-0.5, 0.10000000000000001] 0.1");
}

// ---- arithmetic ----------------------------------------------------------------------------------------------------------

template <class Operation>
void check_narrowest(const Operation& o) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 20'000; ++i) {
    const interval a = random_box(rng), b = random_box(rng);
    if (std::is_same_v<Operation, std::remove_const_t<decltype(over)>> && b.contains(0.0)) continue;
    ASSERT_EQ(o(a, b), narrowest(o, a, b)) << a << ' ' << b << " trial " << i;
  }
}
TEST(interval, sum_is_narrowest) { check_narrowest(plus); }
TEST(interval, difference_is_narrowest) { check_narrowest(minus); }
TEST(interval, product_is_narrowest) { check_narrowest(times); }
TEST(interval, quotient_is_narrowest) { check_narrowest(over); }

TEST(interval, unbounded_boxes_contain_every_result) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 20'000; ++i) {
    const interval a = random_infinite_box(rng), b = random_infinite_box(rng);
    if (std::isinf(a.midpoint()) || std::isinf(b.midpoint())) continue;  // no finite member
    const rational x = random_member(rng, a), y = random_member(rng, b);
    ASSERT_TRUE(holds(a + b, x + y)) << a << ' ' << b;
    ASSERT_TRUE(holds(a - b, x - y)) << a << ' ' << b;
    ASSERT_TRUE(holds(a * b, x * y)) << a << ' ' << b;
    if (y != rational(0)) {
      ASSERT_TRUE(holds(a / b, x / y)) << a << ' ' << b;
    }
    ASSERT_TRUE(holds(square(a), x * x)) << a;
    ASSERT_TRUE(holds(abs(a), abs(x)) && holds(-a, -x)) << a;
    ASSERT_TRUE(holds(max(a, b), max(x, y)) && holds(min(a, b), min(x, y))) << a << ' ' << b;
    ASSERT_TRUE(holds(hull(a, b), x) && holds(hull(a, b), y)) << a << ' ' << b;
    ASSERT_TRUE(holds(select(a > b, a, b), x > y ? x : y)) << a << ' ' << b;
  }
}

TEST(interval, exact_results_stay_points) {
  EXPECT_EQ(interval(1) / 4 + interval(0.5) * 3 - 7, interval(-5.25));
  EXPECT_EQ(sqrt(interval(6.25)), interval(2.5));
  EXPECT_EQ(interval(tiny) * 3, interval(3 * tiny));
  EXPECT_EQ(interval(0x1p-537) * interval(0x1p-537), interval(tiny));
  EXPECT_EQ(exp(interval(0)), interval(1));
  EXPECT_EQ(log(interval(1)), interval(0));
}

TEST(interval, overflow_and_underflow) {
  EXPECT_EQ(interval(most) + most, interval(most, inf));
  EXPECT_EQ(interval(-most) - most, interval(-inf, -most));
  EXPECT_EQ(interval(most) * -2, interval(-inf, -most));
  EXPECT_EQ(interval(tiny) * tiny, interval(0, tiny));
  EXPECT_EQ(interval(tiny) * -tiny, interval(-tiny, 0));
  EXPECT_EQ(interval(tiny) / 3, interval(0, tiny));
  EXPECT_EQ(interval(most) / 0.5, interval(most, inf));
}

TEST(interval, infinite_endpoints) {
  const interval all = interval::whole(), up(1, inf), far(inf);
  EXPECT_EQ(far + far, far);
  EXPECT_EQ(far - far, all);
  EXPECT_EQ(far + interval(-inf, 5), all);
  EXPECT_EQ(far * 0, interval(0));
  EXPECT_EQ(all * 0, interval(0));
  EXPECT_EQ(far * interval(0, 1), interval(0, inf));
  EXPECT_EQ(far * -2, -far);
  EXPECT_EQ(up / up, interval(0, inf));
  EXPECT_EQ(far / up, interval(0, inf));
  EXPECT_EQ(-far / up, interval(-inf, 0));
  EXPECT_EQ(far / -up, interval(-inf, 0));
  EXPECT_EQ(all / far, all);
  EXPECT_EQ(interval(5) / far, interval(0));
  EXPECT_EQ(interval(1) / up, interval(0, 1));
}

TEST(interval, division_by_zero) {
  const interval all = interval::whole();
  EXPECT_EQ(interval(1) / interval(-1, 1), all);
  EXPECT_EQ(interval(0) / interval(-1, 1), all);
  EXPECT_EQ(interval(1) / 0, all);
  EXPECT_EQ(interval(1, 2) / interval(0, 4), interval(0.25, inf));
  EXPECT_EQ(interval(1, 2) / interval(-4, 0), interval(-inf, -0.25));
  EXPECT_EQ(interval(1, 2) / interval(-0.0, 4), interval(0.25, inf));
  EXPECT_EQ(interval(-2, -1) / interval(0, 4), interval(-inf, -0.25));
  EXPECT_EQ(interval(-1, 2) / interval(0, 4), all);
  EXPECT_EQ(interval(0, 2) / interval(0, 4), interval(0, inf));
  EXPECT_EQ(interval(0) / interval(0, 4), interval(0));
  EXPECT_EQ(interval(1) / interval(0, inf), interval(0, inf));
}

TEST(interval, square_is_sharp) {
  EXPECT_EQ(square(interval(-1, 2)), interval(0, 4));
  EXPECT_EQ(square(interval(-3, 2)), interval(0, 9));
  EXPECT_EQ(square(interval(-3, -2)), interval(4, 9));
  EXPECT_EQ(interval(-1, 2) * interval(-1, 2), interval(-2, 4));
  EXPECT_EQ(square(interval::whole()), interval(0, inf));
}

TEST(interval, order_is_decided_where_all_members_agree) {
  EXPECT_EQ(interval(2, 3) > interval(0, 1), verdict::yes);
  EXPECT_EQ(interval(0, 1) > interval(2, 3), verdict::no);
  EXPECT_EQ(interval(0, 1) > interval(1, 2), verdict::no);  // touching: never greater
  EXPECT_EQ(interval(1, 2) > interval(0, 1), verdict::maybe);
  EXPECT_EQ(interval(1) > interval(1), verdict::no);
  EXPECT_EQ(interval(0, 1) < interval(2, 3), verdict::yes);
  const interval a(0, 1), b(5, 6);
  EXPECT_EQ(select(verdict::yes, a, b), a);
  EXPECT_EQ(select(verdict::no, a, b), b);
  EXPECT_EQ(select(verdict::maybe, a, b), interval(0, 6));
  EXPECT_EQ(select(true, a, b), a);
  EXPECT_EQ(max(interval(0, 3), interval(1, 2)), interval(1, 3));
  EXPECT_EQ(min(interval(0, 3), interval(1, 2)), interval(0, 2));
  EXPECT_EQ(abs(interval(-1, 2)), interval(0, 2));
  EXPECT_EQ(abs(interval(-3, 2)), interval(0, 3));
  EXPECT_EQ(abs(interval(-3, -2)), interval(2, 3));
}

// ---- functions -----------------------------------------------------------------------------------------------------------

struct function {
  const char* name;
  interval (*enclose)(const interval&);
  int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
  double domain = -inf;  ///< the least member of the domain
};
const function functions[] = {
    {"sqrt", [](const interval& x) { return sqrt(x); }, mpfr_sqrt, 0},
    {"exp", [](const interval& x) { return exp(x); }, mpfr_exp},
    {"expm1", [](const interval& x) { return expm1(x); }, mpfr_expm1},
    {"log", [](const interval& x) { return log(x); }, mpfr_log, 0},
    {"log1p", [](const interval& x) { return log1p(x); }, mpfr_log1p, -1},
    {"tanh", [](const interval& x) { return tanh(x); }, mpfr_tanh},
    {"erf", [](const interval& x) { return erf(x); }, mpfr_erf},
    {"sin", [](const interval& x) { return sin(x); }, mpfr_sin},
    {"cos", [](const interval& x) { return cos(x); }, mpfr_cos},
};
bool is_wave(const function& f) { return f.exact == mpfr_sin || f.exact == mpfr_cos; }

/// f(x) at 200 bits as the narrowest pair of doubles around it.
interval around(const function& f, double x) {
  big at(53), y;
  mpfr_set_d(at, x, MPFR_RNDN);
  f.exact(y, at, MPFR_RNDD);
  const double lo = mpfr_get_d(y, MPFR_RNDD);
  f.exact(y, at, MPFR_RNDU);
  return {lo, mpfr_get_d(y, MPFR_RNDU)};
}

/// Whether 2 pi k + c lies in x for some integer k, c in multiples of pi / 2; by counting periods at 2400 bits.
bool meets(const interval& x, int quarter) {
  big pi(2400), t(2400), k(2400);
  mpfr_const_pi(pi, MPFR_RNDN);
  const auto turns = [&](double at) {
    mpfr_mul_si(t, pi, quarter, MPFR_RNDN);
    mpfr_div_ui(t, t, 2, MPFR_RNDN);
    mpfr_d_sub(t, at, t, MPFR_RNDN);
    mpfr_div(t, t, pi, MPFR_RNDN);
    mpfr_div_ui(t, t, 2, MPFR_RNDN);
  };
  turns(x.lo());
  mpfr_ceil(k, t);
  turns(x.hi());
  return mpfr_cmp(k, t) <= 0;
}

/// The narrowest enclosure of f over the part of x in its domain.
interval narrowest(const function& f, const interval& x) {
  const interval lo = around(f, std::max(x.lo(), f.domain)), hi = around(f, x.hi());
  if (!is_wave(f)) return {lo.lo(), hi.hi()};
  const int top = f.exact == mpfr_sin ? 1 : 0;
  return {meets(x, top + 2) ? -1 : std::min(lo.lo(), hi.lo()), meets(x, top) ? 1 : std::max(lo.hi(), hi.hi())};
}

bool within_one_ulp(double a, double b) { return a == b || std::nextafter(a, b) == b; }

interval random_argument(std::mt19937_64& rng) {
  // Half of the arguments where the functions bend, the others anywhere.
  if (rng() % 2 != 0) return random_box(rng);
  const double a = std::uniform_real_distribution<double>(-10, 10)(rng);
  const double width = std::ldexp(1.0, -static_cast<int>(rng() % 40)) * 7 * static_cast<double>(rng() % 3);
  return {a, a + width};
}

TEST(interval, functions_are_narrowest) {
  for (const function& f : functions) {
    SCOPED_TRACE(f.name);
    std::mt19937_64 rng(seed());
    for (int i = 0; i < 10'000; ++i) {
      const interval x = random_argument(rng);
      if (x.hi() < f.domain) {
        ASSERT_EQ(f.enclose(x), interval::whole()) << x;
        continue;
      }
      const interval y = f.enclose(x), best = narrowest(f, x);
      ASSERT_TRUE(y.contains(best)) << x << " gives " << y << ", exact " << best;
      ASSERT_TRUE(is_wave(f) ? within_one_ulp(y.lo(), best.lo()) && within_one_ulp(y.hi(), best.hi()) : y == best)
          << x << " gives " << y << ", exact " << best;
    }
  }
}

TEST(interval, functions_contain_every_value) {
  for (const function& f : functions) {
    SCOPED_TRACE(f.name);
    std::mt19937_64 rng(seed());
    for (int i = 0; i < 10'000; ++i) {
      const interval x = i % 4 == 0 ? random_infinite_box(rng) : random_argument(rng);
      if (std::isinf(x.midpoint())) continue;
      const double at = random_member(rng, x);
      if (at < f.domain) continue;
      ASSERT_TRUE(f.enclose(x).contains(around(f, at))) << at << " in " << x << " gives " << f.enclose(x);
    }
  }
}

TEST(interval, functions_at_the_ends_of_the_line) {
  const interval all = interval::whole();
  EXPECT_EQ(exp(all), interval(0, inf));
  EXPECT_EQ(exp(interval(1e9)), interval(most, inf));
  EXPECT_EQ(exp(interval(-1e9)), interval(0, tiny));
  EXPECT_EQ(exp(interval(-inf)), interval(0));
  EXPECT_EQ(expm1(all), interval(-1, inf));
  EXPECT_EQ(tanh(all), interval(-1, 1));
  EXPECT_EQ(erf(all), interval(-1, 1));
  EXPECT_EQ(tanh(interval(100)), interval(std::nextafter(1.0, 0), 1));
  EXPECT_EQ(sin(all), interval(-1, 1));
  EXPECT_EQ(cos(interval(inf)), interval(-1, 1));
  EXPECT_EQ(log(interval(0, inf)), all);
  EXPECT_EQ(sqrt(interval(0, inf)), interval(0, inf));
}

TEST(interval, functions_keep_to_their_domain) {
  const interval all = interval::whole();
  EXPECT_EQ(log(interval(-1, 1)), interval(-inf, 0));
  EXPECT_EQ(log(interval(0)), interval(-inf));
  EXPECT_EQ(log(interval(-2, -1)), all);
  EXPECT_EQ(log1p(interval(-2, 0)), interval(-inf, 0));
  EXPECT_EQ(log1p(interval(-1)), interval(-inf));
  EXPECT_EQ(log1p(interval(-3, -2)), all);
  EXPECT_EQ(sqrt(interval(-1, 4)), interval(0, 2));
  EXPECT_EQ(sqrt(interval(-2, -1)), all);
  EXPECT_EQ(sqrt(interval(-1, 0)), interval(0));
}

TEST(interval, waves_find_their_extrema) {
  EXPECT_EQ(sin(interval(1, 2)).hi(), 1);
  EXPECT_EQ(sin(interval(4, 5)).lo(), -1);
  EXPECT_LT(sin(interval(2, 4)).hi(), 1);
  EXPECT_EQ(sin(interval(1, 5)), interval(-1, 1));
  EXPECT_EQ(sin(interval(1.6, 7)).lo(), -1);
  EXPECT_LT(sin(interval(1.6, 7)).hi(), 1);
  EXPECT_EQ(cos(interval(-1, 1)).hi(), 1);
  EXPECT_EQ(cos(interval(0, 1)).hi(), 1);
  EXPECT_EQ(cos(interval(-1, 0)).hi(), 1);
  EXPECT_EQ(cos(interval(-5, 0)), interval(-1, 1));
  EXPECT_EQ(cos(interval(0)), interval(1));
  EXPECT_EQ(sin(interval(-tiny, tiny)), interval(-tiny, tiny));
  EXPECT_EQ(cos(interval(-tiny, 0)), interval(std::nextafter(1.0, 0), 1));
}

TEST(interval, pi_is_enclosed_tightly) {
  big pi;
  mpfr_const_pi(pi, MPFR_RNDN);
  EXPECT_EQ(axiograd::pi<interval>().lo(), mpfr_get_d(pi, MPFR_RNDD));
  EXPECT_EQ(axiograd::pi<interval>().hi(), mpfr_get_d(pi, MPFR_RNDU));
}

// ---- laws over all boxes -------------------------------------------------------------------------------------------------

TEST(interval, endpoints_are_never_nan) {
  const double ends[] = {-inf, -most, -2, -1, -0x1p-1022, -tiny, -0.0, 0, tiny, 0x1p-1022, 0.5, 1, 3, 1e300, most, inf};
  std::vector<interval> boxes;
  for (const double lo : ends) {
    for (const double hi : ends) {
      if (lo <= hi) boxes.emplace_back(lo, hi);
    }
  }
  const auto valid = [](const interval& x) { return x.lo() <= x.hi(); };
  for (const interval& a : boxes) {
    for (const function& f : functions) ASSERT_TRUE(valid(f.enclose(a))) << f.name << ' ' << a;
    ASSERT_TRUE(valid(-a) && valid(abs(a)) && valid(square(a))) << a;
    ASSERT_TRUE(a.width() >= 0 && a.contains(a.midpoint())) << a;
    for (const interval& b : boxes) {
      for (const binary o : arithmetic) ASSERT_TRUE(valid(o(a, b))) << a << ' ' << b;
      ASSERT_TRUE(valid(max(a, b)) && valid(min(a, b)) && valid(select(a > b, a, b))) << a << ' ' << b;
    }
  }
}

interval random_part(std::mt19937_64& rng, const interval& x) {
  if (std::isinf(x.midpoint())) return x;
  const interval part = ordered(random_member(rng, x), random_member(rng, x));
  return {rng() % 4 == 0 ? x.lo() : part.lo(), rng() % 4 == 0 ? x.hi() : part.hi()};
}

TEST(interval, results_shrink_with_their_arguments) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 20'000; ++i) {
    const interval a = random_infinite_box(rng), b = random_infinite_box(rng);
    const interval x = random_part(rng, a), y = random_part(rng, b);
    for (const binary o : arithmetic) {
      if (o == arithmetic[3] && y == interval(0)) continue;  // defined nowhere
      ASSERT_TRUE(o(a, b).contains(o(x, y))) << a << ' ' << b << ' ' << x << ' ' << y;
    }
    ASSERT_TRUE(square(a).contains(square(x)) && abs(a).contains(abs(x))) << a << ' ' << x;
    ASSERT_TRUE(max(a, b).contains(max(x, y)) && min(a, b).contains(min(x, y))) << a << ' ' << b << ' ' << x << ' ' << y;
    ASSERT_TRUE(select(a > b, a, b).contains(select(x > y, x, y))) << a << ' ' << b << ' ' << x << ' ' << y;
    if (i % 4 != 0) continue;
    for (const function& f : functions) {
      if (x.hi() < f.domain) continue;
      ASSERT_TRUE(f.enclose(a).contains(f.enclose(x))) << f.name << ' ' << a << ' ' << x;
    }
  }
}

// ---- templates and duals -------------------------------------------------------------------------------------------------

// What an operator's spec does: unqualified calls, found by argument-dependent lookup alone.
template <axiograd::analytic T>
T everything(const T& x) {
  const T y = exp(-abs(x)) + log1p(exp(x)) - expm1(tanh(x)) * erf(x) + sin(x) * cos(x) + log(T(2) + max(x, T(0)));
  return select(x > T(0), y, sqrt(abs(y)) / axiograd::pi<T>()) + min(x, T(1));
}

TEST(interval, operators_find_the_functions) {
  using std::abs, std::erf, std::sin, std::cos;
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 1'000; ++i) {
    const double x = std::uniform_real_distribution<double>(-3, 3)(rng);
    const double a = std::exp(-abs(x)) + std::log1p(std::exp(x)) - std::expm1(std::tanh(x)) * erf(x) + sin(x) * cos(x) +
                     std::log(2 + std::max(x, 0.0));
    const double y = (x > 0 ? a : std::sqrt(abs(a)) / std::numbers::pi) + std::min(x, 1.0);
    const interval point = everything(interval(x)), box = everything(interval(x - 0.1, x + 0.1));
    ASSERT_NEAR(point.midpoint(), y, 1e-13);
    ASSERT_LT(point.width(), 1e-13);
    ASSERT_TRUE(box.contains(point));
  }
}

template <class T>
T rational_function(const T& x) {
  const T y = x * x * x - T(2) * x;
  return max(y, T(0)) / (x * x + T(1)) + select(x > T(1), x, min(y, x));
}

TEST(interval, duals_enclose_values_and_derivatives) {
  std::mt19937_64 rng(seed());
  for (int i = 0; i < 2'000; ++i) {
    const double a = std::uniform_real_distribution<double>(-3, 3)(rng);
    const interval box(a, a + std::uniform_real_distribution<double>(0, 1)(rng));
    const double x = random_member(rng, box);
    const auto over_box = rational_function(dual<interval>(box, 1));
    const auto at_point = rational_function(dual<rational>(rational(x), 1));
    ASSERT_TRUE(holds(over_box.v, at_point.v) && holds(over_box.d, at_point.d)) << x << " in " << box;

    using exact = dual<dual<rational>>;
    using enclosed = dual<dual<interval>>;
    const auto second_exact = rational_function(exact({rational(x), 1}, {1, 0}));
    const auto second = rational_function(enclosed({box, 1}, {1, 0}));
    ASSERT_TRUE(holds(second.d.d, second_exact.d.d) && holds(second.v.v, second_exact.v.v)) << x << " in " << box;
  }
}

}  // namespace
