#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/pooling/avg_pool.hpp>

namespace axiograd {

/// avg_pool2d(x): avg_pool over two spatial axes: (C,H,W) -> (C,H',W').
///
/// Shapes: leading axes before x.
/// Attributes: kernel, required; stride, 0 means the kernel; padding, at most half a kernel.
/// Errors: shape_mismatch, invalid_parameter.
struct avg_pool2d_op {
  static constexpr op_info info = [] {
    op_info i = avg_pool_op::info;
    i.name = "avg_pool2d";
    return i;
  }();
  static constexpr op_facts facts = avg_pool_op::facts;
  using kind = family::custom;
  static constexpr sample_ranks ranks{3};
  template <class T>
  static constexpr bool runs_on = avg_pool_op::runs_on<T>;

  required<extents<2>> kernel;
  extents<2> stride{0}, padding{0};

  static constexpr auto attributes() {
    return attribute_list{attribute{"kernel", &avg_pool2d_op::kernel, "window"},
                          attribute{"stride", &avg_pool2d_op::stride, "distance between windows; 0 is the kernel"},
                          attribute{"padding", &avg_pool2d_op::padding, "cells on each side"}};
  }
  /// The same operator with its axes as lists.
  constexpr avg_pool_op general() const {
    return {.kernel = list_of(kernel.value), .stride = list_of(stride), .padding = list_of(padding)};
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
    return draw.test_case(avg_pool2d_op{.kernel = pair(g.kernel), .stride = pair(g.stride), .padding = pair(g.padding)}, x);
  }
};
AXG_OPERATOR(avg_pool2d)

}  // namespace axiograd
