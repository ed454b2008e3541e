#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>

namespace axiograd {

/// expm1(x) = e^x - 1, elementwise, accurate near 0.
struct expm1_op {
  static constexpr op_info info{.name = "expm1",
                                .formula = "e^x - 1",
                                .derivative = "e^x",
                                .edges = "overflows to inf; NaN propagates",
                                .source = "contract 19.12",
                                .torch = "torch.expm1; same"};
  static constexpr op_facts facts{
      .order = monotone::increasing, .bend = curvature::convex, .max_ulp = 1.5, .derivative_max_ulp = 1.5};
  static constexpr double test_points[]{-80, -1, -1e-4, 0, 1e-4, 1, 80};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return expm1(x);
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return exp(x);
  }
};
AXG_OPERATOR(expm1)

}  // namespace axiograd
