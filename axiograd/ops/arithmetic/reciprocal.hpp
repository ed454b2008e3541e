#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// reciprocal(x) = 1 / x, elementwise.
struct reciprocal_op {
  static constexpr op_info info{.name = "reciprocal",
                                .formula = "1 / x",
                                .derivative = "-(1 / x)^2",
                                .edges = "inf at 0 for float and double; NaN propagates",
                                .source = "contract 4",
                                .torch = "torch.reciprocal; same"};
  static constexpr op_facts facts{.max_ulp = 0.5, .derivative_max_ulp = 2.5};
  static constexpr double test_points[]{-2, -0.5, 0.5, 2};

  template <field T>
  AXG_HD constexpr T value(const T& x) const {
    return T(1) / x;
  }
  template <field T>
  AXG_HD constexpr T derivative(const T&, const T& y) const {
    return -(y * y);
  }
};
AXG_OPERATOR(reciprocal)

}  // namespace axiograd
