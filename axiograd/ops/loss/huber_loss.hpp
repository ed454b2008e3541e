#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// huber_loss(x, t) = mean over all entries of d^2 / 2 where |d| < delta, else delta (|d| - delta / 2), d = x - t.
///
/// Attributes: reduction, default mean; delta, default 1.
/// Errors: shape_mismatch; invalid_parameter unless delta > 0.
struct huber_loss_op {
  static constexpr op_info info{.name = "huber_loss",
                                .inputs = "x, target",
                                .formula = "sum h(x - t) / N, h(d) = d^2 / 2 for |d| < delta, else delta (|d| - delta / 2)",
                                .derivative = "dx = clamp(x - t, -delta, delta) dy / N, dt = -dx",
                                .edges = "an empty tensor gives 0; NaN propagates",
                                .source = "Huber 1964; contract 14, C5",
                                .torch = "torch.nn.functional.huber_loss; an empty mean is NaN there"};
  static constexpr op_facts facts{};

  double delta = 1;
  AXG_POINTWISE_LOSS(huber_loss)
  static constexpr auto own_attributes() {
    return attribute_list{attribute{"delta", &huber_loss_op::delta, "where the parabola ends"}};
  }
  constexpr shape_result check() const {
    if (!(delta > 0)) return {error_kind::invalid_parameter, "delta must be positive"};
    return shape{};
  }

  template <field T>
    requires ordered_ring<T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    const T d = abs_by_branch(x - t), w = T(delta);
    return select(w > d, d * d / T(2), w * (d - w / T(2)));
  }
  template <field T>
    requires ordered_ring<T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T s = max(min(x - t, T(delta)), T(-delta));
    return {s, -s};
  }
};
AXG_OPERATOR(huber_loss)

}  // namespace axiograd
