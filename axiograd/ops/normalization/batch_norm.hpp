#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/normalization/parts/norm_groups.hpp>

namespace axiograd {

/// batch_norm(x, gamma, beta): each channel shifted to mean 0 and scaled to variance 1 over the batch and all positions, then
/// gamma z + beta: batch normalisation in training. nn::batch_norm keeps running statistics and uses them in evaluation.
///
/// Shapes: x (N,C,...), gamma and beta (C). Attributes: epsilon, default 1e-5, added to the variance inside the root.
/// Errors: shape_mismatch; invalid_parameter when an extent is 0.
struct batch_norm_op {
  static constexpr op_info info{.name = "batch_norm",
                                .inputs = "x, weight, bias",
                                .formula = "y = gamma z + beta, z = (x - mean x) / sqrt(var x + epsilon) by channel",
                                .derivative = "dx = r (g - mean g - z mean(g z)), g = dy gamma, r = 1 / sqrt(var + epsilon)",
                                .edges = "one entry for a channel gives beta and dx = 0; NaN propagates",
                                .source = "Ioffe & Szegedy 2015; contract 19.14",
                                .torch = "torch.nn.functional.batch_norm(training=True); same"};
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 4096};
  using kind = family::custom;
  static constexpr arity in{.tensors = 3};
  static constexpr input_set shared{1, 2};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  ratio epsilon{1, 100'000};
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &batch_norm_op::epsilon, "added to the variance"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& gamma, const shape& beta) const {
    if (x.rank < 2 || gamma != beta || gamma != shape{x[1]})
      return {error_kind::shape_mismatch, "shapes {shapes} do not fit (N,C,...), (C) and (C)"};
    if (!x.well_formed()) return {error_kind::invalid_parameter, "nothing to normalise in shapes {shapes}"};
    return x;
  }

  /// What is normalised together.
  static norm_groups groups_of(const shape& x) {
    const int64_t n = x.from(2).size();
    return {.groups = x[1], .cycle = x[1], .group_step = n, .blocks = x[0], .block_step = x[1] * n, .channels = 1, .inner = n};
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
    const shape x = draw.positive_shape(2);
    return draw.test_case(batch_norm_op{}, x, shape{x[1]}, shape{x[1]});
  }
};
AXG_OPERATOR(batch_norm)

}  // namespace axiograd
