#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// abs(x) = |x|, elementwise; the derivative at 0 is 0.
struct abs_op {
  static constexpr op_info info{.name = "abs",
                                .formula = "|x|",
                                .derivative = "sign(x)",
                                .edges = "sign(0) = 0; NaN propagates in the value",
                                .source = "contract 4",
                                .torch = "torch.abs; same"};
  static constexpr op_facts facts{.bend = curvature::convex};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& x) const {
    return abs(x);
  }
  template <ordered_ring T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return select(x > T(0), T(1), select(T(0) > x, T(-1), T(0)));
  }
};
AXG_OPERATOR(abs)

}  // namespace axiograd
