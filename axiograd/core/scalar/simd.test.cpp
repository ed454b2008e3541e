// Built once per instruction set. The maximum over all floats: --gtest_also_run_disabled_tests --gtest_filter=*every_float*
#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/simd.hpp>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <numbers>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace hn = hwy::HWY_NAMESPACE;
using axiograd::simd;

template <class T>
using full = simd<hn::Vec<hn::ScalableTag<T>>>;
template <class T>
using wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;  // what a result is compared with
template <class T>
using word = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;
template <class T>
using limits = std::numeric_limits<T>;

template <class T>
bool same_bits(T a, T b) {
  return std::bit_cast<word<T>>(a) == std::bit_cast<word<T>>(b);
}
template <class T>
bool same_value(T a, T b) {
  return same_bits(a, b) || (std::isnan(a) && std::isnan(b));
}

/// The distance of y from the exact result in units in the last place of a T there; infinite where NaN, infinity or the
/// sign of a zero is wrong.
template <class T>
double error_ulp(T y, wide<T> exact) {
  const double wrong = limits<double>::infinity();
  if (std::isnan(y) || std::isnan(exact)) return std::isnan(y) && std::isnan(exact) ? 0 : wrong;
  if (std::signbit(y) != std::signbit(exact)) return wrong;
  const int exponent = exact == 0 ? limits<T>::min_exponent
                                  : std::clamp(std::ilogb(exact), limits<T>::min_exponent - 1, limits<T>::max_exponent - 1) + 1;
  const wide<T> ulp = std::ldexp(wide<T>{1}, exponent - limits<T>::digits);
  const wide<T> overflow = std::ldexp(wide<T>{1}, limits<T>::max_exponent);  // infinity stands for this number
  const wide<T> given = std::isinf(y) ? std::copysign(overflow, wide<T>{y}) : wide<T>{y};
  const wide<T> meant = std::abs(exact) > overflow ? std::copysign(overflow, exact) : exact;
  return static_cast<double>(std::abs(given - meant) / ulp);
}

template <class S>
struct elementary_function {
  using element = typename S::element;
  const char* name;
  S (*f)(S);
  wide<element> (*exact)(wide<element>);
  double max_ulp;           // with fused multiply-add
  double max_ulp_baseline;  // without
};

#define AXG_FUNCTION(name, max_ulp, max_ulp_baseline)                                                  \
  elementary_function<S> {                                                                             \
    #name, [](S x) { return name(x); }, [](auto x) { return std::name(x); }, max_ulp, max_ulp_baseline \
  }

template <class S>
std::vector<elementary_function<S>> functions() {
  if constexpr (sizeof(typename S::element) == 4) {
    return {AXG_FUNCTION(exp, 1, 2),   AXG_FUNCTION(expm1, 1, 2),  AXG_FUNCTION(log, 1, 2),
            AXG_FUNCTION(log1p, 1, 2), AXG_FUNCTION(tanh, 1.5, 2), AXG_FUNCTION(erf, 1, 2),
            AXG_FUNCTION(sin, 1, 1),   AXG_FUNCTION(cos, 1, 1),    AXG_FUNCTION(erfc, 1.6, 2)};
  } else {
    return {AXG_FUNCTION(exp, 1.5, 2),   AXG_FUNCTION(expm1, 1.5, 2), AXG_FUNCTION(log, 1.5, 2),
            AXG_FUNCTION(log1p, 1.5, 2), AXG_FUNCTION(tanh, 1.5, 2),  AXG_FUNCTION(erf, 1.5, 2),
            AXG_FUNCTION(sin, 1, 1),     AXG_FUNCTION(cos, 1, 1),     AXG_FUNCTION(erfc, 1, 1)};
  }
}

template <class S>
double bound(const elementary_function<S>& function) {
  return HWY_NATIVE_FMA ? function.max_ulp : function.max_ulp_baseline;
}

/// f at every x, through full vectors and one tail.
template <class S, class T = typename S::element>
std::vector<T> values(S (*f)(S), const std::vector<T>& x) {
  std::vector<T> y(x.size());
  for (std::size_t i = 0; i < x.size(); i += static_cast<std::size_t>(S::lanes)) {
    const int n = static_cast<int>(std::min(x.size() - i, static_cast<std::size_t>(S::lanes)));
    f(S::load_first(x.data() + i, n)).store_first(y.data() + i, n);
  }
  return y;
}

