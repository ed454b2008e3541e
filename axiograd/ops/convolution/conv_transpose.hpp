#pragma once

#include <axiograd/families/convolution.hpp>

namespace axiograd {

/// conv_transpose(w, b, x): the adjoint of conv in its input: kernel (C, O/groups, k...), input channels first, bias (O),
/// x (C,n...) -> (O,n'...). The bias may be left out.
///
/// Shapes: leading axes before x; kernel and bias are shared. n' = (n - 1) stride + dilation (k - 1) + 1 - 2 padding.
/// Attributes: stride, padding, dilation (one number for each spatial axis; empty: 1, 0, 1), groups.
/// Errors: shape_mismatch; invalid_parameter for zero channels, entries, kernel or stride and a result without entries.
struct conv_transpose_op {
  static constexpr op_info info{
      .name = "conv_transpose",
      .inputs = "weight, bias, x",
      .formula =
          "y[o,q] = b[o] + sum over c, j of x[c,i] w[c,o,j], i = (q + padding - j dilation) / stride where integral and inside",
      .derivative = "the adjoint of the same sum in each argument",
      .edges = "a padding that leaves nothing is an error",
      .source = "contract 9.2, C12",
      .torch = "torch.nn.functional.conv_transpose1d, 2d, 3d(x, w, b); without output_padding"};
  static constexpr op_facts facts{};
  using kind = family::convolution;
  static constexpr arity in{.tensors = 3, .optional = 1};
  static constexpr input_set shared{0, 1};
  static constexpr bool transposed = true;
  axis_list stride{}, padding{}, dilation{};
  int groups = 1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"stride", &conv_transpose_op::stride, "distance between windows"},
                          attribute{"padding", &conv_transpose_op::padding, "entries cut from each side"},
                          attribute{"dilation", &conv_transpose_op::dilation, "distance between kernel entries"},
                          attribute{"groups", &conv_transpose_op::groups, "channel groups that do not mix"}};
  }
  constexpr sample_ranks ranks(const shape& w) const {
    const int rank = std::max(w.rank, 3);  // at least one spatial axis
    return {rank, 1, rank - 1};
  }
  constexpr conv_geometry geometry() const { return {stride, padding, dilation, groups}; }

  constexpr shape_result infer_shape(const shape& w, const shape& b, const shape& x) const {
    if (groups < 1) return {error_kind::invalid_parameter, "{} groups", groups};
    if (w[0] != x[0]) return {error_kind::shape_mismatch, "the kernel takes {} channels, the input has {}", w[0], x[0]};
    const conv_geometry g = geometry();
    if (x[0] % groups != 0) return {error_kind::invalid_parameter, "{} groups do not divide {} input channels", groups, x[0]};
    if (const shape_result checked = g.check(w, b, x, w[1] * groups); !checked) return checked;
    shape y{w[1] * groups};
    for (int axis = 0; axis < w.rank - 2; ++axis) {
      const int64_t n = x[1 + axis], reach = window_reach(w[2 + axis], g.distance(axis));
      const int64_t length = transposed_length(n, reach, g.step(axis), g.pad(axis));
      if (length == 0)
        return {error_kind::invalid_parameter,
                "a window of length {} with stride {} and padding {} leaves nothing of {} entries",
                reach,
                g.step(axis),
                g.pad(axis),
                n};
      y.append(length);
    }
    return y;
  }
  constexpr axiograd::patches patches(const shape& w, const shape& image, const shape& windows) const {
    return {geometry(), w, image, windows};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return test_case(draw, draw.whole(1, 3), [](auto& d, const conv_geometry& g, const shape& w, const shape& x) {
      return d.test_case(conv_transpose_op{g.stride, g.padding, g.dilation, g.groups}, w, d.optional(shape{w[1] * g.groups}),
                         x);
    });
  }
  /// A call with `axes` spatial axes, made by `make(draw, geometry, kernel, x)`.
  template <class Draw, class Make>
  static constexpr auto test_case(Draw& draw, int axes, const Make& make) {
    conv_geometry g{.stride = {}, .padding = {}, .dilation = {}, .groups = draw.whole(1, 2)};
    shape w{draw.length(1, 2) * g.groups, draw.length(1, 2)}, x{w[0]};
    for (int axis = 0; axis < axes; ++axis) {
      g.stride.append(draw.whole(1, 3));
      g.dilation.append(draw.whole(1, 2));
      w.append(draw.length(1, 3));
      x.append(draw.length(1, 4));
      const int64_t full = (x[1 + axis] - 1) * g.stride[axis] + g.dilation[axis] * (w[2 + axis] - 1) + 1;
      g.padding.append(draw.whole(0, std::min<int64_t>(6, (full - 1) / 2)));
    }
    return make(draw, g, w, x);
  }
};
AXG_OPERATOR(conv_transpose)

}  // namespace axiograd
