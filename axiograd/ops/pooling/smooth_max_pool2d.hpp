#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/pooling/smooth_max_pool.hpp>

namespace axiograd {

/// smooth_max_pool2d(x): smooth_max_pool over two spatial axes: (C,H,W) -> (C,H',W').
///
/// Shapes: leading axes before x.
/// Attributes: kernel, required; stride, 0 means the kernel; padding, at most half a kernel; beta, required, not 0.
/// Errors: shape_mismatch, invalid_parameter.
struct smooth_max_pool2d_op {
  static constexpr op_info info = [] {
    op_info i = smooth_max_pool_op::info;
    i.name = "smooth_max_pool2d";
    return i;
  }();
  static constexpr op_facts facts = smooth_max_pool_op::facts;
  using kind = family::custom;
  static constexpr sample_ranks ranks{3};
  template <class T>
  static constexpr bool runs_on = smooth_max_pool_op::runs_on<T>;

  required<extents<2>> kernel;
  required<double> beta;
  extents<2> stride{0}, padding{0};
  static constexpr auto attributes() {
    return attribute_list{attribute{"kernel", &smooth_max_pool2d_op::kernel, "window"},
                          attribute{"stride", &smooth_max_pool2d_op::stride, "distance between windows; 0 is the kernel"},
                          attribute{"padding", &smooth_max_pool2d_op::padding, "cells on each side"},
                          attribute{"beta", &smooth_max_pool2d_op::beta, "sharpness"}};
  }
  /// The same operator with its axes as lists.
  constexpr smooth_max_pool_op general() const {
    return {.kernel = list_of(kernel.value), .beta = beta, .stride = list_of(stride), .padding = list_of(padding)};
  }
  constexpr shape_result infer_shape(const shape& x) const { return general().infer_shape(x); }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    general().forward(x, y);
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    general().vjp(x, y, dy, dx);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const auto [g, x] = pool_geometry::test_case(draw, 2);
    const auto pair = [](const axis_list& l) { return extents<2>(l[0], l[1]); };
    return draw.test_case(
        smooth_max_pool2d_op{
            .kernel = pair(g.kernel), .beta = draw.number(1, 3), .stride = pair(g.stride), .padding = pair(g.padding)},
        x);
  }
};
AXG_OPERATOR(smooth_max_pool2d)

}  // namespace axiograd
