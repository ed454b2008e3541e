// Every function of intervals on very many boxes: signed zeros, infinities, points, neighbours, wide boxes; in every rounding
// mode; and where subnormals are flushed. AXIOGRAD_TEST_SCALE=10 takes a million boxes a function.
#include <axiograd/core/scalar/interval.hpp>

#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

using axiograd::interval;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double most = std::numeric_limits<double>::max();

std::uint64_t seed() {
  const char* given = std::getenv("AXG_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261130;
}
/// How many boxes: ten thousand, a million at scale 10.
int boxes() {
  const char* text = std::getenv("AXIOGRAD_TEST_SCALE");
  const int scale = text != nullptr ? std::clamp(std::atoi(text), 1, 10) : 1;
  return 10'000 * scale * scale;
}

/// Correctly rounded at 53 bits to the given side; two arguments, of which most functions use one.
using exact_function = double (*)(double, double, mpfr_rnd_t);
template <auto F>
double of_one(double x, double, mpfr_rnd_t side) {
  mpfr_t t;
  mpfr_init2(t, 53);
  mpfr_set_d(t, x, MPFR_RNDN);
  F(t, t, side);
  const double y = mpfr_get_d(t, side);
  mpfr_clear(t);
  return y;
}
template <auto F>
double of_two(double x, double z, mpfr_rnd_t side) {
  mpfr_t a, b;
  mpfr_inits2(53, a, b, static_cast<mpfr_ptr>(nullptr));
  mpfr_set_d(a, x, MPFR_RNDN);
  mpfr_set_d(b, z, MPFR_RNDN);
  F(a, a, b, side);
  const double y = mpfr_get_d(a, side);
  mpfr_clears(a, b, static_cast<mpfr_ptr>(nullptr));
  return y;
}
template <int Which>
double larger(double x, double z, mpfr_rnd_t) {
  return (x > z) == (Which > 0) ? x : z;
}

struct function {
  const char* name;
  interval (*enclose)(const interval&, const interval&);
  exact_function exact;
  /// Where the function has a value.
  bool (*defined)(double, double) = [](double, double) { return true; };
  /// Whether it is defined nowhere on the box, so that the whole line is the answer.
  bool (*nowhere)(const interval&, const interval&) = [](const interval&, const interval&) { return false; };
};
#define AXG_ONE(name) {#name, [](const interval& x, const interval&) { return name(x); }, &of_one<mpfr_##name>}
const function functions[] = {
    {"plus", [](const interval& x, const interval& z) { return x + z; }, &of_two<mpfr_add>},
    {"minus", [](const interval& x, const interval& z) { return x - z; }, &of_two<mpfr_sub>},
    {"times", [](const interval& x, const interval& z) { return x * z; }, &of_two<mpfr_mul>},
    {"over", [](const interval& x, const interval& z) { return x / z; }, &of_two<mpfr_div>,
     [](double, double z) { return z != 0; }, [](const interval&, const interval& z) { return z == interval(0); }},
    {"pow", [](const interval& x, const interval& z) { return pow(x, z); }, &of_two<mpfr_pow>,
     [](double x, double) { return x >= 0 && !(x == 0 && std::signbit(x)); }},
    {"max", [](const interval& x, const interval& z) { return max(x, z); }, &larger<1>},
    {"min", [](const interval& x, const interval& z) { return min(x, z); }, &larger<-1>},
    {"select", [](const interval& x, const interval& z) { return select(x > z, x, z); }, &larger<1>},
    {"hull", [](const interval& x, const interval& z) { return hull(x, z); }, [](double x, double, mpfr_rnd_t) { return x; }},
    {"negate", [](const interval& x, const interval&) { return -x; }, [](double x, double, mpfr_rnd_t) { return -x; }},
    {"abs", [](const interval& x, const interval&) { return abs(x); },
     [](double x, double, mpfr_rnd_t) { return std::fabs(x); }},
    {"square", [](const interval& x, const interval&) { return square(x); }, &of_one<mpfr_sqr>},
    {"midpoint", [](const interval& x, const interval&) { return hull(x, x.midpoint()) == x ? x : interval::whole(); },
     [](double x, double, mpfr_rnd_t) { return x; }},
    {"sqrt", [](const interval& x, const interval&) { return sqrt(x); }, &of_one<mpfr_sqrt>,
     [](double x, double) { return x >= 0; }, [](const interval& x, const interval&) { return x.hi() < 0; }},
    {"log", [](const interval& x, const interval&) { return log(x); }, &of_one<mpfr_log>,
     [](double x, double) { return x >= 0; }, [](const interval& x, const interval&) { return x.hi() < 0; }},
    {"log1p", [](const interval& x, const interval&) { return log1p(x); }, &of_one<mpfr_log1p>,
     [](double x, double) { return x >= -1; }, [](const interval& x, const interval&) { return x.hi() < -1; }},
    AXG_ONE(exp),
    AXG_ONE(expm1),
    AXG_ONE(tanh),
    AXG_ONE(erf),
    AXG_ONE(erfc),
    AXG_ONE(sin),
    AXG_ONE(cos)};

/// Ends of every kind.
double random_end(std::mt19937_64& rng) {
  const double unit = std::uniform_real_distribution<double>(-1, 1)(rng);
  constexpr double special[]{0.0,    -0.0,    1,         -1,         2,    -2,    0.5, -0.5, 3,
                             5e-324, -5e-324, 0x1p-1022, -0x1p-1022, most, -most, inf, -inf};
  switch (rng() % 8) {
    case 0:
    case 1: return special[rng() % std::size(special)];
    case 2: return static_cast<double>(rng() % 9) - 4;
    case 3: return unit * 10;
    case 4: return unit * 1000;
    case 5: return std::ldexp(unit, static_cast<int>(rng() % 80) - 40);
    case 6: return std::bit_cast<double>(rng() & 0x800fffffffffffff);
    default: return std::ldexp(unit, static_cast<int>(rng() % 2098) - 1074);
  }
}
interval random_box(std::mt19937_64& rng) {
  const double a = random_end(rng);
  switch (rng() % 4) {
    case 0: return {a, a};
    case 1: {
      const double b = std::nextafter(a, rng() % 2 != 0 ? inf : -inf);
      return {std::min(a, b), std::max(a, b)};
    }
    default: {
      const double b = random_end(rng);
      return a <= b ? interval(a, b) : interval(b, a);  // -0 may stand on either side
    }
  }
}
/// A finite member: an end, a zero, or one in between.
double member(std::mt19937_64& rng, const interval& x) {
  const double lo = std::max(x.lo(), -most), hi = std::min(x.hi(), most);
  switch (rng() % 4) {
    case 0: return lo;
    case 1: return hi;
    case 2:
      if (x.contains(0.0)) return 0.0;
      [[fallthrough]];
    default: return std::clamp(lo + (hi / 2 - lo / 2) * 2 * std::uniform_real_distribution<double>(0, 1)(rng), lo, hi);
  }
}
interval part(std::mt19937_64& rng, const interval& x) {
  if (x.lo() == x.hi() || x.hi() == -inf || x.lo() == inf) return x;
  const double a = member(rng, x), b = member(rng, x);
  return {rng() % 4 == 0 ? x.lo() : std::min(a, b), rng() % 4 == 0 ? x.hi() : std::max(a, b)};
}

constexpr int modes[]{FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

/// Sets a rounding mode for as long as it lives.
class rounding {
 public:
  explicit rounding(int mode) { std::fesetround(mode); }
  ~rounding() { std::fesetround(FE_TONEAREST); }
  rounding(const rounding&) = delete;
  rounding& operator=(const rounding&) = delete;
};

bool has_finite_member(const interval& x) { return x.hi() != -inf && x.lo() != inf; }

void check_boxes(const function& f) {
  std::mt19937_64 rng(seed());
  // Called through a volatile pointer, so that nothing is moved over the change of mode.
  interval (*volatile enclose)(const interval&, const interval&) = f.enclose;
  const auto at = [](const interval& x, const interval& z) {
    return testing::PrintToString(x) + ", " + testing::PrintToString(z) + ", seed " + std::to_string(seed());
  };
  const int n = boxes();
  for (int i = 0; i < n; ++i) {
    const interval x = random_box(rng), z = random_box(rng), of_x = part(rng, x), of_z = part(rng, z);
    interval y, smaller;
    for (const int mode : modes) {
      interval now, smaller_now;
      {
        const rounding set(mode);
        now = enclose(x, z);
        smaller_now = enclose(of_x, of_z);
      }
      if (mode == FE_TONEAREST) y = now, smaller = smaller_now;
      ASSERT_EQ(now, y) << f.name << " depends on the rounding mode: " << at(x, z);
      ASSERT_EQ(smaller_now, smaller) << f.name << " depends on the rounding mode: " << at(of_x, of_z);
    }
    ASSERT_TRUE(y.lo() <= y.hi()) << f.name << ' ' << at(x, z);
    if (!f.nowhere(of_x, of_z)) {
      ASSERT_TRUE(y.contains(smaller)) << f.name << " grows: " << at(x, z) << ": " << y << ", part " << at(of_x, of_z) << ": "
                                       << smaller;
    }
    if (!has_finite_member(of_x) || !has_finite_member(of_z)) continue;
    const double a = member(rng, of_x), b = member(rng, of_z);
    if (!f.defined(a, b)) continue;
    const interval exact(f.exact(a, b, MPFR_RNDD), f.exact(a, b, MPFR_RNDU));
    ASSERT_TRUE(smaller.contains(exact)) << f.name << " of " << a << ", " << b << " is " << exact << ", outside " << smaller
                                         << " of " << at(of_x, of_z);
  }
}

class interval_functions : public testing::TestWithParam<function> {};
TEST_P(interval_functions, enclose_and_shrink_in_every_rounding_mode) { check_boxes(GetParam()); }
std::ostream& operator<<(std::ostream& out, const function& f) { return out << f.name; }
INSTANTIATE_TEST_SUITE_P(boxes, interval_functions, testing::ValuesIn(functions),
                         [](const testing::TestParamInfo<function>& tested) { return std::string(tested.param.name); });

TEST(interval_boxes, pow_begins_at_either_zero) {
  EXPECT_EQ(pow(interval(-0.0, 1), interval(-1)), interval(1, inf));
  EXPECT_EQ(pow(abs(interval(-1, 0)), interval(-1)), interval(1, inf));
  EXPECT_EQ(pow(interval(-0.0), interval(-3)), interval(inf));
  EXPECT_EQ(pow(interval(-0.0, -0.0), interval(0)), interval(1));
}

TEST(interval_boxes, midpoint_is_a_member_where_the_sum_overflows_towards_zero) {
  const interval x(0.9 * most, most);
  for (const int mode : modes) {
    const rounding set(mode);
    const interval* volatile at = &x;
    EXPECT_TRUE(at->contains(at->midpoint())) << mode;
  }
}

// ---- subnormals that are flushed

#ifdef __SSE2__
TEST(interval_boxes, every_rounding_mode_is_sound) {
  for (const int mode : modes) {
    const rounding set(mode);
    EXPECT_TRUE(axiograd::sound_environment()) << mode;
  }
}

TEST(interval_boxes, flushed_subnormals_are_refused) {
  constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  const unsigned before = _mm_getcsr();
  std::mt19937_64 rng(seed());
  for (const unsigned flags : {flush_to_zero, denormals_are_zero, flush_to_zero | denormals_are_zero})
    for (const function& f : functions)
      for (int i = 0; i < 100; ++i) {
        interval (*volatile enclose)(const interval&, const interval&) = f.enclose;
        const interval x = random_box(rng), z = random_box(rng);
        std::string said;
        _mm_setcsr(before | flags);
        const bool sound = axiograd::sound_environment();
        try {
          enclose(x, z);
        } catch (const std::domain_error& e) {
          said = e.what();
        }
        _mm_setcsr(before);
        ASSERT_FALSE(sound);
        ASSERT_NE(said.find("FTZ or DAZ"), std::string::npos) << f.name << ' ' << x << ' ' << z << ", flags " << flags;
      }
  EXPECT_TRUE(axiograd::sound_environment());
}
#endif

}  // namespace
