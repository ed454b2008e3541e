#pragma once

#include <gmpxx.h>

#include <axiograd/core/scalar/scalar.hpp>
#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace axiograd {

class rational;
template <>
inline constexpr algebra algebra_of<rational>{.ring = true, .ordered = true, .division = true};

/// An exact fraction n / d in lowest terms, of any size; polynomial and piecewise rational operators run on it without error.
///
/// Errors: a denominator or divisor of 0 and a double that is not finite throw std::domain_error.
/// Cost: every value owns heap memory, and the digits grow with each operation.
class rational {
 public:
  rational() = default;
  explicit(false) rational(int x) : q_(x) {}
  /// The exact dyadic value of a double.
  explicit(false) rational(double x) : q_(checked_finite(x)) {}
  /// n / d in lowest terms.
  explicit rational(std::int64_t n, std::int64_t d = 1) {
    if (d == 0) throw std::domain_error("rational: denominator is 0");
    q_ = mpq_class(mpz_class(n), mpz_class(d));
    q_.canonicalize();
  }

  friend rational operator+(const rational& a, const rational& b) { return rational(mpq_class(a.q_ + b.q_)); }
  friend rational operator-(const rational& a, const rational& b) { return rational(mpq_class(a.q_ - b.q_)); }
  friend rational operator*(const rational& a, const rational& b) { return rational(mpq_class(a.q_ * b.q_)); }
  friend rational operator/(const rational& a, const rational& b) {
    if (b.q_ == 0) throw std::domain_error("rational: division by 0");
    return rational(mpq_class(a.q_ / b.q_));
  }
  friend rational operator-(const rational& a) { return rational(mpq_class(-a.q_)); }

  friend bool operator==(const rational& a, const rational& b) { return a.q_ == b.q_; }
  friend std::strong_ordering operator<=>(const rational& a, const rational& b) { return cmp(a.q_, b.q_) <=> 0; }

  friend rational max(const rational& a, const rational& b) { return a > b ? a : b; }
  friend rational min(const rational& a, const rational& b) { return b > a ? a : b; }
  friend rational abs(const rational& x) { return x.q_ < 0 ? -x : x; }

  /// The nearest double, ties to even; +-inf where the value rounds beyond the largest double.
  double to_double() const {
    const double truncated = q_.get_d();
    if (std::isinf(truncated)) return truncated;
    const double below = std::abs(truncated);
    const double above = std::nextafter(below, HUGE_VAL);
    const mpq_class gap = std::isinf(above) ? mpq_class(0x1p971) : mpq_class(mpq_class(above) - mpq_class(below));
    const int side = cmp(mpq_class(2 * (abs(q_) - below)), gap);
    const bool up = side > 0 || (side == 0 && (std::bit_cast<std::uint64_t>(below) & 1) != 0);
    return std::copysign(up ? above : below, sgn(q_));
  }

  /// "n/d", or "n" for integers.
  friend std::string to_string(const rational& x) { return x.q_.get_str(); }
  friend std::ostream& operator<<(std::ostream& out, const rational& x) { return out << to_string(x); }

  /// The GMP number, for handing it to GMP and MPFR.
  const mpq_class& gmp() const { return q_; }

 private:
  static_assert(sizeof(long) == sizeof(std::int64_t), "gmpxx converts from long");

  explicit rational(mpq_class q) : q_(std::move(q)) {}

  static double checked_finite(double x) {
    if (!std::isfinite(x)) throw std::domain_error("rational: a double that is not finite has no exact value");
    return x;
  }

  mpq_class q_;
};

}  // namespace axiograd
