#pragma once

#include <axiograd/core/scalar/scalar.hpp>

namespace axiograd {

template <class T>
struct dual;
template <class T>
inline constexpr algebra algebra_of<dual<T>> = algebra_of<T>;

/// First-order forward-mode number v + d*eps over any scalar, nestable.
///
/// Arithmetic follows the product and quotient rules; comparisons look at the primal part only. The elementary functions are
/// the operators of those names, which carry their own derivative (see `evaluate` in families/op.hpp), so a derivative is
/// stated once in the library.
template <class T>
struct dual {
  T v{};  ///< primal part
  T d{};  ///< tangent

  AXG_HD constexpr dual() = default;
  AXG_HD constexpr explicit(false) dual(int x) : v(x), d(0) {}
  AXG_HD constexpr explicit(false) dual(double x) : v(T(x)), d(0) {}
  AXG_HD constexpr dual(const T& primal, const T& tangent) : v(primal), d(tangent) {}
  /// A constant of the level below.
  AXG_HD constexpr explicit dual(const T& primal)
    requires(!std::same_as<T, double>)
      : v(primal), d(0) {}

  friend AXG_HD constexpr dual operator+(const dual& a, const dual& b) { return {a.v + b.v, a.d + b.d}; }
  friend AXG_HD constexpr dual operator-(const dual& a, const dual& b) { return {a.v - b.v, a.d - b.d}; }
  friend AXG_HD constexpr dual operator-(const dual& a) { return {-a.v, -a.d}; }
  friend AXG_HD constexpr dual operator*(const dual& a, const dual& b) { return {a.v * b.v, a.d * b.v + a.v * b.d}; }
  friend AXG_HD constexpr dual operator/(const dual& a, const dual& b) {
    const T q = a.v / b.v;
    return {q, (a.d - q * b.d) / b.v};
  }
  friend AXG_HD constexpr auto operator>(const dual& a, const dual& b)
    requires ordered_ring<T>
  {
    return a.v > b.v;
  }
  friend bool operator==(const dual&, const dual&) = default;  // constexpr where it is on T
};

template <analytic T>
struct constant_pi<dual<T>> {
  AXG_HD static constexpr dual<T> value() { return dual<T>(pi<T>(), T(0)); }
};

/// Branches componentwise, so that a condition of lanes or of intervals carries over.
template <class Condition, class T>
  requires(!std::same_as<Condition, bool>)
AXG_HD constexpr dual<T> select(const Condition& condition, const dual<T>& a, const dual<T>& b) {
  return {select(condition, a.v, b.v), select(condition, a.d, b.d)};
}
template <ordered_ring T>
AXG_HD constexpr dual<T> max(const dual<T>& a, const dual<T>& b) {
  return {max(a.v, b.v), select(a.v > b.v, a.d, b.d)};
}
template <ordered_ring T>
AXG_HD constexpr dual<T> min(const dual<T>& a, const dual<T>& b) {
  return {min(a.v, b.v), select(b.v > a.v, a.d, b.d)};
}

}  // namespace axiograd
