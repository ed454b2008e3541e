#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/pooling/parts/windows.hpp>

namespace axiograd {

/// avg_pool(x): the mean of each window over any number of spatial axes, channels first: (C,n...) -> (C,n'...); padding counts
/// as zeros.
///
/// Shapes: leading axes before x; as many spatial axes as the kernel has.
/// Attributes: kernel, required, one length for each axis; stride, empty or 0 means the kernel; padding, at most half a
/// kernel.
/// Errors: shape_mismatch, invalid_parameter.
struct avg_pool_op {
  static constexpr op_info info{.name = "avg_pool",
                                .formula = "y[c,q] = sum over the window / size of the kernel",
                                .derivative = "dy / size of the kernel to every entry of the window inside x",
                                .edges = "padded zeros are counted; NaN propagates",
                                .source = "contract 10, C13",
                                .torch = "torch.nn.functional.avg_pool1d, 2d, 3d; same without ceil_mode and divisor_override"};
  static constexpr op_facts facts{};
  using kind = family::custom;
  template <class T>
  static constexpr bool runs_on = field<T>;

  required<axis_list> kernel;
  axis_list stride{}, padding{};
  static constexpr auto attributes() {
    return attribute_list{attribute{"kernel", &avg_pool_op::kernel, "window"},
                          attribute{"stride", &avg_pool_op::stride, "distance between windows; 0 is the kernel"},
                          attribute{"padding", &avg_pool_op::padding, "cells on each side"}};
  }
  constexpr sample_ranks ranks(const shape&) const { return {1 + kernel.value.rank}; }
  constexpr pool_geometry geometry() const { return {kernel, stride, padding}; }
  constexpr shape_result infer_shape(const shape& x) const { return geometry().infer_shape(x); }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    const int64_t n = geometry().cells();
    const T cells = T(static_cast<double>(n));
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
      const auto entries = [&](const auto& add) { window([&](int64_t i) { add(x.data[i]); }); };
      y.data[q] = sum_of<T>(n, entries) / cells;
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    const T cells = T(static_cast<double>(geometry().cells()));
    scatter_sums(dx.data, x.dims->size(), geometry().windows_of_an_entry(), [&](const auto& add) {
      geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
        const T share = dy.data[q] / cells;
        window([&](int64_t i) { add(i, share); });
      });
    });
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const auto [g, x] = pool_geometry::test_case(draw, draw.whole(1, 3));
    return draw.test_case(avg_pool_op{.kernel = g.kernel, .stride = g.stride, .padding = g.padding}, x);
  }
};
AXG_OPERATOR(avg_pool)

}  // namespace axiograd
