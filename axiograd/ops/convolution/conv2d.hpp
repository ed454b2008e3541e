#pragma once

#include <axiograd/core/box_move.hpp>
#include <axiograd/core/op.hpp>
#include <axiograd/core/window.hpp>

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
    if (groups < 1 || w[0] % groups != 0 || x[0] % groups != 0)
      return {error_kind::invalid_parameter, "{} groups do not divide {} output and {} input channels", groups, w[0], x[0]};
    if (w[1] * groups != x[0])
      return {error_kind::shape_mismatch, "the kernel takes {} channels, the input has {}", w[1] * groups, x[0]};
    if (b.rank >= 0 && b[0] != w[0])
      return {error_kind::shape_mismatch, "the kernel gives {} channels, the bias has {}", w[0], b[0]};
    if (x[0] == 0 || w[0] == 0) return {error_kind::invalid_parameter, "there are no channels: shapes {shapes}"};
    shape y{w[0]};
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t reach = w[2 + axis] == 0 ? 0 : dilation[axis] * (w[2 + axis] - 1) + 1;
      const int64_t windows = dilation[axis] < 1 ? 0 : window_count(x[1 + axis], reach, stride[axis], padding[axis]);
      if (windows == 0)
        return {error_kind::invalid_parameter, "no window of length {} with stride {} fits {} entries with padding {}", reach,
                stride[axis], x[1 + axis], padding[axis]};
      y.append(windows);
    }
    return y;
  }

  /// Which entries of x each window covers, as a matrix (group, channel and kernel entry, window).
  struct patch_boxes {
    static constexpr bool leaves_gaps = true;  // padding
    extents<2> stride, padding, dilation;
    shape w, x, y;

    template <class Emit>
    void moves(std::span<const shape>, const shape&, const Emit& emit) const {
      const int64_t windows = y[1] * y[2];
      for (int64_t c = 0, row = 0; c < x[0]; ++c)
        for (int64_t j = 0; j < w[2]; ++j)
          for (int64_t l = 0; l < w[3]; ++l, ++row) {
            const int64_t down = j * dilation[0], right = l * dilation[1];
            const index_range rows = windows_inside(down, x[1], stride[0], padding[0], y[1]);
            const index_range columns = windows_inside(right, x[2], stride[1], padding[1], y[2]);
            if (rows.size() == 0 || columns.size() == 0) continue;
            const int64_t i = rows.begin * stride[0] + down - padding[0];
            const int64_t k = columns.begin * stride[1] + right - padding[1];
            emit(box_move{.input = 2,
                          .box = {rows.size(), columns.size()},
                          .from = (c * x[1] + i) * x[2] + k,
                          .to = row * windows + rows.begin * y[2] + columns.begin,
                          .from_stride = {stride[0] * x[2], stride[1]},
                          .to_stride = {y[2], 1}});
          }
    }
  };
  constexpr patch_boxes patches(const shape& w, const shape& x, const shape& y) const {
    return {stride, padding, dilation, w, x, y};
  }
  /// The shapes of the product kernel (g,o,k) x patches (g,k,q) -> y (g,o,q), bias (g,o).
  template <class Product>
  constexpr Product product(const shape& w, const shape&, const shape& y) const {
    const int64_t g = groups, k = w.from(1).size(), q = y[1] * y[2];
    return {{g, w[0] / g, k}, {g, k, q}, {g, w[0] / g, q}, {g, w[0] / g}};
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const int groups = static_cast<int>(draw.whole(1, 2));
    const int64_t in_channels = draw.whole(1, 2), out = draw.whole(1, 3) * groups, k = draw.whole(1, 3), l = draw.whole(1, 3);
    const conv2d_op op{.stride = {draw.whole(1, 3), draw.whole(1, 2)},
                       .padding = {draw.whole(0, 4), draw.whole(0, 2)},
                       .dilation = {draw.whole(1, 2), draw.whole(1, 2)},
                       .groups = groups};
    const int64_t height = op.dilation[0] * (k - 1) + 1 + draw.whole(0, 4), width = op.dilation[1] * (l - 1) + 1 + draw.whole(0, 4);
    return draw.sample(op, shape{out, in_channels, k, l}, draw.optional(shape{out}), shape{in_channels * groups, height, width});
  }
};
AXG_OPERATOR(conv2d)

}  // namespace axiograd