/// Random significands for every exponent and sign (subnormals, infinity and NaN among them), more of them where the
/// functions bend, and the neighbours of the points where the implementation changes course.
template <class T>
std::vector<T> stratified(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const int digits = limits<T>::digits - 1, top = 2 * limits<T>::max_exponent - 1;
  const word<T> fraction = (word<T>{1} << digits) - 1;
  std::vector<T> x;
  for (int exponent = 0; exponent <= top; ++exponent) {
    const bool bend = std::abs(exponent - limits<T>::max_exponent) < 12;
    const int count = bend ? 20'000 : sizeof(T) == 4 ? 200 : 30;
    for (int i = 0; i < count; ++i) {
      const T magnitude =
          std::bit_cast<T>((static_cast<word<T>>(exponent) << digits) | (static_cast<word<T>>(random()) & fraction));
      x.push_back(random() % 2 != 0 ? -magnitude : magnitude);
    }
  }
  std::vector<double> edges{0,    0.25, 0.34657, 0.5,     0.75,  0.9375, 1,     1.5,   2,      3,
                            4,    6,    9.194,   10.0625, 10.25, 26.54,  104.5, 176,   16.6,   17.3,
                            36.7, 37.4, 87.3,    88.38,   88.72, 103.97, 708.4, 709.8, 745.13, 32768};
  for (double k = 0.5; k < 1e9; k = std::floor(1.3 * k) + 1.5) {
    edges.insert(edges.end(), {k * std::numbers::pi, 2 * k * std::numbers::pi});
  }
  for (double edge : edges) {
    T up = static_cast<T>(edge), down = up;
    for (int i = 0; i < 100; ++i) {
      x.insert(x.end(), {up, down, -up, -down});
      up = std::nextafter(up, limits<T>::infinity());
      down = std::nextafter(down, -limits<T>::infinity());
    }
  }
  return x;
}

template <class T>
class simd_of : public testing::Test {};
using elements = testing::Types<float, double>;
TYPED_TEST_SUITE(simd_of, elements);

TYPED_TEST(simd_of, functions_stay_within_their_bound) {
  using T = TypeParam;
  const auto seed = static_cast<std::uint64_t>(GTEST_FLAG_GET(random_seed));
  std::printf("  seed %llu (--gtest_random_seed)\n", static_cast<unsigned long long>(seed));
  const std::vector<T> x = stratified<T>(seed);
  for (const auto& function : functions<full<T>>()) {
    const std::vector<T> y = values(function.f, x);
    double worst = 0;
    T at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = error_ulp<T>(y[i], function.exact(x[i]));
      if (error > worst) worst = error, at = x[i];
    }
    std::printf("  %-5s %.3f ULP at %a\n", function.name, worst, static_cast<double>(at));
    EXPECT_LE(worst, bound(function)) << function.name << " at " << std::hexfloat << at << ", seed " << seed;
  }
}

TYPED_TEST(simd_of, special_values_are_exact) {
  using T = TypeParam;
  using S = full<T>;
  const T inf = limits<T>::infinity(), nan = limits<T>::quiet_NaN(), tiny = limits<T>::denorm_min(), big = limits<T>::max();
  struct special {
    const char* name;
    S (*f)(S);
    std::vector<std::pair<T, T>> pairs;
  };
  const std::vector<special> specials{
      {"exp", [](S x) { return exp(x); }, {{0, 1}, {-T(0), 1}, {inf, inf}, {-inf, 0}, {big, inf}, {-big, 0}, {tiny, 1}}},
      {"expm1",
       [](S x) { return expm1(x); },
       {{0, 0}, {-T(0), -T(0)}, {inf, inf}, {-inf, -1}, {big, inf}, {-big, -1}, {tiny, tiny}, {-3 * tiny, -3 * tiny}}},
      {"log", [](S x) { return log(x); }, {{1, 0}, {0, -inf}, {-T(0), -inf}, {inf, inf}, {-tiny, nan}, {-1, nan}, {-inf, nan}}},
      {"log1p",
       [](S x) { return log1p(x); },
       {{0, 0}, {-T(0), -T(0)}, {-1, -inf}, {inf, inf}, {-2, nan}, {-inf, nan}, {tiny, tiny}, {-3 * tiny, -3 * tiny}}},
      {"tanh",
       [](S x) { return tanh(x); },
       {{0, 0}, {-T(0), -T(0)}, {inf, 1}, {-inf, -1}, {40, 1}, {-big, -1}, {tiny, tiny}, {-3 * tiny, -3 * tiny}}},
      {"erf", [](S x) { return erf(x); }, {{0, 0}, {-T(0), -T(0)}, {inf, 1}, {-inf, -1}, {7, 1}, {-big, -1}, {tiny, tiny}}},
      {"erfc", [](S x) { return erfc(x); }, {{0, 1}, {-T(0), 1}, {inf, 0}, {-inf, 2}, {30, 0}, {-7, 2}, {-big, 2}, {tiny, 1}}},
      {"sin", [](S x) { return sin(x); }, {{0, 0}, {-T(0), -T(0)}, {inf, nan}, {-inf, nan}, {tiny, tiny}, {-tiny, -tiny}}},
      {"cos", [](S x) { return cos(x); }, {{0, 1}, {-T(0), 1}, {inf, nan}, {-inf, nan}, {tiny, 1}}},
  };
  for (const auto& [name, f, pairs] : specials) {
    // Alone in all lanes, and as one lane among ordinary ones.
    for (const auto& [x, y] : pairs) {
      EXPECT_TRUE(same_value(f(static_cast<double>(x)).first(), y)) << name << '(' << x << ')';
      for (std::size_t lane = 0; lane < static_cast<std::size_t>(S::lanes); ++lane) {
        std::vector<T> mixed(static_cast<std::size_t>(S::lanes), T(0.5));
        const T ordinary = values(f, mixed)[lane];
        mixed[lane] = x;
        const std::vector<T> result = values(f, mixed);
        for (std::size_t i = 0; i < result.size(); ++i) {
          EXPECT_TRUE(same_value(result[i], i == lane ? y : ordinary)) << name << '(' << x << ')';
        }
      }
    }
    EXPECT_TRUE(std::isnan(f(static_cast<double>(nan)).first())) << name;
    EXPECT_TRUE(std::isnan(f(static_cast<double>(-nan)).first())) << name;
  }
}

