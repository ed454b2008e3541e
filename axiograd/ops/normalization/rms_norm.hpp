#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// rms_norm(x, gamma): the last axis divided by its root mean square, times gamma.
///
/// Shapes: x (..., d), gamma (d).
/// Attributes: epsilon, default 1e-6, added to the mean square inside the root.
/// Errors: shape_mismatch; invalid_parameter for d = 0 or no rows.
struct rms_norm_op {
  static constexpr op_info info{.name = "rms_norm",
                                .inputs = "x, weight",
                                .formula = "y = gamma z, z = x / sqrt(mean x^2 + epsilon)",
                                .derivative = "dx = r (g - z mean(g z)), g = dy gamma, r = 1 / sqrt(mean x^2 + epsilon)",
                                .edges = "a row of zeros gives 0; NaN propagates",
                                .source = "Zhang & Sennrich 2019, eq. 4; contract 11.3",
                                .torch = "torch.nn.functional.rms_norm(x, (d,), gamma); its eps is the type's epsilon"};
  // The derivative reaches 1 / sqrt(epsilon) = 1000; its error is bounded in roundings of 1.
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 4096};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::row;
  static constexpr arity in{.tensors = 2};
  static constexpr input_set shared{1};
  static constexpr int saved = 1;
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &rms_norm_op::epsilon, "added to the mean square"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& gamma) const {
    if (x.rank < 1 || gamma.rank != 1 || x[x.rank - 1] != gamma[0])
      return {error_kind::shape_mismatch, "shapes {shapes} do not fit (..., d) and (d)"};
    if (!x.well_formed()) return {error_kind::invalid_parameter, "nothing to normalise in shapes {shapes}"};
    return x;
  }

  template <analytic_row X>
  auto forward(const X& x, const X& gamma, auto& keep) const {
    return gamma * (x * inverse_root(x, keep));
  }
  template <analytic_row X>
  auto vjp(const X& x, const X& gamma, const X&, const X& dy, auto& keep) const {
    const auto r = inverse_root(x, keep);
    const auto z = x * r;
    const auto g = dy * gamma;
    return std::tuple{(g - z * mean(g * z)) * r, dy * z};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    return draw.test_case(rms_norm_op{}, x, x.last(1));
  }

 private:
  template <analytic_row X>
  lane_of<X> inverse_root(const X& x, auto& keep) const {
    using T = lane_of<X>;
    return keep.save_for_backward([&] { return T(1) / sqrt(mean(x * x) + epsilon.template as<T>()); });
  }
};
AXG_OPERATOR(rms_norm)

}  // namespace axiograd
