#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// leaky_relu(x) = x for x > 0, else slope x, elementwise.
///
/// Attributes: slope, required.
struct leaky_relu_op {
  static constexpr op_info info{.name = "leaky_relu",
                                .formula = "x for x > 0, else slope x",
                                .derivative = "1 for x > 0, else slope",
                                .edges = "f'(0) = slope; NaN propagates",
                                .source = "Maas et al., ICML 2013; contract 3",
                                .torch = "torch.nn.functional.leaky_relu; there negative_slope = 0.01"};
  static constexpr op_facts facts{.max_ulp = 1.5, .derivative_max_ulp = 0.5};
  required<double> slope;
  static constexpr auto attributes() { return attribute_list{attribute{"slope", &leaky_relu_op::slope, "factor for x <= 0"}}; }
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  // The sum of both branches, one of which is 0: an interval around 0 stays tight.
  template <ordered_ring T>
  AXG_HD constexpr T value(const T& x) const {
    return max(x, T(0)) + T(slope.value) * min(x, T(0));
  }
  template <ordered_ring T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return select(x > T(0), T(1), T(slope.value));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return draw.test_case(leaky_relu_op{.slope = draw.number(-0.5, 1.5)}, draw.any_shape());
  }
};
AXG_OPERATOR(leaky_relu)

}  // namespace axiograd
