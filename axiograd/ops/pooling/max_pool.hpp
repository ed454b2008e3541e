#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/pooling/parts/windows.hpp>

namespace axiograd {

/// max_pool(x): the largest entry of each window over any number of spatial axes, channels first: (C,n...) -> (C,n'...).
///
/// Shapes: leading axes before x; as many spatial axes as the kernel has.
/// Attributes: kernel, required, one length for each axis; stride, empty or 0 means the kernel; padding, at most half a
/// kernel.
/// Errors: shape_mismatch, invalid_parameter.
struct max_pool_op {
  static constexpr op_info info{.name = "max_pool",
                                .formula = "y[c,q] = max over the window's entries inside x",
                                .derivative = "dy goes to the first largest entry in row-major order",
                                .edges = "padding is ignored; a NaN in a window is its value, and the first NaN gets dy",
                                .source = "contract 10, C2, C13",
                                .torch = "torch.nn.functional.max_pool1d, 2d, 3d; same without dilation and ceil_mode"};
  static constexpr op_facts facts{};
  using kind = family::custom;
  template <class T>
  static constexpr bool runs_on = ordered_ring<T> && requires(T a, T b) {
    { a > b } -> std::convertible_to<bool>;
  };

  required<axis_list> kernel;
  axis_list stride{}, padding{};
  static constexpr auto attributes() {
    return attribute_list{attribute{"kernel", &max_pool_op::kernel, "window"},
                          attribute{"stride", &max_pool_op::stride, "distance between windows; 0 is the kernel"},
                          attribute{"padding", &max_pool_op::padding, "cells on each side"}};
  }
  constexpr sample_ranks ranks(const shape&) const { return {1 + kernel.value.rank}; }
  constexpr pool_geometry geometry() const { return {kernel, stride, padding}; }
  constexpr shape_result infer_shape(const shape& x) const { return geometry().infer_shape(x); }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
      bool first = true;
      T best(0);
      window([&](int64_t i) {
        best = first ? x.data[i] : max(x.data[i], best);  // an equal entry leaves the earlier one
        first = false;
      });
      y.data[q] = best;
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    scatter_sums(dx.data, x.dims->size(), geometry().windows_of_an_entry(), [&](const auto& add) {
      geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
        const T best = y.data[q];
        const bool broken = !(best == best);
        int64_t winner = -1;
        window([&](int64_t i) {
          if (winner < 0 && (x.data[i] == best || (broken && !(x.data[i] == x.data[i])))) winner = i;
        });
        add(winner, dy.data[q]);
      });
    });
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const auto [g, x] = pool_geometry::test_case(draw, draw.whole(1, 3));
    return draw.test_case(max_pool_op{.kernel = g.kernel, .stride = g.stride, .padding = g.padding}, x);
  }
};
AXG_OPERATOR(max_pool)

}  // namespace axiograd
