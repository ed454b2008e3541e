#pragma once
// Rigorous numbers: balls, and truncated power series with ball coefficients.

#include <arb.h>
#include <arb_hypgeom.h>
#include <arb_poly.h>

#include <axiograd/core/scalar/scalar.hpp>
#include <utility>
#include <vector>

namespace axiograd::conformance {
class ball;
class series;
}  // namespace axiograd::conformance

template <>
inline constexpr axiograd::algebra axiograd::algebra_of<axiograd::conformance::ball>{
    .ring = true, .ordered = true, .division = true, .analytic = true};
template <>
inline constexpr axiograd::algebra axiograd::algebra_of<axiograd::conformance::series>{
    .ring = true, .ordered = true, .division = true, .analytic = true};

namespace axiograd::conformance {

/// How balls and series compute, in this thread.
struct ball_settings {
  slong bits = 300;                      ///< of midpoints
  slong terms = 3;                       ///< of series
  bool undecided = false;                ///< set by a comparison whose outcome the radii leave open
  std::vector<bool>* answers = nullptr;  ///< where every comparison writes its outcome
};
inline thread_local ball_settings ball_mode;

/// A real number known up to a radius (Arb). A comparison that the radii leave open looks at the midpoints and says so.
class ball {
 public:
  ball() { arb_init(x_); }
  explicit(false) ball(int x) : ball() { arb_set_si(x_, x); }
  explicit(false) ball(double x) : ball() { arb_set_d(x_, x); }
  ball(const ball& b) : ball() { *this = b; }
  ball(ball&& b) noexcept : ball() { *this = std::move(b); }
  ball& operator=(const ball& b) {
    arb_set(x_, b.x_);
    positive_ = b.positive_;
    return *this;
  }
  ball& operator=(ball&& b) noexcept {
    arb_swap(x_, b.x_);
    positive_ = b.positive_;
    return *this;
  }
  ~ball() { arb_clear(x_); }

  const arb_struct* get() const { return x_; }
  arb_struct* get() { return x_; }
  bool finite() const { return arb_is_finite(x_) != 0; }
  /// The nearest double to the midpoint.
  double midpoint() const { return arf_get_d(arb_midref(x_), ARF_RND_NEAR); }
  double radius() const { return mag_get_d(arb_radref(x_)); }
  /// Whether the radius is at most 2^exponent.
  bool within(int exponent) const { return mag_cmp_2exp_si(arb_radref(x_), exponent) <= 0; }
  bool overlaps(const ball& b) const { return arb_overlaps(x_, b.x_) != 0; }
  /// Whether the number is known to be positive, also where the radius exceeds the midpoint, as with exp(-1e9 +- 1).
  bool positive() const { return positive_ || arb_is_positive(x_) != 0; }
  ball known_positive(bool yes) && {
    positive_ = yes;
    return std::move(*this);
  }

  friend ball operator+(const ball& a, const ball& b) {
    return made(arb_add, a, b).known_positive(a.positive() && b.positive());
  }
  friend ball operator-(const ball& a, const ball& b) { return made(arb_sub, a, b); }
  friend ball operator*(const ball& a, const ball& b) {
    return made(arb_mul, a, b).known_positive(a.positive() && b.positive());
  }
  friend ball operator/(const ball& a, const ball& b) {
    return made(arb_div, a, b).known_positive(a.positive() && b.positive());
  }
  friend ball operator-(const ball& a) {
    ball y;
    arb_neg(y.x_, a.x_);
    return y;
  }
  friend bool operator>(const ball& a, const ball& b) {
    const bool greater = is_greater(a, b);
    if (ball_mode.answers != nullptr) ball_mode.answers->push_back(greater);
    return greater;
  }
  friend bool is_greater(const ball& a, const ball& b) {
    if (arb_gt(a.x_, b.x_) != 0 || (a.positive() && arb_is_zero(b.x_) != 0)) return true;
    if (arb_le(a.x_, b.x_) != 0) return false;
    ball_mode.undecided = true;
    return arf_cmp(arb_midref(a.x_), arb_midref(b.x_)) > 0;
  }
  friend bool operator==(const ball& a, const ball& b) {
    if (arb_eq(a.x_, b.x_) != 0) return true;
    if (arb_ne(a.x_, b.x_) != 0) return false;
    ball_mode.undecided = true;
    return arf_equal(arb_midref(a.x_), arb_midref(b.x_)) != 0;
  }