TYPED_TEST(simd_of, bits_do_not_depend_on_the_vector_length) {
  using T = TypeParam;
  using narrow = simd<hn::Vec<hn::CappedTag<T, 16 / sizeof(T)>>>;
  const std::vector<T> x = stratified<T>(7);
  const auto wide_functions = functions<full<T>>();
  const auto narrow_functions = functions<narrow>();
  for (std::size_t k = 0; k < wide_functions.size(); ++k) {
    const std::vector<T> a = values(wide_functions[k].f, x), b = values(narrow_functions[k].f, x);
    for (std::size_t i = 0; i < x.size(); ++i)
      ASSERT_TRUE(same_bits(a[i], b[i])) << wide_functions[k].name << '(' << x[i] << ')';
  }
}

TYPED_TEST(simd_of, max_min_abs_and_select_are_those_of_the_scalar) {
  using T = TypeParam;
  using S = full<T>;
  const T inf = limits<T>::infinity(), nan = limits<T>::quiet_NaN();
  const std::vector<T> corners{nan, -inf, -2, -1, -T(0), 0, limits<T>::denorm_min(), 1, 2, inf};
  for (const T a : corners) {
    const S sa = static_cast<double>(a);
    EXPECT_TRUE(same_value(abs(sa).first(), axiograd::abs(a)));
    EXPECT_TRUE(same_value((-sa).first(), -a));
    for (const T b : corners) {
      const S sb = static_cast<double>(b);
      EXPECT_TRUE(same_value(max(sa, sb).first(), axiograd::max(a, b))) << a << ' ' << b;
      EXPECT_TRUE(same_value(min(sa, sb).first(), axiograd::min(a, b))) << a << ' ' << b;
      EXPECT_EQ(select(sa > sb, S(1), S(2)).first(), a > b ? 1 : 2) << a << ' ' << b;
    }
  }
}

TYPED_TEST(simd_of, arithmetic_and_select_work_lane_by_lane) {
  using T = TypeParam;
  using S = full<T>;
  const auto lanes = static_cast<std::size_t>(S::lanes);
  const S x = S::iota(T(-2)), y = S(3) - x / 2.0 * 0.5, z = select(x > 0, x, y), root = sqrt(abs(x));
  std::vector<T> ys(lanes), zs(lanes), roots(lanes);
  y.store(ys.data());
  z.store(zs.data());
  root.store(roots.data());
  for (std::size_t i = 0; i < lanes; ++i) {
    const T xi = T(-2) + static_cast<T>(i), yi = T(3) - xi / T(2) * T(0.5);
    EXPECT_EQ(ys[i], yi);
    EXPECT_EQ(zs[i], xi > 0 ? xi : yi);
    EXPECT_EQ(roots[i], std::sqrt(std::abs(xi)));
  }
  EXPECT_EQ(x.first(), T(-2));
  EXPECT_EQ(axiograd::pi<S>().first(), axiograd::pi<T>());
  EXPECT_EQ(S().first(), T(0));
}

