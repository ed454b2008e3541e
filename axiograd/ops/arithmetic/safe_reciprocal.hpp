#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// safe_reciprocal(x) = 1 / (x + epsilon), elementwise.
///
/// Attributes: epsilon, default 1e-6. Still singular at x = -epsilon, which is not checked.
struct safe_reciprocal_op {
  static constexpr op_info info{.name = "safe_reciprocal",
                                .formula = "1 / (x + epsilon)",
                                .derivative = "-1 / (x + epsilon)^2",
                                .edges = "infinite at -epsilon; NaN propagates",
                                .source = "contract 15",
                                .torch = "torch.reciprocal(x + eps)"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 4};

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &safe_reciprocal_op::epsilon, "added to x"}};
  }
  static constexpr double test_points[]{-10, -1, 0, 0.5, 3};

  template <field T>
  AXG_HD constexpr T value(const T& x) const {
    return T(1) / (x + epsilon.as<T>());
  }
  template <field T>
  AXG_HD constexpr T derivative(const T&, const T& y) const {
    return -(y * y);
  }

  /// The declared accuracy holds where adding epsilon does not cancel.
  constexpr bool bounded_at(double x) const { return 2 * x > -epsilon.as<double>() || x < -2 * epsilon.as<double>(); }
};
AXG_OPERATOR(safe_reciprocal)

}  // namespace axiograd
