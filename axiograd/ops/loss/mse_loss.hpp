#pragma once

#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// mse_loss(x, t) = mean of (x - t)^2 over all entries, a scalar.
///
/// Attributes: reduction, default mean.
/// Errors: shape_mismatch.
struct mse_loss_op {
  static constexpr op_info info{.name = "mse_loss",
                                .inputs = "x, target",
                                .formula = "sum (x - t)^2 / N",
                                .derivative = "dx = 2 (x - t) dy / N, dt = -dx",
                                .edges = "an empty tensor gives 0; NaN propagates",
                                .source = "contract 14, C15",
                                .torch = "torch.nn.functional.mse_loss; an empty mean is NaN there"};
  static constexpr op_facts facts{};

  AXG_POINTWISE_LOSS(mse_loss)

  template <ring T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    const T d = x - t;
    return d * d;
  }
  template <ring T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T d = x - t;
    return {d + d, -(d + d)};
  }
};
AXG_OPERATOR(mse_loss)

}  // namespace axiograd
