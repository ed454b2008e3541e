#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// smooth_l1_loss(x, t) = huber_loss(x, t) / beta: mean over all entries of d^2 / (2 beta) where |d| < beta, else
/// |d| - beta / 2, d = x - t.
///
/// Attributes: reduction, default mean; beta, default 1.
/// Errors: shape_mismatch; invalid_parameter unless beta > 0.
struct smooth_l1_loss_op {
  static constexpr op_info info{.name = "smooth_l1_loss",
                                .inputs = "x, target",
                                .formula = "sum h(x - t) / N, h(d) = d^2 / (2 beta) for |d| < beta, else |d| - beta / 2",
                                .derivative = "dx = clamp((x - t) / beta, -1, 1) dy / N, dt = -dx",
                                .edges = "an empty tensor gives 0; NaN propagates",
                                .source = "Girshick 2015, eq. 3; contract C5",
                                .torch = "torch.nn.functional.smooth_l1_loss(beta=beta); an empty mean is NaN there"};
  static constexpr op_facts facts{};

  double beta = 1;
  AXG_POINTWISE_LOSS(smooth_l1_loss)
  static constexpr auto own_attributes() {
    return attribute_list{attribute{"beta", &smooth_l1_loss_op::beta, "where the parabola ends"}};
  }
  constexpr shape_result check() const {
    if (!(beta > 0)) return {error_kind::invalid_parameter, "beta must be positive"};
    return shape{};
  }

  template <field T>
    requires ordered_ring<T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    const T d = abs_by_branch(x - t), w = T(beta);
    return select(w > d, d * d / (w + w), d - w / T(2));
  }
  template <field T>
    requires ordered_ring<T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T s = max(min((x - t) / T(beta), T(1)), T(-1));
    return {s, -s};
  }
};
AXG_OPERATOR(smooth_l1_loss)

}  // namespace axiograd
