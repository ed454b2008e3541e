#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// exp(x) = e^x, elementwise.
struct exp_op {
  static constexpr op_info info{.name = "exp",
                                .formula = "e^x",
                                .derivative = "e^x",
                                .edges = "overflows to inf, underflows to 0; NaN propagates",
                                .source = "contract 4",
                                .torch = "torch.exp; same"};
  static constexpr op_facts facts{
      .order = monotone::increasing, .bend = curvature::convex, .max_ulp = 1.5, .derivative_max_ulp = 1.5};
  static constexpr double test_points[]{-80, -1, 0, 1, 80};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return exp(x);
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T&, const T& y) const {
    return y;
  }
};
AXG_OPERATOR(exp)

}  // namespace axiograd
