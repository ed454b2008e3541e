#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// div(a, b) = a / b, elementwise.
///
/// Errors: shape_mismatch; exact numbers report b = 0 as domain_error.
struct div_op {
  static constexpr op_info info{.name = "div",
                                .inputs = "a, b",
                                .formula = "a / b",
                                .derivative = "1 / b, -(a / b) / b",
                                .edges = "b = 0 follows IEEE for float and double; NaN propagates",
                                .source = "contract 4",
                                .torch = "torch.div; it broadcasts"};
  static constexpr op_facts facts{.max_ulp = 0.5, .derivative_max_ulp = 1.5};
  static constexpr arity in{.tensors = 2};
  static constexpr double test_points[]{-2, -0.5, 0.5, 2};

  template <field T>
  AXG_HD constexpr T value(const T& a, const T& b) const {
    return a / b;
  }
  template <field T>
  AXG_HD constexpr partials<T, 2> derivative(const T&, const T& b, const T& y) const {
    return {T(1) / b, -(y / b)};
  }
};
AXG_OPERATOR(div)

}  // namespace axiograd
