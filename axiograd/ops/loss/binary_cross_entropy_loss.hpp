#pragma once

#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// binary_cross_entropy_loss(x, t) = mean of -(t log p + (1 - t) log(1 - p)) over all entries, p = clamp(x, epsilon,
/// 1 - epsilon).
///
/// Attributes: reduction, default mean; epsilon, default 1e-6. Targets are not checked.
/// Errors: shape_mismatch.
struct binary_cross_entropy_loss_op {
  static constexpr op_info info{
      .name = "binary_cross_entropy_loss",
      .inputs = "x, target",
      .formula = "-sum (t log p + (1 - t) log(1 - p)) / N, p = clamp(x, epsilon, 1 - epsilon)",
      .derivative = "dx = (x - t) / (x (1 - x)) dy / N inside the clip, else 0; dt = (log(1 - p) - log p) dy / N",
      .edges = "an empty tensor gives 0; 0 at and beyond the clip; NaN propagates in the value",
      .source = "contract 14, C7",
      .torch = "torch.nn.functional.binary_cross_entropy; it clips the logarithm at -100"};
  static constexpr op_facts facts{};

  ratio epsilon = default_epsilon;
  AXG_POINTWISE_LOSS(binary_cross_entropy_loss)
  static constexpr auto own_attributes() {
    return attribute_list{attribute{"epsilon", &binary_cross_entropy_loss_op::epsilon, "distance of the clip from 0 and 1"}};
  }

  // 1 - x is clipped like x: 1 - epsilon has lost most digits of epsilon.
  template <analytic T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    return -(t * log(clipped(x)) + (T(1) - t) * log(clipped(T(1) - x)));
  }
  template <analytic T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T p = clipped(x), q = clipped(T(1) - x), e = epsilon.as<T>();
    const T inside = select(x > e, select(T(1) - x > e, T(1), T(0)), T(0));
    return {inside * ((p - t) / (p * q)), log(q) - log(p)};
  }

 private:
  template <analytic T>
  AXG_HD constexpr T clipped(const T& x) const {
    return min(max(x, epsilon.as<T>()), T(1) - epsilon.as<T>());
  }
};
AXG_OPERATOR(binary_cross_entropy_loss)

}  // namespace axiograd