  friend ball max(const ball& a, const ball& b) { return a > b ? a : b; }
  friend ball min(const ball& a, const ball& b) { return b > a ? a : b; }
  friend ball abs(const ball& x) { return ball(0) > x ? -x : x; }

  /// Where no double is as small the result is 0 with a radius that follows x; Arb's stays 2^-1000.
  friend ball exp(const ball& x) {
    arf_t most;
    arf_init(most);
    arb_get_ubound_arf(most, x.x_, 64);
    ball y;
    if (arf_is_finite(most) == 0 || arf_cmp_si(most, -800) > 0) {
      y = made(arb_exp, x);
    } else {  // e^most <= 2^(23/16 most), and 23/16 is the smaller factor of a negative number
      fmpz_t exponent;
      fmpz_init(exponent);
      arf_mul_si(most, most, 23, 64, ARF_RND_CEIL);
      arf_mul_2exp_si(most, most, -4);
      arf_get_fmpz(exponent, most, ARF_RND_CEIL);
      mag_one(arb_radref(y.x_));
      mag_mul_2exp_fmpz(arb_radref(y.x_), arb_radref(y.x_), exponent);
      fmpz_clear(exponent);
    }
    arf_clear(most);
    return std::move(y).known_positive(true);
  }
  friend ball expm1(const ball& x) { return made(arb_expm1, x); }
  friend ball log(const ball& x) { return made(arb_log, x); }
  friend ball log1p(const ball& x) { return made(arb_log1p, x); }
  friend ball tanh(const ball& x) { return made(arb_tanh, x); }
  friend ball erf(const ball& x) { return made(arb_hypgeom_erf, x); }
  friend ball erfc(const ball& x) { return made(arb_hypgeom_erfc, x); }
  friend ball pow(const ball& x, const ball& y) { return made(arb_pow, x, y); }
  friend ball sin(const ball& x) { return made(arb_sin, x); }
  friend ball cos(const ball& x) { return made(arb_cos, x); }
  friend ball sqrt(const ball& x) { return made(arb_sqrt, x); }

 private:
  static ball made(void (*f)(arb_t, const arb_t, const arb_t, slong), const ball& a, const ball& b) {
    ball y;
    f(y.x_, a.x_, b.x_, ball_mode.bits);
    return y;
  }
  static ball made(void (*f)(arb_t, const arb_t, slong), const ball& a) {
    ball y;
    f(y.x_, a.x_, ball_mode.bits);
    return y;
  }

  arb_t x_;
  bool positive_ = false;
};

/// c0 + c1 t + c2 t^2 + ... with ball coefficients, as many as `ball_mode.terms`: a function's value and its derivatives (k!
/// c_k) along t. They come from Arb's series of the elementary functions, not from this library. Comparisons look at c0.
class series {
 public:
  series() { arb_poly_init(p_); }
  explicit(false) series(int x) : series() { arb_poly_set_si(p_, x); }
  explicit(false) series(double x) : series(ball(x)) {}
  explicit series(const ball& c0) : series() { arb_poly_set_coeff_arb(p_, 0, c0.get()); }
  /// c0 + c1 t.
  series(const ball& c0, const ball& c1) : series(c0) { arb_poly_set_coeff_arb(p_, 1, c1.get()); }
  series(const series& s) : series() { *this = s; }
  series(series&& s) noexcept : series() { *this = std::move(s); }
  series& operator=(const series& s) {
    arb_poly_set(p_, s.p_);
    positive_ = s.positive_;
    return *this;
  }
  series& operator=(series&& s) noexcept {
    arb_poly_swap(p_, s.p_);
    positive_ = s.positive_;
    return *this;
  }
  ~series() { arb_poly_clear(p_); }

  ball coefficient(slong n) const {
    ball c;
    arb_poly_get_coeff_arb(c.get(), p_, n);
    return std::move(c).known_positive(n == 0 && positive_);
  }
  bool positive() const { return coefficient(0).positive(); }

