#pragma once

#include <axiograd/families/convolution.hpp>
#include <axiograd/ops/convolution/conv_transpose.hpp>

namespace axiograd {

/// conv_transpose2d(w, b, x): conv_transpose over two spatial axes: kernel (C, O/groups, k, l), bias (O), x (C,H,W) ->
/// (O,H',W'). The bias may be left out.
///
/// Shapes: leading axes before x; kernel and bias are shared. H' = (H - 1) stride + dilation (k - 1) + 1 - 2 padding.
/// Attributes: stride, padding, dilation (one number or one per axis), groups.
/// Errors: those of conv_transpose.
struct conv_transpose2d_op {
  static constexpr op_info info = [] {
    op_info i = conv_transpose_op::info;
    i.name = "conv_transpose2d";
    return i;
  }();
  static constexpr op_facts facts = conv_transpose_op::facts;
  using kind = family::convolution;
  static constexpr arity in = conv_transpose_op::in;
  static constexpr sample_ranks ranks{4, 1, 3};
  static constexpr input_set shared = conv_transpose_op::shared;
  static constexpr bool transposed = true;

  extents<2> stride{1}, padding{0}, dilation{1};
  int groups = 1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"stride", &conv_transpose2d_op::stride, "distance between windows"},
                          attribute{"padding", &conv_transpose2d_op::padding, "entries cut from each side"},
                          attribute{"dilation", &conv_transpose2d_op::dilation, "distance between kernel entries"},
                          attribute{"groups", &conv_transpose2d_op::groups, "channel groups that do not mix"}};
  }
  /// The same operator with its axes as lists.
  constexpr conv_transpose_op general() const {
    return {.stride = list_of(stride), .padding = list_of(padding), .dilation = list_of(dilation), .groups = groups};
  }
  constexpr shape_result infer_shape(const shape& w, const shape& b, const shape& x) const {
    return general().infer_shape(w, b, x);
  }
  constexpr axiograd::patches patches(const shape& w, const shape& image, const shape& windows) const {
    return general().patches(w, image, windows);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return conv_transpose_op::test_case(draw, 2, [](auto& d, const conv_geometry& g, const shape& w, const shape& x) {
      const auto pair = [](const axis_list& l) { return extents<2>(l[0], l[1]); };
      return d.test_case(
          conv_transpose2d_op{
              .stride = pair(g.stride), .padding = pair(g.padding), .dilation = pair(g.dilation), .groups = g.groups},
          w, d.optional(shape{w[1] * g.groups}), x);
    });
  }
};
AXG_OPERATOR(conv_transpose2d)

}  // namespace axiograd
