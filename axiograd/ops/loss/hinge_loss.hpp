#pragma once

#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// hinge_loss(x, t) = mean of max(0, 1 - t x) over all entries, targets -1 or 1.
///
/// Attributes: reduction, default mean.
/// Errors: shape_mismatch.
struct hinge_loss_op {
  static constexpr op_info info{
      .name = "hinge_loss",
      .inputs = "x, target",
      .formula = "sum max(0, 1 - t x) / N",
      .derivative = "dx = -t [1 - t x > 0] dy / N, dt = -x [1 - t x > 0] dy / N",
      .edges = "an empty tensor gives 0; 0 at the kink; targets are not checked; NaN propagates in the value",
      .source = "contract 14",
      .torch = "no direct counterpart"};
  static constexpr op_facts facts{};

  AXG_POINTWISE_LOSS(hinge_loss)

  template <ordered_ring T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    return relu(T(1) - t * x);
  }
  template <ordered_ring T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T inside = select(T(1) - t * x > T(0), T(-1), T(0));
    return {inside * t, inside * x};
  }
};
AXG_OPERATOR(hinge_loss)

}  // namespace axiograd
