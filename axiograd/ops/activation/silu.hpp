#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/activation/parts/smaller_sigmoid.hpp>

namespace axiograd {

/// silu(x) = x sigmoid(x), elementwise; also called swish.
struct silu_op {
  static constexpr op_info info{.name = "silu",
                                .formula = "x / (1 + exp(-x))",
                                .derivative = "s(x) (1 + x s(-x)), s = sigmoid",
                                .edges = "total; NaN propagates; large -x give -0; NaN at -inf",
                                .source = "Elfwing et al. 2018; contract 3",
                                .torch = "torch.nn.functional.silu; same"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-80, -5, -1.278, -1, 0, 1, 5, 80};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    const T smaller = impl::smaller_sigmoid(x);
    return x * select(x > T(0), T(1) - smaller, smaller);
  }
  // s(x) (1 + x s(-x)) with one exponential and one quotient for both.
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const T smaller = impl::smaller_sigmoid(x), larger = T(1) - smaller;
    return select(x > T(0), larger, smaller) * (T(1) + x * select(x > T(0), smaller, larger));
  }
};
AXG_OPERATOR(silu)

}  // namespace axiograd