  friend series operator+(const series& a, const series& b) {
    series y;
    arb_poly_add(y.p_, a.p_, b.p_, ball_mode.bits);
    y.positive_ = a.positive() && b.positive();
    return y;
  }
  friend series operator-(const series& a, const series& b) {
    series y;
    arb_poly_sub(y.p_, a.p_, b.p_, ball_mode.bits);
    return y;
  }
  friend series operator*(const series& a, const series& b) {
    series y;
    arb_poly_mullow(y.p_, a.p_, b.p_, ball_mode.terms, ball_mode.bits);
    y.positive_ = a.positive() && b.positive();
    return y;
  }
  friend series operator/(const series& a, const series& b) {
    series y;
    arb_poly_div_series(y.p_, a.p_, b.p_, ball_mode.terms, ball_mode.bits);
    y.positive_ = a.positive() && b.positive();
    return y;
  }
  friend series operator-(const series& a) {
    series y;
    arb_poly_neg(y.p_, a.p_);
    return y;
  }
  friend bool operator>(const series& a, const series& b) { return a.coefficient(0) > b.coefficient(0); }
  friend bool operator==(const series& a, const series& b) { return a.coefficient(0) == b.coefficient(0); }

  friend series max(const series& a, const series& b) { return a > b ? a : b; }
  friend series min(const series& a, const series& b) { return b > a ? a : b; }
  friend series abs(const series& x) { return series(0) > x ? -x : x; }

  friend series exp(const series& x) {
    const ball c0 = exp(x.coefficient(0));
    series y = made(arb_poly_exp_series, with_constant(x, ball(0)));
    arb_poly_scalar_mul(y.p_, y.p_, c0.get(), ball_mode.bits);
    y.positive_ = true;
    return y;
  }
  friend series expm1(const series& x) { return with_constant(exp(x), expm1(x.coefficient(0))); }
  friend series log(const series& x) { return made(arb_poly_log_series, x); }
  friend series log1p(const series& x) { return made(arb_poly_log1p_series, x); }
  friend series erf(const series& x) { return made(arb_hypgeom_erf_series, x); }
  friend series erfc(const series& x) { return made(arb_hypgeom_erfc_series, x); }
  friend series pow(const series& x, const series& y) {
    series z;
    arb_poly_pow_series(z.p_, x.p_, y.p_, ball_mode.terms, ball_mode.bits);
    return z;
  }
  friend series sin(const series& x) { return made(arb_poly_sin_series, x); }
  friend series cos(const series& x) { return made(arb_poly_cos_series, x); }
  friend series sqrt(const series& x) { return arb_poly_is_zero(x.p_) != 0 ? x : made(arb_poly_sqrt_series, x); }
  /// The integral of x' 4 e / (1 + e)^2, e = exp(-2 |x|), which keeps its digits where tanh is flat.
  friend series tanh(const series& x) {
    const series e = exp(series(-2) * (series(0) > x ? -x : x)), below = series(1) + e;
    series slope, y;
    arb_poly_derivative(slope.p_, x.p_, ball_mode.bits);
    slope = slope * series(4) * e / (below * below);
    arb_poly_integral(y.p_, slope.p_, ball_mode.bits);
    arb_poly_truncate(y.p_, ball_mode.terms);
    return with_constant(std::move(y), tanh(x.coefficient(0)));
  }

 private:
  static series made(void (*f)(arb_poly_t, const arb_poly_t, slong, slong), const series& x) {
    series y;
    f(y.p_, x.p_, ball_mode.terms, ball_mode.bits);
    return y;
  }
  static series with_constant(series y, const ball& c0) {
    arb_poly_set_coeff_arb(y.p_, 0, c0.get());
    y.positive_ = c0.positive();
    return y;
  }

  arb_poly_t p_;
  bool positive_ = false;  // of c0
};

}  // namespace axiograd::conformance

template <>
struct axiograd::constant_pi<axiograd::conformance::ball> {
  static conformance::ball value() {
    conformance::ball x;
    arb_const_pi(x.get(), conformance::ball_mode.bits);
    return x;
  }
};
template <>
struct axiograd::constant_pi<axiograd::conformance::series> {
  static conformance::series value() { return conformance::series(constant_pi<conformance::ball>::value()); }
};
