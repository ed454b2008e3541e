#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/expm1.hpp>
#include <axiograd/ops/arithmetic/parts/hyperbolic.hpp>

namespace axiograd {

/// cosh(x) = (e^x + e^-x) / 2, elementwise.
struct cosh_op {
  static constexpr op_info info{.name = "cosh",
                                .formula = "(exp(x) + exp(-x)) / 2",
                                .derivative = "sinh(x)",
                                .edges = "even; overflows to inf; NaN propagates",
                                .source = "contract 3",
                                .torch = "torch.cosh; same"};
  static constexpr op_facts facts{.bend = curvature::convex, .max_ulp = 4, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-80, -2, -1e-4, 0, 1e-4, 1, 80};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return hyperbolic_cosine(x);
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return hyperbolic_sine(x);
  }
};
AXG_OPERATOR(cosh)

}  // namespace axiograd
