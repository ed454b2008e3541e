#pragma once

#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// poisson_loss(x, t) = mean of e^x - t x over all entries; x is the logarithm of the rate.
///
/// Attributes: reduction, default mean.
/// Errors: shape_mismatch.
struct poisson_loss_op {
  static constexpr op_info info{.name = "poisson_loss",
                                .inputs = "x, target",
                                .formula = "sum (exp(x) - t x) / N",
                                .derivative = "dx = (exp(x) - t) dy / N, dt = -x dy / N",
                                .edges = "an empty tensor gives 0; NaN propagates",
                                .source = "contract 14",
                                .torch = "torch.nn.functional.poisson_nll_loss(log_input=True, full=False)"};
  static constexpr op_facts facts{};

  AXG_POINTWISE_LOSS(poisson_loss)

  template <analytic T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    return exp(x) - t * x;
  }
  template <analytic T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    return {exp(x) - t, -x};
  }
};
AXG_OPERATOR(poisson_loss)

}  // namespace axiograd