TYPED_TEST(simd_of, numbers_in_two_parts_have_more_digits) {
  using T = TypeParam;
  using S = full<T>;
  std::mt19937_64 bits(static_cast<std::uint64_t>(GTEST_FLAG_GET(random_seed)));
  std::uniform_real_distribution<double> in(-80, 80);
  for (int i = 0; i < 5000; ++i) {
    const T x = static_cast<T>(in(bits)), y = static_cast<T>(in(bits));
    const T low = x * limits<T>::epsilon() / 8;
    const S product = S(x) * S(y);
    EXPECT_EQ(product_error(S(x), S(y), product).first(), std::fma(x, y, -product.first())) << x << ' ' << y;

    const axiograd::double_word<S> e = exp_in_parts(axiograd::double_word<S>(S(x), S(low)));
    const wide<T> exact = std::exp(wide<T>{x} + wide<T>{low}), got = wide<T>{e.high.first()} + wide<T>{e.low.first()};
    EXPECT_LE(static_cast<double>(std::abs(got / exact - 1)), 0.15 * static_cast<double>(limits<T>::epsilon())) << x;
  }
  const T infinity = limits<T>::infinity();
  const axiograd::double_word<S> most(S(limits<T>::max()), S(0));
  EXPECT_EQ(rounded(most * axiograd::double_word<S>(1)).first(), limits<T>::max());
  EXPECT_EQ(rounded(exp_in_parts(-(most * most))).first(), 0);
  EXPECT_EQ(exp_in_parts(axiograd::double_word<S>(S(-infinity))).high.first(), 0);
  EXPECT_EQ(exp_in_parts(axiograd::double_word<S>(S(-infinity), S(limits<T>::quiet_NaN()))).high.first(), 0);
  EXPECT_EQ(exp_in_parts(axiograd::double_word<S>(S(infinity))).high.first(), infinity);
  EXPECT_TRUE(std::isnan(exp_in_parts(axiograd::double_word<S>(S(limits<T>::quiet_NaN()))).high.first()));
}

TYPED_TEST(simd_of, tails_touch_only_their_elements) {
  using T = TypeParam;
  using S = full<T>;
  // An array that ends where a page without access begins.
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* pages = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(static_cast<char*>(pages) + page, page, PROT_NONE), 0);
  T* const end = static_cast<T*>(pages) + page / sizeof(T);
  for (int n = 0; n <= S::lanes; ++n) {
    for (int i = 0; i < n; ++i) end[i - n] = static_cast<T>(i + 1);
    std::vector<T> lanes(static_cast<std::size_t>(S::lanes));
    const S x = S::load_first(end - n, n);
    x.store(lanes.data());
    for (int i = 0; i < S::lanes; ++i) EXPECT_EQ(lanes[static_cast<std::size_t>(i)], i < n ? static_cast<T>(i + 1) : T(0));
    (x + 10).store_first(end - n, n);
    for (int i = 0; i < n; ++i) EXPECT_EQ(end[i - n], static_cast<T>(i + 11));

    std::vector<T> kept(static_cast<std::size_t>(S::lanes) + 1, T(-5));
    S(1).store_first(kept.data(), n);
    for (int i = 0; i <= S::lanes; ++i) EXPECT_EQ(kept[static_cast<std::size_t>(i)], i < n ? T(1) : T(-5));
  }
  EXPECT_EQ(munmap(pages, 2 * page), 0);
}

TYPED_TEST(simd_of, is_an_analytic_scalar_also_inside_dual) {
  using S = full<TypeParam>;
  static_assert(axiograd::analytic<S> && axiograd::analytic<axiograd::dual<S>>);
  static_assert(std::is_trivially_copyable_v<S> && sizeof(S) == sizeof(typename S::vector));
  const axiograd::dual<S> x(S(3), S(1)), y = select(x > axiograd::dual<S>(0), x * x, -x);
  EXPECT_EQ(y.v.first(), 9);
  EXPECT_EQ(y.d.first(), 6);
}

TEST(simd_float, DISABLED_every_float_stays_within_its_bound) {
  using S = full<float>;
  for (const auto& function : functions<S>()) {
    double worst = 0;
    float at = 0;
    for (std::uint64_t first = 0; first < std::uint64_t{1} << 32; first += 1 << 16) {
      std::vector<float> x(1 << 16);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(first + i));
      const std::vector<float> y = values(function.f, x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double error = error_ulp<float>(y[i], function.exact(x[i]));
        if (error > worst) worst = error, at = x[i];
      }
    }
    std::printf("  %-5s %.4f ULP at %a\n", function.name, worst, static_cast<double>(at));
    EXPECT_LE(worst, bound(function)) << function.name << " at " << std::hexfloat << at;
  }
}

}  // namespace
