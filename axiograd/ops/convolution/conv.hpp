#pragma once

#include <axiograd/families/convolution.hpp>

namespace axiograd {

/// conv(w, b, x): cross-correlation of channels-first tensors over any number of spatial axes: kernel (O, C/groups, k...),
/// bias (O), x (C,n...) -> (O,n'...). The bias may be left out.
///
/// Shapes: leading axes before x; kernel and bias are shared. n' = floor((n + 2 padding - dilation (k - 1) - 1) / stride) + 1.
/// Attributes: stride, padding, dilation (one number for each spatial axis; empty: 1, 0, 1), groups.
/// Errors: shape_mismatch; invalid_parameter for zero channels, kernel or stride and a window larger than the padded input.
struct conv_op {
  static constexpr op_info info{
      .name = "conv",
      .inputs = "weight, bias, x",
      .formula = "y[o,q] = b[o] + sum over c, j of x[c, q stride + j dilation - padding] w[o,c,j], x = 0 outside",
      .derivative = "the adjoint of the same sum in each argument",
      .edges = "padding may exceed the kernel; a window larger than the padded input is an error",
      .source = "contract 9.1, C11",
      .torch = "torch.nn.functional.conv1d, 2d, 3d(x, w, b); the inputs are in another order"};
  static constexpr op_facts facts{};
  using kind = family::convolution;
  static constexpr arity in{.tensors = 3, .optional = 1};
  static constexpr input_set shared{0, 1};

  axis_list stride{}, padding{}, dilation{};
  int groups = 1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"stride", &conv_op::stride, "distance between windows"},
                          attribute{"padding", &conv_op::padding, "zeros on each side"},
                          attribute{"dilation", &conv_op::dilation, "distance between kernel entries"},
                          attribute{"groups", &conv_op::groups, "channel groups that do not mix"}};
  }
  constexpr sample_ranks ranks(const shape& w) const {
    const int rank = std::max(w.rank, 3);  // at least one spatial axis
    return {rank, 1, rank - 1};
  }
  constexpr conv_geometry geometry() const { return {stride, padding, dilation, groups}; }

  constexpr shape_result infer_shape(const shape& w, const shape& b, const shape& x) const {
    if (groups < 1) return {error_kind::invalid_parameter, "{} groups", groups};
    if (w[1] != x[0] / groups)
      return {error_kind::shape_mismatch, "the kernel takes {} channels in each of {} groups, the input has {}", w[1], groups,
              x[0]};
    const conv_geometry g = geometry();
    if (const shape_result checked = g.check(w, b, x, w[0]); !checked) return checked;
    shape y{w[0]};
    for (int axis = 0; axis < w.rank - 2; ++axis) {
      const int64_t n = x[1 + axis], reach = window_reach(w[2 + axis], g.distance(axis));
      const int64_t windows = window_count(n, reach, g.step(axis), g.pad(axis));
      if (windows == 0)
        return {error_kind::invalid_parameter,
                "no window of length {} with stride {} fits {} entries with padding {}",
                reach,
                g.step(axis),
                n,
                g.pad(axis)};
      y.append(windows);
    }
    return y;
  }
  constexpr axiograd::patches patches(const shape& w, const shape& image, const shape& windows) const {
    return {geometry(), w, image, windows};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return test_case(draw, draw.whole(1, 3), [](auto& d, const conv_geometry& g, const shape& w, const shape& x) {
      return d.test_case(conv_op{g.stride, g.padding, g.dilation, g.groups}, w, d.optional(shape{w[0]}), x);
    });
  }
  /// A call with `axes` spatial axes, made by `make(draw, geometry, kernel, x)`.
  template <class Draw, class Make>
  static constexpr auto test_case(Draw& draw, int axes, const Make& make) {
    conv_geometry g{.stride = {}, .padding = {}, .dilation = {}, .groups = draw.whole(1, 2)};
    const int64_t in_channels = draw.length(1, 2), out = draw.length(1, 3) * g.groups;
    shape w{out, in_channels}, x{in_channels * g.groups};
    for (int axis = 0; axis < axes; ++axis) {
      g.stride.append(draw.whole(1, 3));
      g.padding.append(draw.whole(0, 3));
      g.dilation.append(draw.whole(1, 2));
      w.append(draw.length(1, 3));
      x.append(g.dilation[axis] * (w[2 + axis] - 1) + 1 + draw.length(0, 4));
    }
    return make(draw, g, w, x);
  }
};
AXG_OPERATOR(conv)

}  // namespace axiograd
