#pragma once

#include <axiograd/core/scalar/scalar.hpp>
#include <bit>
#include <cfloat>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <stdexcept>
#include <type_traits>

// What removes the error terms that the enclosures rest on. Clang says nothing of the parts of -ffast-math, and needs not: it
// is told below to keep to the arithmetic that is written.
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ == 1)
#define AXG_UNSAFE_MATH
#endif
#ifdef __clang__
#pragma float_control(precise, on, push)
#endif

namespace axiograd {

class interval;
template <>
inline constexpr algebra algebra_of<interval>{.ring = true, .ordered = true, .division = true, .analytic = true};

/// The outcome of a comparison between sets of numbers; `maybe` when its members disagree.
enum class verdict : unsigned char { no, yes, maybe };

/// True where `interval` is sound: subnormals are neither flushed (FTZ) nor read as zero (DAZ), in any rounding mode.
bool sound_environment();

namespace impl {

#ifdef AXG_UNSAFE_MATH
/// Called where an interval is made: programs that make none compile.
[[gnu::error("interval: -ffast-math and -funsafe-math-optimizations remove the error terms that the enclosures rest on")]]
void refuse_unsafe_math();
#endif
[[noreturn]] void throw_flushed();
/// Throws std::domain_error where FTZ or DAZ is set: subnormal error terms would vanish. Two instructions on x86; elsewhere
/// sound_environment() is the caller's to ask.
constexpr void refuse_flushed_subnormals() {
#ifdef __SSE2__
  constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  if (!std::is_constant_evaluated() && (__builtin_ia32_stmxcsr() & (flush_to_zero | denormals_are_zero)) != 0) throw_flushed();
#endif
}

static_assert(std::numeric_limits<double>::is_iec559 && FLT_EVAL_METHOD == 0, "interval needs IEEE doubles without excess");

constexpr double next_up(double x) {
  if (x == std::numeric_limits<double>::infinity()) return x;
  if (x == 0) return std::numeric_limits<double>::denorm_min();
  const auto bits = std::bit_cast<std::int64_t>(x);
  return std::bit_cast<double>(x > 0 ? bits + 1 : bits - 1);
}
constexpr double next_down(double x) { return -next_up(-x); }

/// A rounded result and on which side of it the exact one lies: `error` has the sign of exact - value.
///
/// The signs are right in every rounding mode: each error term is either representable or its rounding keeps the sign.
/// Results whose error term could underflow are compared after scaling both sides by a power of two.
/// Source: Dekker 1971 (sum); Boldo, Graillat, Muller 2017 (rounding modes); Muller et al. 2018, 4.3-4.4 (product, quotient).
struct rounded {
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  double value;
  double error = 0;

  // inf - inf bounds nothing.
  double down() const { return value != value ? -infinity : error < 0 ? next_down(value) : value; }
  double up() const { return value != value ? infinity : error > 0 ? next_up(value) : value; }

  static rounded sum(double a, double b) {
    const double s = a + b;
    if (!c_math::isfinite(s)) return c_math::isfinite(a) && c_math::isfinite(b) ? overflowed(s) : rounded{s};
    return c_math::fabs(a) < c_math::fabs(b) ? rounded{s, a - (s - b)} : rounded{s, b - (s - a)};
  }
  /// 0 * inf is 0: the bound of a set of finite products.
  static rounded product(double a, double b) {
    if (a == 0 || b == 0) return {0};
    const double p = a * b;
    if (c_math::isinf(p)) return c_math::isfinite(a) && c_math::isfinite(b) ? overflowed(p) : rounded{p};
    if (c_math::fabs(p) >= small) return {p, fused(a, b, -p)};
    if (p == 0) return {p, c_math::signbit(a) == c_math::signbit(b) ? 1.0 : -1.0};
    return {p, fused(a * 0x1p600, b, p * -0x1p600)};  // |a| is below 2^175, because |b| >= 2^-1074
  }
  /// Limits for b from above: a / 0 is +-inf, 0 / 0 is 0; inf / inf is 0, its bound next to 0. Needs b >= 0.
  static rounded quotient(double a, double b) {
    if (a == 0) return {0};
    if (b == 0) return {c_math::copysign(infinity, a)};
    if (c_math::isinf(b)) return {0};
    const double q = a / b;
    if (c_math::isinf(q)) return c_math::isfinite(a) ? overflowed(q) : rounded{q};
    if (c_math::fabs(a) >= small) return {q, fused(-q, b, a)};
    return {q, fused(q * -0x1p200, b, a * 0x1p200)};
  }
  /// Needs x >= 0.
  static rounded root(double x) {
    const double r = axiograd::sqrt(x);
    if (x == 0 || c_math::isinf(x)) return {r};
    if (x >= small) return {r, fused(-r, r, x)};
    return {r, fused(r * -0x1p100, r * 0x1p100, x * 0x1p200)};
  }

