#pragma once

#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/sign.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// mae_loss(x, t) = mean of |x - t| over all entries, a scalar.
///
/// Attributes: reduction, default mean.
/// Errors: shape_mismatch.
struct mae_loss_op {
  static constexpr op_info info{.name = "mae_loss",
                                .inputs = "x, target",
                                .formula = "sum |x - t| / N",
                                .derivative = "dx = sign(x - t) dy / N, dt = -dx",
                                .edges = "an empty tensor gives 0; sign(0) = 0; NaN propagates in the value",
                                .source = "contract 14",
                                .torch = "torch.nn.functional.l1_loss; an empty mean is NaN there"};
  static constexpr op_facts facts{};

  AXG_POINTWISE_LOSS(mae_loss)

  template <ordered_ring T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    return abs(x - t);
  }
  template <ordered_ring T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T s = sign(x - t);
    return {s, -s};
  }
};
AXG_OPERATOR(mae_loss)

}  // namespace axiograd
