#pragma once

#include <gmp.h>

#include <axiograd/core/scalar/scalar.hpp>
#include <compare>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace axiograd {

class rational;
template <>
inline constexpr algebra algebra_of<rational>{.ring = true, .ordered = true, .division = true};

/// An exact fraction n / d in lowest terms, of any size; polynomial and piecewise rational operators run on it without error.
///
/// Errors: a denominator or divisor of 0 and a double that is not finite throw std::domain_error. Where memory is short GMP
/// ends the program, unless that has set GMP's memory functions to others. Cost: every value owns heap memory, and the digits
/// grow with each operation.
class rational {
 public:
  rational() { mpq_init(q_); }
  explicit(false) rational(int x) : rational(std::int64_t{x}) {}
  /// The exact dyadic value of a double.
  explicit(false) rational(double x);
  /// n / d in lowest terms.
  explicit rational(std::int64_t n, std::int64_t d = 1);

  rational(const rational& other) : rational() { mpq_set(q_, other.q_); }
  rational(rational&& other) noexcept : rational() { mpq_swap(q_, other.q_); }
  rational& operator=(const rational& other) {
    mpq_set(q_, other.q_);
    return *this;
  }
  rational& operator=(rational&& other) noexcept {
    mpq_swap(q_, other.q_);
    return *this;
  }
  ~rational() { mpq_clear(q_); }

  friend rational operator+(const rational& a, const rational& b);
  friend rational operator-(const rational& a, const rational& b);
  friend rational operator*(const rational& a, const rational& b);
  friend rational operator/(const rational& a, const rational& b);
  friend rational operator-(const rational& a);

  friend bool operator==(const rational& a, const rational& b) { return mpq_equal(a.q_, b.q_) != 0; }
  friend std::strong_ordering operator<=>(const rational& a, const rational& b) { return mpq_cmp(a.q_, b.q_) <=> 0; }

  friend rational max(const rational& a, const rational& b) { return a > b ? a : b; }
  friend rational min(const rational& a, const rational& b) { return b > a ? a : b; }
  friend rational abs(const rational& x) { return mpq_sgn(x.q_) < 0 ? -x : x; }

  /// The nearest double, ties to even; +-inf where the value rounds beyond the largest double.
  double to_double() const;
  /// The nearest double; a narrower type is rounded to from there.
  template <std::floating_point F>
  explicit operator F() const {
    return static_cast<F>(to_double());
  }

  /// "n/d", or "n" for integers.
  friend std::string to_string(const rational& x);
  friend std::ostream& operator<<(std::ostream& out, const rational& x);

  /// The GMP number, under the name that GMP's own C++ class gives it; for handing it to GMP and MPFR.
  struct gmp_number {
    mpq_srcptr q;
    mpq_srcptr get_mpq_t() const { return q; }
  };
  gmp_number gmp() const { return {q_}; }

 private:
  static_assert(sizeof(long) == sizeof(std::int64_t), "GMP converts from long");

  mpq_t q_;
};

}  // namespace axiograd
