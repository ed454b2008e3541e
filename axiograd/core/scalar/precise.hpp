#pragma once
// Numbers of twice the precision, for the few places of a definition where a rounding would be magnified.

#include <axiograd/core/scalar/scalar.hpp>
#include <limits>
#include <numbers>
#include <type_traits>

namespace axiograd {

template <class T>
struct double_word;
template <class T>
inline constexpr algebra algebra_of<double_word<T>>{.ring = true, .ordered = true, .division = true, .analytic = true};

/// Whether arithmetic on T rounds, so that it can be carried on in two parts: floating-point numbers and vectors of them. Other
/// scalars are exact, or know their own error.
template <class T>
inline constexpr bool rounds = std::floating_point<T>;

/// The floating-point type that T is, or that its lanes are.
template <class T>
struct element_type {
  using type = T;
};
template <class T>
  requires requires { typename T::element; }
struct element_type<T> {
  using type = typename T::element;
};
template <class T>
using element_of = typename element_type<T>::type;

/// Twice the precision of T where T rounds, T itself where not: an expression in it means the same mathematics either way.
template <class T>
using precise = std::conditional_t<rounds<T>, double_word<T>, T>;

/// The number in T nearest to one in precise<T>.
template <class T>
AXG_HD constexpr const T& rounded(const T& x) {
  return x;
}
template <class T>
AXG_HD constexpr T rounded(const double_word<T>& x) {
  return x.high;
}

/// The sum high + low of two numbers, |low| <= ulp(high) / 2. A sum, product or quotient is good to a few roundings of the
/// low part, but for sums that cancel and results that underflow. What overflows is infinite, as in T.
/// Source: Dekker 1971; Joldes, Muller & Popescu 2017.
template <class T>
struct double_word {
  T high, low;

  AXG_HD constexpr explicit(false) double_word(const T& x) : high(x), low(0) {}
  AXG_HD constexpr explicit(false) double_word(int x)
    requires(!std::same_as<T, int>)
      : high(static_cast<T>(x)), low(0) {}
  /// The double as it is, also where T has fewer digits.
  AXG_HD constexpr explicit(false) double_word(double x)
    requires(!std::same_as<T, double>)
      : high(static_cast<T>(x)), low(static_cast<T>(x - first_part(x))) {}
  AXG_HD constexpr double_word(const T& of_high, const T& of_low) : high(of_high), low(of_low) {}

  /// a + b where |a| >= |b| or a = 0.
  static AXG_HD constexpr double_word fast_sum(const T& a, const T& b) {
    const T sum = a + b;
    return {sum, b - (sum - a)};
  }

  friend AXG_HD constexpr double_word operator+(const double_word& a, const double_word& b) {
    const T sum = a.high + b.high, of_b = sum - a.high;
    const T error = (a.high - (sum - of_b)) + (b.high - of_b);
    return corrected(sum, error + (a.low + b.low));
  }
  friend AXG_HD constexpr double_word operator-(const double_word& a) { return {-a.high, -a.low}; }
  friend AXG_HD constexpr double_word operator-(const double_word& a, const double_word& b) { return a + -b; }
  friend AXG_HD constexpr double_word operator*(const double_word& a, const double_word& b) {
    const T product = a.high * b.high;
    return corrected(product, product_error(a.high, b.high, product) + (a.high * b.low + a.low * b.high));
  }
  friend AXG_HD constexpr double_word operator/(const double_word& a, const double_word& b) {
    const T reciprocal = T(1) / b.high, quotient = a.high * reciprocal, product = quotient * b.high;
    const T rest = ((a.high - product) - product_error(quotient, b.high, product)) + (a.low - quotient * b.low);
    return corrected(quotient, rest * reciprocal);
  }
  friend AXG_HD constexpr auto operator>(const double_word& a, const double_word& b) {
    return (a.high - b.high) + (a.low - b.low) > T(0);
  }

  /// For conditions of lanes.
  template <class Condition>
    requires(!std::same_as<Condition, bool>)
  friend AXG_HD constexpr double_word select(const Condition& condition, const double_word& a, const double_word& b) {
    return {select(condition, a.high, b.high), select(condition, a.low, b.low)};
  }
  friend AXG_HD constexpr double_word abs(const double_word& x) { return select(T(0) > x.high, -x, x); }
  friend AXG_HD constexpr double_word sqrt(const double_word& x) {
    const T root = sqrt(x.high), square = root * root;
    const T rest = ((x.high - square) - product_error(root, root, square)) + x.low;
    return corrected(root, rest / (root + root));
  }
  /// As good as exp in T, times 1 + low; vectors have a better one.
  friend AXG_HD constexpr double_word exp(const double_word& x)
    requires std::floating_point<T>
  {
    const T y = exp(x.high);
    return {y, y > T(0) && !(y > std::numeric_limits<T>::max()) ? y * x.low : T(0)};
  }

 private:
  /// x + error; x itself where something overflowed and the error is no number.
  static AXG_HD constexpr double_word corrected(const T& x, const T& error) {
    return fast_sum(x, select(T(std::numeric_limits<double>::infinity()) > abs(error), error, T(0)));
  }
  static AXG_HD constexpr double first_part(double x) { return static_cast<double>(static_cast<element_of<T>>(x)); }
};

template <class T>
struct constant_pi<double_word<T>> {
  static AXG_HD constexpr double_word<T> value() {
    constexpr double high = static_cast<double>(static_cast<element_of<T>>(std::numbers::pi));
    constexpr double low = (std::numbers::pi - high) + 0x1.1a62633145c07p-53;  // of pi - (double)pi
    return {static_cast<T>(high), static_cast<T>(low)};
  }
};

}  // namespace axiograd
