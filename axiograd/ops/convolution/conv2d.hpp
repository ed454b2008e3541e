#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/core/patches.hpp>

namespace axiograd {

/// conv2d(w, b, x): cross-correlation of channels-first images: kernel (O, C/groups, k, l), bias (O), x (C,H,W) -> (O,H',W').
/// The bias may be left out.
///
/// Shapes: leading axes before x; kernel and bias are shared. H' = floor((H + 2 padding - dilation (k - 1) - 1) / stride) + 1.
/// Attributes: stride, padding, dilation (one number or one per axis), groups.
/// Errors: shape_mismatch; invalid_parameter for zero channels, kernel or stride and a window larger than the padded input.
struct conv2d_op {
  static constexpr op_info info{
      .name = "conv2d",
      .formula = "y[o,q] = b[o] + sum over c, j of x[c, q stride + j dilation - padding] w[o,c,j], x = 0 outside",
      .derivative = "the adjoint of the same sum in each argument",
      .edges = "padding may exceed the kernel; a window larger than the padded input is an error",
      .source = "contract 9.1, C11",
      .torch = "torch.nn.functional.conv2d(x, w, b); the inputs are in another order"};
  static constexpr op_facts facts{};
  static constexpr family kind = family::convolution;
  static constexpr arity in{.tensors = 3, .optional = 1};
  static constexpr sample_ranks ranks{4, 1, 3};
  static constexpr input_set shared{0, 1};

  extents<2> stride{1}, padding{0}, dilation{1};
  int groups = 1;
  static constexpr auto attributes() {
    return std::tuple{attribute{"stride", &conv2d_op::stride, "distance between windows"},
                      attribute{"padding", &conv2d_op::padding, "zeros on each side"},
                      attribute{"dilation", &conv2d_op::dilation, "distance between kernel entries"},
                      attribute{"groups", &conv2d_op::groups, "channel groups that do not mix"}};
  }

  constexpr shape_result infer_shape(const shape& w, const shape& b, const shape& x) const {
    if (groups < 1) return {error_kind::invalid_parameter, "{} groups", groups};
    if (w[1] != x[0] / groups)
      return {error_kind::shape_mismatch, "the kernel takes {} channels in each of {} groups, the input has {}", w[1], groups,
              x[0]};
    if (b.rank >= 0 && b[0] != w[0])
      return {error_kind::shape_mismatch, "the kernel gives {} channels, the bias has {}", w[0], b[0]};
    if (x[0] % groups != 0 || w[0] % groups != 0)
      return {error_kind::invalid_parameter, "{} groups do not divide {} output and {} input channels", groups, w[0], x[0]};
    if (x[0] == 0 || w[0] == 0) return {error_kind::invalid_parameter, "there are no channels: shapes {shapes}"};
    shape y{w[0]};
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t n = x[1 + axis], reach = window_reach(w[2 + axis], dilation[axis]);
      const int64_t windows = window_count(n, reach, stride[axis], padding[axis]);
      if (windows == 0)
        return {error_kind::invalid_parameter,
                "no window of length {} with stride {} fits {} entries with padding {}",
                reach,
                stride[axis],
                n,
                padding[axis]};
      y.append(windows);
    }
    return y;
  }
  constexpr axiograd::patches<2> patches(const shape& w, const shape& x, const shape& y) const {
    return {stride, padding, dilation, w, x, y};
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const int groups = static_cast<int>(draw.whole(1, 2));
    const int64_t in_channels = draw.whole(1, 2), out = draw.whole(1, 3) * groups, k = draw.whole(1, 3), l = draw.whole(1, 3);
    const conv2d_op op{.stride = {draw.whole(1, 3), draw.whole(1, 2)},
                       .padding = {draw.whole(0, 4), draw.whole(0, 2)},
                       .dilation = {draw.whole(1, 2), draw.whole(1, 2)},
                       .groups = groups};
    const int64_t height = op.dilation[0] * (k - 1) + 1 + draw.whole(0, 4),
                  width = op.dilation[1] * (l - 1) + 1 + draw.whole(0, 4);
    return draw.sample(op, shape{out, in_channels, k, l}, draw.optional(shape{out}),
                       shape{in_channels * groups, height, width});
  }
};
AXG_OPERATOR(conv2d)

}  // namespace axiograd
