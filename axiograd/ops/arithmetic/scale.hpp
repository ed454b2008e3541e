#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// scale(x) = factor x, elementwise.
///
/// Attributes: factor, required; it is not a variable and gets no gradient.
struct scale_op {
  static constexpr op_info info{.name = "scale",
                                .formula = "factor x",
                                .derivative = "factor",
                                .edges = "NaN propagates",
                                .source = "contract 4",
                                .torch = "x * factor"};
  static constexpr op_facts facts{.max_ulp = 1.5, .derivative_max_ulp = 0.5};
  required<double> factor;
  static constexpr auto attributes() { return attribute_list{attribute{"factor", &scale_op::factor, "the constant"}}; }
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ring T>
  AXG_HD constexpr T value(const T& x) const {
    return T(factor.value) * x;
  }
  template <ring T>
  AXG_HD constexpr T derivative(const T&, const T&) const {
    return T(factor.value);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return draw.test_case(scale_op{.factor = draw.number(-3, 3)}, draw.any_shape());
  }
};
AXG_OPERATOR(scale)

}  // namespace axiograd
