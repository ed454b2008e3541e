#pragma once
// What the accurate form of a smooth function says with care, so that its derivatives on duals are right too, of every order.

#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/precise.hpp>

namespace axiograd {

/// |x| as its two branches, x where x > 0 and -x elsewhere.
///
/// For formulas in |x| of functions that are smooth at 0, as e^-|x| within a sigmoid: where everything else branches by `x > 0`
/// too, each branch is one smooth expression, and on duals the derivatives at 0 are those of the branch that 0 belongs to, of
/// every order. `abs` has slope 0 at 0: right for a function that has a kink there, wrong inside one that has none.
template <ordered_ring T>
AXG_HD constexpr T abs_by_branch(const T& x) {
  if constexpr (std::same_as<decltype(x > x), bool> && !rounds<T>)
    return select(x > T(0), x, -x);
  else
    return abs(x);  // the same number, of lanes in one instruction, of an interval without its other sign
}
template <ordered_ring T>
AXG_HD constexpr dual<T> abs_by_branch(const dual<T>& x) {
  return {abs_by_branch(x.v), select(x.v > T(0), x.d, -x.d)};
}

/// x as a constant, on duals without a tangent: for where a function has become flat and its tangent would be 0 times infinity.
template <scalar T>
AXG_HD constexpr T as_constant(const T& x) {
  return x;
}
template <scalar T>
AXG_HD constexpr dual<T> as_constant(const dual<T>& x) {
  return {as_constant(x.v), T(0)};
}

/// On duals by its own derivative -2 c x exp(-c x^2), because x^2 may overflow; c is a constant.
template <scalar T>
AXG_HD constexpr dual<T> gaussian(const dual<T>& x, const dual<T>& c) {
  const T y = gaussian(x.v, c.v);
  return {y, y * (T(-2) * c.v * x.v) * x.d};
}

}  // namespace axiograd
