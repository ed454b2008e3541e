#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>

namespace axiograd {

/// tanh(x), elementwise.
struct tanh_op {
  static constexpr op_info info{.name = "tanh",
                                .formula = "tanh(x)",
                                .derivative = "4 e / (1 + e)^2, e = exp(-2 |x|)",
                                .edges = "total; NaN propagates",
                                .source = "contract 3",
                                .torch = "torch.tanh; same"};
  static constexpr op_facts facts{.order = monotone::increasing, .max_ulp = 1.5, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-100, -5, -1, -1e-4, 0, 1e-4, 1, 5, 100};

  // The derivative 1 - tanh(x)^2 would lose every digit for large |x|; with z = 1 - tanh |x| it is z (2 - z).
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return tanh(x);
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const T e = exp(T(-2) * abs_by_branch(x)), z = T(2) * e / (T(1) + e);
    return z * (T(2) - z);
  }
};
AXG_OPERATOR(tanh)

}  // namespace axiograd
