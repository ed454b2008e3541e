#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/log.hpp>

namespace axiograd {

/// pow(x, y) = x^y, elementwise.
///
/// Errors: shape_mismatch.
struct pow_op {
  static constexpr op_info info{
      .name = "pow",
      .inputs = "x, y",
      .formula = "x^y",
      .derivative = "y x^(y-1), x^y log x",
      .edges = "IEEE 754 pow: 1 for y = 0, NaN for x < 0 unless y is whole; derivative 0 in x for y = 0, in y for x = 0 <= y",
      .source = "IEEE 754-2019, section 9.2",
      .torch = "torch.pow(x, y); same"};
  static constexpr op_facts facts{.max_ulp = 1.5, .derivative_max_ulp = 256};
  static constexpr arity in{.tensors = 2};
  static constexpr double test_points[]{0.1, 0.5, 1, 2, 3};

  template <analytic T>
  AXG_HD constexpr T value(const T& x, const T& y) const {
    return pow(x, y);
  }
  template <analytic T>
  AXG_HD constexpr partials<T, 2> derivative(const T& x, const T& y, const T& z) const {
    return {zero_wins(pow(x, y - T(1)), y), select(abs(x) > T(0), z * log(x), select(y > T(0), T(0), z * log(x)))};
  }

  /// The declared accuracy holds where 1 / x is a number, which y x^(y-1) passes through.
  constexpr bool bounded_at(double x, double) const { return x == 0 || x > 0x1p-126 || x < -0x1p-126; }

  /// p t, but 0 where t is, also where p is infinite or undefined: what does not move contributes nothing.
  template <analytic T>
  AXG_HD static constexpr T zero_wins(const T& p, const T& t) {
    return select(abs(t) > T(0), p * t, T(0) * t);
  }
  template <analytic T>
  AXG_HD static constexpr dual<T> zero_wins(const dual<T>& p, const dual<T>& t) {
    return {zero_wins(p.v, t.v), zero_wins(p.d, t.v) + zero_wins(p.v, t.d)};
  }
};
AXG_OPERATOR(pow)

/// On duals: the derivative in a whole exponent at a negative base is undefined, and a constant exponent does not ask for it.
template <analytic T>
AXG_HD constexpr dual<T> evaluate(const pow_op& op, const dual<T>& x, const dual<T>& y) {
  const T z = pow(x.v, y.v);
  const auto slope = op.derivative(x.v, y.v, z);
  return {z, pow_op::zero_wins(slope[0], x.d) + pow_op::zero_wins(slope[1], y.d)};
}

}  // namespace axiograd
