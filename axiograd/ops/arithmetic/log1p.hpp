#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// log1p(x) = log(1 + x), elementwise, accurate near 0.
struct log1p_op {
  static constexpr op_info info{.name = "log1p",
                                .formula = "log(1 + x)",
                                .derivative = "1 / (1 + x)",
                                .edges = "-inf at -1, NaN below; NaN propagates; the domain is not checked",
                                .source = "contract 19.12",
                                .torch = "torch.log1p; same"};
  static constexpr op_facts facts{
      .order = monotone::increasing, .bend = curvature::concave, .max_ulp = 1, .derivative_max_ulp = 2};
  static constexpr double test_points[]{-0.9, -1e-3, 0, 1e-3, 1, 1e6};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return log1p(x);
  }
  template <field T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return T(1) / (T(1) + x);
  }

  /// The declared accuracy holds where there is a value.
  constexpr bool bounded_at(double x) const { return x > -1; }
};
AXG_OPERATOR(log1p)

}  // namespace axiograd
