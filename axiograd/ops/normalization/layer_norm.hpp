#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// layer_norm(x, gamma, beta): the last axis shifted to mean 0 and scaled to variance 1, then gamma z + beta.
///
/// Shapes: x (..., d), gamma and beta (d).
/// Attributes: epsilon, default 1e-6, added to the variance inside the root.
/// Errors: shape_mismatch; invalid_parameter for d = 0 or no rows.
struct layer_norm_op {
  static constexpr op_info info{.name = "layer_norm",
                                .inputs = "x, weight, bias",
                                .formula = "y = gamma z + beta, z = (x - mean x) / sqrt(mean (x - mean x)^2 + epsilon)",
                                .derivative = "dx = r (g - mean g - z mean(g z)), g = dy gamma, r = 1 / sqrt(var + epsilon)",
                                .edges = "d = 1 gives beta and dx = 0; NaN propagates",
                                .source = "Ba et al. 2016, eq. 3; contract 11.1",
                                .torch = "torch.nn.functional.layer_norm(x, (d,)); there eps = 1e-5"};
  // The derivative reaches 1 / sqrt(epsilon) = 1000; its error is bounded in roundings of 1.
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 4096};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::row;
  static constexpr arity in{.tensors = 3};
  static constexpr input_set shared{1, 2};
  static constexpr int saved = 2;
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &layer_norm_op::epsilon, "added to the variance"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& gamma, const shape& beta) const {
    if (x.rank < 1 || gamma.rank != 1 || gamma != beta || x[x.rank - 1] != gamma[0])
      return {error_kind::shape_mismatch, "shapes {shapes} do not fit (..., d), (d) and (d)"};
    if (!x.well_formed()) return {error_kind::invalid_parameter, "nothing to normalise in shapes {shapes}"};
    return x;
  }

  template <analytic_row X>
  auto forward(const X& x, const X& gamma, const X& beta, auto& keep) const {
    const auto [m, r] = moments(x, keep);
    return gamma * ((x - m) * r) + beta;
  }
  template <analytic_row X>
  auto vjp(const X& x, const X& gamma, const X&, const X&, const X& dy, auto& keep) const {
    const auto [m, r] = moments(x, keep);
    const auto z = (x - m) * r;
    const auto g = dy * gamma;
    const auto [along_one, along_z] = means(g, g * z);
    return std::tuple{(g - along_one - z * along_z) * r, dy * z, dy};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    const shape d = x.last(1);
    return draw.test_case(layer_norm_op{}, x, d, d);
  }

 private:
  /// The mean, and 1 / sqrt(variance + epsilon).
  template <analytic_row X>
  std::array<lane_of<X>, 2> moments(const X& x, auto& keep) const {
    using T = lane_of<X>;
    const T m = keep.save_for_backward([&] { return corrected_mean(x); });
    const auto c = x - m;
    return {m, keep.save_for_backward([&] { return T(1) / sqrt(mean(c * c) + epsilon.template as<T>()); })};
  }
};
AXG_OPERATOR(layer_norm)

}  // namespace axiograd
