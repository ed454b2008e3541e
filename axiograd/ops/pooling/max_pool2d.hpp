#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/core/pool2d.hpp>
#include <axiograd/core/view.hpp>

namespace axiograd {

/// max_pool2d(x): the largest entry of each window, channels first: (C,H,W) -> (C,H',W').
///
/// Attributes: kernel, required; stride, 0 means the kernel; padding, at most half a kernel, ignored by the maximum.
/// Errors: invalid_parameter.
struct max_pool2d_op {
  static constexpr op_info info{.name = "max_pool2d",
                                .formula = "y[c,q] = max over the window's entries inside x",
                                .derivative = "dy goes to the first largest entry in row-major order",
                                .edges = "padding is ignored; a NaN in a window is its value, and the first NaN gets dy",
                                .source = "contract 10, C2, C13",
                                .torch = "torch.nn.functional.max_pool2d; same without dilation and ceil_mode"};
  static constexpr op_facts facts{};
  static constexpr family kind = family::sample;
  static constexpr sample_ranks ranks{3};
  template <class T>
  static constexpr bool runs_on = ordered_ring<T> && requires(T a, T b) { bool(a > b); };

  required<extents<2>> kernel;
  extents<2> stride{0}, padding{0};
  static constexpr auto attributes() {
    return std::tuple{attribute{"kernel", &max_pool2d_op::kernel, "window"},
                      attribute{"stride", &max_pool2d_op::stride, "distance between windows; 0 is the kernel"},
                      attribute{"padding", &max_pool2d_op::padding, "cells on each side"}};
  }
  constexpr pool2d_geometry geometry() const { return {kernel, stride, padding}; }
  constexpr shape_result infer_shape(const shape& x) const { return geometry().infer_shape(x); }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, int64_t first, const auto& entries) {
      T best = x.data[first];
      entries([&](int64_t i) { best = max(x.data[i], best); });  // an equal entry leaves the earlier one
      y.data[q] = best;
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, int64_t, const auto& entries) {
      const T best = y.data[q];
      const bool broken = !(best == best);
      int64_t winner = -1;
      entries([&](int64_t i) {
        if (winner < 0 && (x.data[i] == best || (broken && !(x.data[i] == x.data[i])))) winner = i;
      });
      dx.data[winner] = dx.data[winner] + dy.data[q];
    });
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const auto [g, x] = pool2d_geometry::sample(draw);
    return draw.sample(max_pool2d_op{.kernel = g.kernel, .stride = g.stride, .padding = g.padding}, x);
  }
};
AXG_OPERATOR(max_pool2d)

}  // namespace axiograd
