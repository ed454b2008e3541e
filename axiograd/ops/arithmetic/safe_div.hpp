#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// safe_div(a, b) = a / (b + epsilon), elementwise.
///
/// Attributes: epsilon, default 1e-6. Still singular at b = -epsilon, which is not checked. Errors: shape_mismatch.
struct safe_div_op {
  static constexpr op_info info{.name = "safe_div",
                                .inputs = "a, b",
                                .formula = "a / (b + epsilon)",
                                .derivative = "1 / (b + epsilon), -a / (b + epsilon)^2",
                                .edges = "infinite at b = -epsilon; NaN propagates",
                                .source = "contract 4, 15",
                                .torch = "a / (b + eps)"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 8};
  static constexpr arity in{.tensors = 2};

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() { return attribute_list{attribute{"epsilon", &safe_div_op::epsilon, "added to b"}}; }
  static constexpr double test_points[]{-10, -1, 0.5, 3};

  template <field T>
  AXG_HD constexpr T value(const T& a, const T& b) const {
    return a / (b + epsilon.as<T>());
  }
  template <field T>
  AXG_HD constexpr partials<T, 2> derivative(const T&, const T& b, const T& y) const {
    const T r = T(1) / (b + epsilon.as<T>());
    return {r, -(y * r)};
  }

  /// The declared accuracy holds where adding epsilon does not cancel.
  constexpr bool bounded_at(double, double b) const { return 2 * b > -epsilon.as<double>() || b < -2 * epsilon.as<double>(); }
};
AXG_OPERATOR(safe_div)

}  // namespace axiograd
