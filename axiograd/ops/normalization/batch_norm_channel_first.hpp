#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/normalization/parts/norm_groups.hpp>

namespace axiograd {

/// batch_norm_channel_first(x, gamma, beta): each channel of one image shifted to mean 0 and scaled to variance 1, then
/// gamma z + beta. With leading axes every image has statistics of its own: instance normalisation.
///
/// Shapes: x (C,H,W), gamma and beta (C); leading axes before x, gamma and beta are shared.
/// Attributes: epsilon, default 1e-6, added to the variance inside the root.
/// Errors: shape_mismatch; invalid_parameter when an extent is 0.
struct batch_norm_channel_first_op {
  static constexpr op_info info{
      .name = "batch_norm_channel_first",
      .inputs = "x, weight, bias",
      .formula = "y = gamma z + beta, z = (x - mean x) / sqrt(mean (x - mean x)^2 + epsilon) over the positions of a channel",
      .derivative = "dx = r (g - mean g - z mean(g z)), g = dy gamma, r = 1 / sqrt(var + epsilon)",
      .edges = "one position gives beta and dx = 0; NaN propagates",
      .source = "Ioffe & Szegedy 2015; contract 11.2",
      .torch = "torch.nn.functional.instance_norm(x, weight, bias); there eps = 1e-5"};
  // The derivative reaches 1 / sqrt(epsilon) = 1000; its error is bounded in roundings of 1.
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 4096};
  using kind = family::custom;
  static constexpr arity in{.tensors = 3};
  static constexpr sample_ranks ranks{3, 1, 1};
  static constexpr input_set shared{1, 2};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &batch_norm_channel_first_op::epsilon, "added to the variance"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& gamma, const shape& beta) const {
    if (gamma != beta || gamma[0] != x[0])
      return {error_kind::shape_mismatch, "shapes {shapes} do not fit (C,H,W), (C) and (C)"};
    if (!x.well_formed()) return {error_kind::invalid_parameter, "nothing to normalise in shapes {shapes}"};
    return x;
  }

  /// What is normalised together.
  static norm_groups groups_of(const shape& x) {
    const int64_t n = x.from(1).size();
    return {.groups = x[0], .cycle = x[0], .group_step = n, .blocks = 1, .block_step = 0, .channels = 1, .inner = n};
  }

  template <class T>
  void forward(const view<const T>& x, const view<const T>& gamma, const view<const T>& beta, const view<T>& y) const {
    groups_of(*x.dims).forward(x.data, gamma.data, beta.data, epsilon.as<T>(), y.data);
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& gamma, const view<const T>&, const view<const T>&,
           const view<const T>& dy, const view<T>& dx, const view<T>& dgamma, const view<T>& dbeta) const {
    groups_of(*x.dims).vjp(x.data, gamma.data, epsilon.as<T>(), dy.data, dx.data, dgamma.data, dbeta.data);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t c = draw.length(1, 4), h = draw.positive_extent();
    return draw.test_case(batch_norm_channel_first_op{}, shape{c, h, draw.positive_extent()}, shape{c}, shape{c});
  }
};
AXG_OPERATOR(batch_norm_channel_first)

}  // namespace axiograd
