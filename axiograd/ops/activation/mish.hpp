#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>

namespace axiograd {

/// mish(x) = x tanh(softplus(x)), elementwise.
struct mish_op {
  static constexpr op_info info{.name = "mish",
                                .formula = "x tanh(log(1 + exp(x)))",
                                .derivative = "t + x tanh'(softplus(x)) s, t = tanh(softplus(x)), s = sigmoid(x)",
                                .edges = "total; NaN propagates; NaN at -inf",
                                .source = "Misra 2019",
                                .torch = "torch.nn.functional.mish; same"};
  static constexpr op_facts facts{.max_ulp = 8, .derivative_max_ulp = 64};
  static constexpr double samples[]{-80, -5, -1.2, -1, 0, 1, 5, 80};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return x * tanh(softplus(x));
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const T p = softplus(x);
    return tanh(p) + x * tanh_op{}.derivative(p, p) * sigmoid(x);
  }

  /// The declared accuracy holds away from the root of the derivative at -1.1924; there its error is a few roundings of 1.
  constexpr bool bounded_at(double x) const { return x < -1.35 || x > -1.05; }
};
AXG_OPERATOR(mish)

}  // namespace axiograd
