#pragma once

#include <axiograd/families/contraction.hpp>

namespace axiograd {

/// linear(w, b, x) = w x + b, a dense layer: weight (o,i), bias (o), x (i) -> (o). The bias may be left out.
///
/// Shapes: leading axes before x; weight and bias are shared by all samples.
/// Errors: shape_mismatch.
/// Accuracy: products of floats and doubles sum blocks of 4,096 terms, which are joined pairwise; the gradient of the bias sums
/// blocks of 32.
struct linear_op {
  static constexpr op_info info{.name = "linear",
                                .inputs = "weight, bias, x",
                                .formula = "y_o = sum_i w_oi x_i + b_o",
                                .derivative = "dw = dy x^T, db = dy, dx = w^T dy; dw and db summed over leading axes",
                                .edges = "i = 0 gives the bias",
                                .source = "contract 8",
                                .torch = "torch.nn.functional.linear(x, w, b); the inputs are in another order"};
  static constexpr op_facts facts{};
  using kind = family::contraction;
  static constexpr arity in{.tensors = 3, .optional = 1};
  static constexpr sample_ranks ranks{2, 1, 1};
  static constexpr input_set shared{0, 1};
  static constexpr contraction product{.a = 0, .b = 2, .subscripts = "oi,i->o", .bias = 1, .bias_subscripts = "o"};

  constexpr shape_result infer_shape(const shape& w, const shape& b, const shape& x) const {
    if (w[1] != x[0]) return {error_kind::shape_mismatch, "the weight takes {} features, the input has {}", w[1], x[0]};
    if (b.rank >= 0 && b[0] != w[0])
      return {error_kind::shape_mismatch, "the weight gives {} features, the bias has {}", w[0], b[0]};
    return shape{w[0]};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t i = draw.extent(), o = draw.extent();
    return draw.test_case(linear_op{}, shape{o, i}, draw.optional(shape{o}), shape{i});
  }
};
AXG_OPERATOR(linear)

}  // namespace axiograd
