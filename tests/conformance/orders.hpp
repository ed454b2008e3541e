#pragma once
// Higher derivatives of a subject at one point, along one direction, by duals of duals.

#include <array>
#include <cstdio>

#include "check.hpp"

namespace axiograd::conformance {

/// T with n levels of duals.
template <class T, int N>
struct nested {
  using type = dual<typename nested<T, N - 1>::type>;
};
template <class T>
struct nested<T, 0> {
  using type = T;
};

/// x as a constant.
template <class T, int N>
typename nested<T, N>::type constant(const T& x) {
  if constexpr (N == 0)
    return x;
  else
    return {constant<T, N - 1>(x), constant<T, N - 1>(T(0))};
}
/// x + v (e1 + e2 + ...): what a function makes of it has the k-th derivative along v beside e1 ... ek.
template <class T, int N>
typename nested<T, N>::type along([[maybe_unused]] const T& x, const T& v) {
  if constexpr (N == 0)
    return x;
  else
    return {along<T, N - 1>(x, v), constant<T, N - 1>(v)};
}
inline ball primal(const ball& x) { return x; }
inline double primal(double x) { return x; }
template <class T>
auto primal(const dual<T>& x) {
  return primal(x.v);
}
/// The derivatives of order 0, 1, ..., n.
template <int N, class T, class Number>
void orders_of(const T& y, Number* to) {
  *to = primal(y);
  if constexpr (N > 0) orders_of<N - 1>(y.d, to + 1);
}

inline std::string to_text(double x) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.17g", x);
  return text.data();
}

/// What both sides of a point say of a function there: up to which order it is smooth.
struct two_sides {
  ball before, after;

  bool finite() const { return before.finite() && after.finite(); }
  bool agree() const { return near(before, after, 1e-12); }
  /// Between the sides, where they differ.
  bool encloses(const ball& x) const {
    const double a = before.midpoint(), b = after.midpoint(), slack = 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
    return x.finite() && x.midpoint() >= std::min(a, b) - slack && x.midpoint() <= std::max(a, b) + slack;
  }
  static bool near(const ball& a, const ball& b, double tolerance) {
    const ball difference = a - b;
    return difference.finite() &&
           std::abs(difference.midpoint()) + difference.radius() <= tolerance * std::max(1.0, std::abs(b.midpoint()));
  }
};

/// The doubles on both sides of each border between two branches of the operator, along one axis through `at`.
std::vector<double> borders(const subject&, const call&, const std::vector<double>& at, std::size_t axis);

}  // namespace axiograd::conformance
