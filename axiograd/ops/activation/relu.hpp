#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// relu(x) = max(x, 0), elementwise; the derivative at 0 is 0.
struct relu_op {
  static constexpr op_info info{.name = "relu",
                                .formula = "max(x, 0)",
                                .derivative = "1 for x > 0, else 0",
                                .edges = "f'(0) = 0; NaN propagates in the value",
                                .source = "Nair & Hinton, ICML 2010; contract 3",
                                .torch = "torch.relu; same"};
  static constexpr op_facts facts{.order = monotone::increasing, .bend = curvature::convex};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& x) const {
    return max(x, T(0));
  }
  template <ordered_ring T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return select(x > T(0), T(1), T(0));
  }
};
AXG_OPERATOR(relu)

}  // namespace axiograd
