#include <axiograd/core/scalar/interval.hpp>

// MPFR last: it looks at what the standard headers defined.
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>

namespace axiograd {
namespace {

using mpfr_function = int(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);

/// A number of 53 bits whose memory lies on the stack.
struct mpfr53 {
  mp_limb_t limbs[(53 + GMP_NUMB_BITS - 1) / GMP_NUMB_BITS];
  mpfr_t x;

  mpfr53() {
    mpfr_custom_init(limbs, 53);
    mpfr_custom_init_set(x, MPFR_NAN_KIND, 0, 53, limbs);
  }
  mpfr53(const mpfr53&) = delete;
  mpfr53& operator=(const mpfr53&) = delete;
};

/// f(x) rounded once: both steps round to the same side, and the doubles are among the numbers of 53 bits.
double rounded_to(mpfr_rnd_t side, mpfr_function& f, double x) {
  mpfr53 t;
  mpfr_set_d(t.x, x, MPFR_RNDN);
  f(t.x, t.x, side);
  return mpfr_get_d(t.x, side);
}
double down(mpfr_function& f, double x) { return rounded_to(MPFR_RNDD, f, x); }
double up(mpfr_function& f, double x) { return rounded_to(MPFR_RNDU, f, x); }

/// x^y rounded once. A zero x is +0: numbers just below 0 are not meant.
double rounded_power(double x, double y, mpfr_rnd_t side) {
  mpfr53 a, b;
  mpfr_set_d(a.x, x, MPFR_RNDN);
  mpfr_abs(a.x, a.x, MPFR_RNDN);
  mpfr_set_d(b.x, y, MPFR_RNDN);
  mpfr_pow(a.x, a.x, b.x, side);
  return mpfr_get_d(a.x, side);
}

interval increasing(mpfr_function& f, const interval& x) { return {down(f, x.lo()), up(f, x.hi())}; }

/// The same for f on [boundary, inf).
interval increasing_from(double boundary, mpfr_function& f, const interval& x) {
  if (x.hi() < boundary) return interval::whole();
  return {down(f, x.lo() > boundary ? x.lo() : boundary), up(f, x.hi())};
}

/// The range of sin or cos. The signs of the derivative at both ends tell whether an even or odd number of extrema lies
/// between, and the width, whether more than one does: they are pi apart.
interval wave(mpfr_function& f, bool rising_at_lo, bool rising_at_hi, const interval& x) {
  const double width = x.width();
  const interval pi = constant_pi<interval>::value();
  if (width >= 2 * pi.lo() || (rising_at_lo == rising_at_hi && width >= pi.lo())) return {-1, 1};
  const interval at_ends = hull({down(f, x.lo()), up(f, x.lo())}, {down(f, x.hi()), up(f, x.hi())});
  if (rising_at_lo == rising_at_hi) return at_ends;
  return rising_at_lo ? interval(at_ends.lo(), 1) : interval(-1, at_ends.hi());
}

}  // namespace

interval exp(const interval& x) { return increasing(mpfr_exp, x); }
interval expm1(const interval& x) { return increasing(mpfr_expm1, x); }
interval log(const interval& x) { return increasing_from(0, mpfr_log, x); }
interval log1p(const interval& x) { return increasing_from(-1, mpfr_log1p, x); }
interval tanh(const interval& x) { return increasing(mpfr_tanh, x); }
interval erf(const interval& x) { return increasing(mpfr_erf, x); }
interval erfc(const interval& x) { return {down(mpfr_erfc, x.hi()), up(mpfr_erfc, x.lo())}; }
// Monotone in x for each y and in y for each x, so the corners bound it.
interval pow(const interval& x, const interval& y) {
  if (!(x.lo() >= 0)) return interval::whole();
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const double a : {x.lo(), x.hi()})
    for (const double b : {y.lo(), y.hi()}) {
      least = std::min(least, rounded_power(a, b, MPFR_RNDD));
      most = std::max(most, rounded_power(a, b, MPFR_RNDU));
    }
  return std::isnan(least) || std::isnan(most) ? interval::whole() : interval(least, most);
}

interval sin(const interval& x) {
  if (std::isinf(x.lo()) || std::isinf(x.hi())) return {-1, 1};
  return wave(mpfr_sin, down(mpfr_cos, x.lo()) > 0, down(mpfr_cos, x.hi()) > 0, x);
}
interval cos(const interval& x) {
  if (std::isinf(x.lo()) || std::isinf(x.hi())) return {-1, 1};
  return wave(mpfr_cos, up(mpfr_sin, x.lo()) <= 0, up(mpfr_sin, x.hi()) <= 0, x);
}

bool sound_environment() {
  volatile double smallest_normal = 0x1p-1022;
  return smallest_normal * 0.5 != 0;  // FTZ makes the product 0, DAZ the comparison
}
void impl::throw_flushed() {
  throw std::domain_error("interval: subnormal numbers are flushed to 0 or read as 0 here (FTZ or DAZ is set)");
}

std::ostream& operator<<(std::ostream& out, const interval& x) {
  const auto precision = out.precision(17);
  out << '[' << x.lo() << ", " << x.hi() << ']';
  out.precision(precision);
  return out;
}

}  // namespace axiograd