 private:
  /// a b + c rounded once, under the rules of this header (c_math's is under those of the command line).
  static double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

  static constexpr double small = 0x1p-900;  // above it the error terms are multiples of 2^-1074
  static rounded overflowed(double value) { return {value, -value}; }
};

}  // namespace impl

/// A closed interval [lo, hi] of numbers with double endpoints, which may be infinite but never NaN.
///
/// Every function returns an interval that contains the exact result for every choice of numbers in the arguments where that
/// is defined, and the result shrinks when the arguments do (except to arguments on which the function is defined nowhere).
/// - inf - inf is unbounded, 0 * inf is 0.
/// - Division by an interval with 0 inside, or by [0, 0], gives the whole line, by one with 0 at an end a half line.
/// - log, log1p and sqrt take the part of the argument in their domain; if there is none they return the whole line, because
///   there is no empty interval. The boundary belongs to the domain: log(0) is -inf.
/// `a > b` is a `verdict`; `select` returns the hull when it is `maybe`. Equality is that of the endpoints.
///
/// Functions are found by argument-dependent lookup: call `exp(x)`, not `axiograd::exp(x)`.
/// Accuracy: endpoints are the exact bounds, rounded outward once; division, `log` and `sqrt` as above; sin and cos add at most
/// one ulp.
/// Errors: a NaN and lo > hi throw std::domain_error, and so does every function where subnormals are flushed (FTZ) or read as
/// zero (DAZ), which `sound_environment()` tells beforehand. Every rounding mode is sound. Code that is compiled with
/// -ffast-math, -funsafe-math-optimizations or -ffinite-math-only may include this header, but not make an interval.
class interval {
 public:
  constexpr interval() = default;
  constexpr explicit(false) interval(int x) : lo_(x), hi_(x) {}
  /// The point [x, x].
  constexpr explicit(false) interval(double x) : interval(x, x) {}
  constexpr interval(double lo, double hi) : interval(made(lo, hi)) {
    if (!(lo <= hi)) throw std::domain_error("interval: lo <= hi does not hold");
  }
  static constexpr interval whole() { return {-infinity, infinity}; }

  constexpr double lo() const { return lo_; }
  constexpr double hi() const { return hi_; }
  constexpr bool contains(double x) const {
    impl::refuse_flushed_subnormals();
    return lo_ <= x && x <= hi_;
  }
  constexpr bool contains(const interval& x) const { return contains(x.lo_) && contains(x.hi_); }
  /// hi - lo, rounded up; 0 for a point.
  double width() const { return lo_ == hi_ ? 0 : impl::rounded::sum(hi_, -lo_).up(); }
  /// A finite number near the middle (of a half line its largest double, of the whole line 0); x for the point x.
  constexpr double midpoint() const {
    impl::refuse_flushed_subnormals();
    if (lo_ == hi_) return lo_;
    if (lo_ == -hi_) return 0;
    if (lo_ == -infinity) return -largest;
    if (hi_ == infinity) return largest;
    const double twice = lo_ + hi_;
    // Towards zero, a sum that overflows gives the largest double.
    return -largest < twice && twice < largest ? twice / 2 : lo_ / 2 + hi_ / 2;
  }

