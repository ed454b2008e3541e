#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// smooth_abs(x) = sqrt(x^2 + epsilon), elementwise.
///
/// Attributes: epsilon, default 1e-6.
struct smooth_abs_op {
  static constexpr op_info info{.name = "smooth_abs",
                                .formula = "sqrt(x^2 + epsilon)",
                                .derivative = "x / sqrt(x^2 + epsilon)",
                                .edges = "f'(0) = 0 for epsilon > 0; NaN propagates",
                                .source = "contract 3",
                                .torch = "none"};
  static constexpr op_facts facts{.bend = curvature::convex, .max_ulp = 2, .derivative_max_ulp = 3};

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &smooth_abs_op::epsilon, "added inside the root"}};
  }
  static constexpr double test_points[]{-10, -1e-3, 0, 1e-3, 1, 100};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    const T a = abs(x), e = epsilon.as<T>();
    return select(a > T(1), a * sqrt(T(1) + e / (x * x)), sqrt(x * x + e));  // x * x may overflow
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T& y) const {
    return x / y;
  }
};
AXG_OPERATOR(smooth_abs)

}  // namespace axiograd
