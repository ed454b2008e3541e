#pragma once
// Numbers of twice the precision, for the few places of a definition where a rounding would be magnified.

#include <axiograd/core/scalar/scalar.hpp>
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
AXG_HD constexpr T rounded(const T& x) {
  return x;
}
template <class T>
AXG_HD constexpr T rounded(const double_word<T>& x) {
  return x.high + x.low;
}

/// x = leading(x) + trailing(x): the parts of a number in two parts, x and 0 of any other.
template <class T>
AXG_HD constexpr T leading(const T& x) {
  return x;
}
template <class T>
AXG_HD constexpr T leading(const double_word<T>& x) {
  return x.high;
}
template <class T>
AXG_HD constexpr T trailing(const T&) {
  return T(0);
}
template <class T>
AXG_HD constexpr T trailing(const double_word<T>& x) {
  return x.low;
}

/// a + b where |a| >= |b|: cheaper in two parts, the same in exact numbers.
template <class T>
  requires(!rounds<T>)
AXG_HD constexpr T add_smaller(const T& a, const T& b) {
  return a + b;
}

/// The sum high + low of two numbers, |low| a few times the last place of high at most. A sum, product or quotient is good to a
/// few roundings of the low part, but for sums that cancel. Nothing may overflow, except in the argument of
/// exp_in_parts.
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
    return {sum, error + (a.low + b.low)};
  }
  /// a + b where |a| >= |b|.
  friend AXG_HD constexpr double_word add_smaller(const double_word& a, const double_word& b) {
    const double_word sum = add_smaller(a.high, b);
    return {sum.high, sum.low + a.low};
  }
  friend AXG_HD constexpr double_word add_smaller(const T& a, const double_word& b) {
    const T sum = a + b.high;
    return {sum, (b.high - (sum - a)) + b.low};
  }
  friend AXG_HD constexpr double_word operator-(const double_word& a) { return {-a.high, -a.low}; }
  friend AXG_HD constexpr double_word operator-(const double_word& a, const double_word& b) { return a + -b; }
  friend AXG_HD constexpr double_word operator*(const double_word& a, const double_word& b) {
    const T product = a.high * b.high;
    return {product, plus(plus(product_error(a.high, b.high, product), a.high, b.low), a.low, b.high)};
  }
  friend AXG_HD constexpr double_word operator*(const T& a, const double_word& b) {
    const T product = a * b.high;
    return {product, plus(product_error(a, b.high, product), a, b.low)};
  }
  friend AXG_HD constexpr double_word operator/(const double_word& a, const double_word& b) {
    const T reciprocal = T(1) / b.high, quotient = a.high * reciprocal;
    const T rest = plus(residual(a.high, quotient, b.high) + a.low, -quotient, b.low);
    return {quotient, rest * reciprocal};
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
    const T root = sqrt(x.high);
    return {root, (residual(x.high, root, root) + x.low) / (root + root)};
  }

 private:
  /// c + a b, rounded once where that costs nothing.
  static AXG_HD constexpr T plus(const T& c, const T& a, const T& b) {
    if constexpr (requires { mul_add(a, b, c); })
      return mul_add(a, b, c);
    else
      return c + a * b;
  }
  static AXG_HD constexpr double first_part(double x) { return static_cast<double>(static_cast<element_of<T>>(x)); }
};

/// e^x in two parts: by the C library's function of a wider type where there is one; vectors have their own.
template <class T>
  requires(!rounds<T>)
AXG_HD constexpr T exp_in_parts(const T& x) {
  return exp(x);
}
template <std::floating_point T>
AXG_HD constexpr double_word<T> exp_in_parts(const T& x) {
#if __LDBL_MANT_DIG__ > 53 && !defined(__CUDA_ARCH__)
  using wide = std::conditional_t<std::same_as<T, float>, double, long double>;
#else
  using wide = double;
#endif
  const wide y = exp(static_cast<wide>(x));
  const T high = static_cast<T>(y);
  return {high, high - high == T(0) ? static_cast<T>(y - static_cast<wide>(high)) : T(0)};  // not where it is infinite
}
template <std::floating_point T>
AXG_HD constexpr double_word<T> exp_in_parts(const double_word<T>& x) {
  const double_word<T> y = exp_in_parts(x.high);
  return {y.high, y.high > T(0) && y.high - y.high == T(0) ? y.low + y.high * x.low : T(0)};
}

template <class T>
struct constant_pi<double_word<T>> {
  static AXG_HD constexpr double_word<T> value() {
    constexpr double high = static_cast<double>(static_cast<element_of<T>>(std::numbers::pi));
    constexpr double low = (std::numbers::pi - high) + 0x1.1a62633145c07p-53;  // of pi - (double)pi
    return {static_cast<T>(high), static_cast<T>(low)};
  }
};

}  // namespace axiograd