  friend interval operator+(const interval& a, const interval& b) {
    return made(impl::rounded::sum(a.lo_, b.lo_).down(), impl::rounded::sum(a.hi_, b.hi_).up());
  }
  friend constexpr interval operator-(const interval& a) { return made(-a.hi_, -a.lo_); }
  friend interval operator-(const interval& a, const interval& b) { return a + -b; }
  friend interval operator*(const interval& a, const interval& b) {
    if (a.lo_ >= 0) return made(product_down(b.lo_ >= 0 ? a.lo_ : a.hi_, b.lo_), product_up(b.hi_ >= 0 ? a.hi_ : a.lo_, b.hi_));
    if (a.hi_ <= 0) return -(-a * b);
    if (b.lo_ >= 0 || b.hi_ <= 0) return b * a;
    return made(c_math::fmin(product_down(a.lo_, b.hi_), product_down(a.hi_, b.lo_)),
                c_math::fmax(product_up(a.lo_, b.lo_), product_up(a.hi_, b.hi_)));
  }
  friend interval operator/(const interval& a, const interval& b) {
    if ((b.lo_ < 0 && b.hi_ > 0) || (b.lo_ == 0 && b.hi_ == 0)) return whole();
    if (b.hi_ <= 0) return -a / -b;
    const double lo = a.lo_ == -infinity ? a.lo_ : impl::rounded::quotient(a.lo_, a.lo_ >= 0 ? b.hi_ : b.lo_).down();
    const double hi = a.hi_ == infinity ? a.hi_ : impl::rounded::quotient(a.hi_, a.hi_ >= 0 ? b.lo_ : b.hi_).up();
    return made(lo, hi);
  }

  friend constexpr bool operator==(const interval&, const interval&) = default;
  friend constexpr verdict operator>(const interval& a, const interval& b) {
    impl::refuse_flushed_subnormals();
    if (a.lo_ > b.hi_) return verdict::yes;
    return a.hi_ > b.lo_ ? verdict::maybe : verdict::no;
  }
  friend constexpr verdict operator<(const interval& a, const interval& b) { return b > a; }

  /// The smallest interval that contains both.
  friend constexpr interval hull(const interval& a, const interval& b) {
    return made(a.lo_ < b.lo_ ? a.lo_ : b.lo_, a.hi_ > b.hi_ ? a.hi_ : b.hi_);
  }
  friend constexpr interval select(verdict condition, const interval& a, const interval& b) {
    return condition == verdict::yes ? a : condition == verdict::no ? b : hull(a, b);
  }
  friend constexpr interval max(const interval& a, const interval& b) {
    return made(a.lo_ > b.lo_ ? a.lo_ : b.lo_, a.hi_ > b.hi_ ? a.hi_ : b.hi_);
  }
  friend constexpr interval min(const interval& a, const interval& b) { return -max(-a, -b); }
  friend constexpr interval abs(const interval& x) {
    impl::refuse_flushed_subnormals();
    if (x.lo_ >= 0) return x;
    return x.hi_ <= 0 ? -x : made(0, -x.lo_ > x.hi_ ? -x.lo_ : x.hi_);
  }
  /// x^2, sharp where x * x is not: square([-1, 2]) is [0, 4].
  friend interval square(const interval& x) {
    const interval a = abs(x);
    return a * a;
  }
  friend interval sqrt(const interval& x) {
    if (x.hi_ < 0) return whole();
    return made(x.lo_ > 0 ? impl::rounded::root(x.lo_).down() : 0, impl::rounded::root(x.hi_).up());
  }

  // In interval.cpp, by MPFR.
  friend interval exp(const interval& x);
  friend interval expm1(const interval& x);
  friend interval log(const interval& x);
  friend interval log1p(const interval& x);
  friend interval tanh(const interval& x);
  friend interval erf(const interval& x);
  friend interval erfc(const interval& x);
  /// x^y for x >= 0; everything where x may be negative.
  friend interval pow(const interval& x, const interval& y);
  friend interval sin(const interval& x);
  friend interval cos(const interval& x);

  /// "[lo, hi]" with 17 digits, which identify the endpoints but do not enclose them.
  friend std::ostream& operator<<(std::ostream& out, const interval& x);

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double largest = std::numeric_limits<double>::max();

  /// An interval whose ends need no check, only the environment that they were computed in.
  static constexpr interval made(double lo, double hi) {
    impl::refuse_flushed_subnormals();
#ifdef AXG_UNSAFE_MATH
    if (!std::is_constant_evaluated()) impl::refuse_unsafe_math();
#endif
    interval x;
    x.lo_ = lo;
    x.hi_ = hi;
    return x;
  }
  static double product_down(double a, double b) { return impl::rounded::product(a, b).down(); }
  static double product_up(double a, double b) { return impl::rounded::product(a, b).up(); }

  double lo_ = 0;
  double hi_ = 0;
};

constexpr interval hull(const interval& a, const interval& b);

template <>
struct constant_pi<interval> {
  static constexpr interval value() { return {0x1.921fb54442d18p+1, 0x1.921fb54442d19p+1}; }
};

}  // namespace axiograd

#ifdef __clang__
#pragma float_control(pop)
#endif
#undef AXG_UNSAFE_MATH
