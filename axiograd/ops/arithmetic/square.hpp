#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// square(x) = x^2, elementwise.
struct square_op {
  static constexpr op_info info{.name = "square",
                                .formula = "x^2",
                                .derivative = "2 x",
                                .edges = "overflows to inf; NaN propagates",
                                .source = "contract 15",
                                .torch = "torch.square; same"};
  static constexpr op_facts facts{.bend = curvature::convex, .max_ulp = 0.5, .derivative_max_ulp = 0.5};
  static constexpr double test_points[]{-3, -1, 0, 0.5, 2};

  template <ring T>
  AXG_HD constexpr T value(const T& x) const {
    return x * x;
  }
  template <ring T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return x + x;
  }
};
AXG_OPERATOR(square)

}  // namespace axiograd
