#include <gmpxx.h>

#include <axiograd/core/scalar/rational.hpp>
#include <bit>
#include <cmath>
#include <ostream>
#include <stdexcept>

namespace axiograd {

rational::rational(double x) {
  if (!std::isfinite(x)) throw std::domain_error("rational: a double that is not finite has no exact value");
  mpq_init(q_);
  mpq_set_d(q_, x);
}

rational::rational(std::int64_t n, std::int64_t d) {
  if (d == 0) throw std::domain_error("rational: denominator is 0");
  mpq_init(q_);
  mpz_set_si(mpq_numref(q_), n);
  mpz_set_si(mpq_denref(q_), d);
  mpq_canonicalize(q_);
}

rational operator+(const rational& a, const rational& b) {
  rational y;
  mpq_add(y.q_, a.q_, b.q_);
  return y;
}
rational operator-(const rational& a, const rational& b) {
  rational y;
  mpq_sub(y.q_, a.q_, b.q_);
  return y;
}
rational operator*(const rational& a, const rational& b) {
  rational y;
  mpq_mul(y.q_, a.q_, b.q_);
  return y;
}
rational operator/(const rational& a, const rational& b) {
  if (mpq_sgn(b.q_) == 0) throw std::domain_error("rational: division by 0");
  rational y;
  mpq_div(y.q_, a.q_, b.q_);
  return y;
}
rational operator-(const rational& a) {
  rational y;
  mpq_neg(y.q_, a.q_);
  return y;
}

double rational::to_double() const {
  const double truncated = mpq_get_d(q_);
  if (std::isinf(truncated)) return truncated;
  const double below = std::abs(truncated);
  const double above = std::nextafter(below, HUGE_VAL);
  const mpq_class gap = std::isinf(above) ? mpq_class(0x1p971) : mpq_class(mpq_class(above) - mpq_class(below));
  const int side = cmp(mpq_class(2 * (abs(mpq_class(q_)) - below)), gap);
  const bool up = side > 0 || (side == 0 && (std::bit_cast<std::uint64_t>(below) & 1) != 0);
  return std::copysign(up ? above : below, mpq_sgn(q_));
}

std::string to_string(const rational& x) { return mpq_class(x.q_).get_str(); }
std::ostream& operator<<(std::ostream& out, const rational& x) { return out << to_string(x); }

}  // namespace axiograd
