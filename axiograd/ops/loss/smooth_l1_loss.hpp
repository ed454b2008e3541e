#pragma once

#include <axiograd/core/pointwise_loss.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>

namespace axiograd {

/// smooth_l1_loss(x, t) = huber_loss(x, t) / delta: mean over all entries of d^2 / (2 delta) where |d| < delta, else
/// |d| - delta / 2, d = x - t.
///
/// Attributes: delta, default 1.
/// Errors: shape_mismatch; invalid_parameter unless delta > 0.
struct smooth_l1_loss_op : pointwise_loss<smooth_l1_loss_op> {
  static constexpr op_info info{.name = "smooth_l1_loss",
                                .formula = "sum h(x - t) / N, h(d) = d^2 / (2 delta) for |d| < delta, else |d| - delta / 2",
                                .derivative = "dx = clamp((x - t) / delta, -1, 1) dy / N, dt = -dx",
                                .edges = "an empty tensor gives 0; NaN propagates",
                                .source = "Girshick 2015, eq. 3; contract C5",
                                .torch = "torch.nn.functional.smooth_l1_loss(beta=delta); an empty mean is NaN there"};
  static constexpr op_facts facts{};

  double delta = 1;
  static constexpr auto attributes() {
    return std::tuple{attribute{"delta", &smooth_l1_loss_op::delta, "where the parabola ends"}};
  }
  constexpr shape_result infer_shape(const shape& x, const shape& t) const {
    if (!(delta > 0)) return {error_kind::invalid_parameter, "delta must be positive"};
    return pointwise_loss::infer_shape(x, t);
  }

  template <field T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    const T d = abs(x - t), w = T(delta);
    return select(w > d, d * d / (w + w), d - w / T(2));
  }
  template <field T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T s = max(min((x - t) / T(delta), T(1)), T(-1));
    return {s, -s};
  }
};
AXG_OPERATOR(smooth_l1_loss)

}  // namespace axiograd
