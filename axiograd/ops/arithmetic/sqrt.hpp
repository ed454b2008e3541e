#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// sqrt(x) = the square root of max(x, 0), elementwise.
struct sqrt_op {
  static constexpr op_info info{.name = "sqrt",
                                .formula = "sqrt(max(x, 0))",
                                .derivative = "1 / (2 sqrt x) for x > 0, else 0",
                                .edges = "0 and derivative 0 for x <= 0; NaN propagates in the value",
                                .source = "contract 4",
                                .torch = "torch.sqrt; there NaN below 0 and an infinite derivative at 0"};
  static constexpr op_facts facts{.order = monotone::increasing, .max_ulp = 0.5, .derivative_max_ulp = 1.5};
  static constexpr double test_points[]{-1, 0, 1e-30, 0.25, 2, 1e30};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return sqrt(max(x, T(0)));
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T& y) const {
    return select(x > T(0), T(0.5) / select(x > T(0), y, T(1)), T(0));
  }
};
AXG_OPERATOR(sqrt)

}  // namespace axiograd
