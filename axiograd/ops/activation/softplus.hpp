#pragma once

#include <axiograd/core/scalar/precise.hpp>
#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log1p.hpp>

namespace axiograd {

/// softplus(x) = log(1 + e^x), elementwise; a smooth max(x, 0).
struct softplus_op {
  static constexpr op_info info{.name = "softplus",
                                .formula = "log(1 + exp(x))",
                                .derivative = "1 / (1 + exp(-x))",
                                .edges = "total; NaN propagates",
                                .source = "Dugas et al., NIPS 2000",
                                .torch = "torch.nn.functional.softplus; it returns x for x > 20 (difference below 3e-9)"};
  static constexpr op_facts facts{
      .order = monotone::increasing, .bend = curvature::convex, .max_ulp = 2, .derivative_max_ulp = 1};
  static constexpr double test_points[]{-750, -30, -1, 0, 1, 30, 750};

  // max(x,0) + log1p(e^-|x|): no overflow, full precision for x << 0.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return max(x, T(0)) + log1p(rounded(exp_in_parts(-abs_by_branch(x))));
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return sigmoid(x);
  }
};
AXG_OPERATOR(softplus)

}  // namespace axiograd
