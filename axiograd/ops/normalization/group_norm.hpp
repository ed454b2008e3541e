#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/normalization/parts/norm_groups.hpp>

namespace axiograd {

/// group_norm(x, gamma, beta): groups of neighbouring channels shifted to mean 0 and scaled to variance 1 over all their
/// positions, then gamma z + beta by channel. One channel in a group is instance normalisation.
///
/// Shapes: x (N,C,...), gamma and beta (C). Attributes: groups, required; epsilon, default 1e-5.
/// Errors: shape_mismatch; invalid_parameter when groups do not divide the channels or an extent is 0.
struct group_norm_op {
  static constexpr op_info info{.name = "group_norm",
                                .inputs = "x, weight, bias",
                                .formula = "y = gamma z + beta, z = (x - mean x) / sqrt(var x + epsilon) by group",
                                .derivative = "dx = r (g - mean g - z mean(g z)), g = dy gamma, r = 1 / sqrt(var + epsilon)",
                                .edges = "one entry in a group gives beta and dx = 0; NaN propagates",
                                .source = "Wu & He 2018, eq. 1; contract 19.14",
                                .torch = "torch.nn.functional.group_norm; same"};
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 4096};
  using kind = family::custom;
  static constexpr arity in{.tensors = 3};
  static constexpr input_set shared{1, 2};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  required<int> groups;
  ratio epsilon{1, 100'000};
  static constexpr auto attributes() {
    return attribute_list{attribute{"groups", &group_norm_op::groups, "number of groups"},
                          attribute{"epsilon", &group_norm_op::epsilon, "added to the variance"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& gamma, const shape& beta) const {
    if (x.rank < 2 || gamma != beta || gamma != shape{x[1]})
      return {error_kind::shape_mismatch, "shapes {shapes} do not fit (N,C,...), (C) and (C)"};
    if (!x.well_formed()) return {error_kind::invalid_parameter, "nothing to normalise in shapes {shapes}"};
    if (groups < 1 || x[1] % groups != 0)
      return {error_kind::invalid_parameter, "{} groups do not divide {} channels", groups.value, x[1]};
    return x;
  }

  /// What is normalised together.
  norm_groups groups_of(const shape& x) const {
    const int64_t n = x.from(2).size(), each = x[1] / groups;
    return {.groups = x[0] * groups,
            .cycle = groups,
            .group_step = each * n,
            .blocks = 1,
            .block_step = 0,
            .channels = each,
            .inner = n};
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
    shape x = draw.positive_shape(2);
    const int groups = draw.whole(1, 3);
    x[1] = groups * draw.length(1, 3);
    return draw.test_case(group_norm_op{.groups = groups}, x, shape{x[1]}, shape{x[1]});
  }
};
AXG_OPERATOR(group_norm)

}  // namespace axiograd
