#pragma once

#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// bce_with_logits_loss(x, t) = mean of t softplus(-x) + (1 - t) softplus(x) over all entries.
///
/// Attributes: reduction, default mean.
/// Errors: shape_mismatch.
struct bce_with_logits_loss_op {
  static constexpr op_info info{.name = "bce_with_logits_loss",
                                .inputs = "x, target",
                                .formula = "sum (t log(1 + exp(-x)) + (1 - t) log(1 + exp(x))) / N",
                                .derivative = "dx = (sigmoid(x) - t) dy / N, dt = -x dy / N",
                                .edges = "an empty tensor gives 0; no overflow; NaN propagates",
                                .source = "contract 14",
                                .torch = "torch.nn.functional.binary_cross_entropy_with_logits"};
  static constexpr op_facts facts{};

  AXG_POINTWISE_LOSS(bce_with_logits_loss)

  template <analytic T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    return t * softplus(-x) + (T(1) - t) * softplus(x);
  }
  template <analytic T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    return {sigmoid(x) - t, -x};
  }
};
AXG_OPERATOR(bce_with_logits_loss)

}  // namespace axiograd
