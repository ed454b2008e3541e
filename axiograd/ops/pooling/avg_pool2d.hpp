#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/core/pool2d.hpp>
#include <axiograd/core/view.hpp>

namespace axiograd {

/// avg_pool2d(x): the mean of each window, channels first: (C,H,W) -> (C,H',W'); padding counts as zeros.
///
/// Attributes: kernel, required; stride, 0 means the kernel; padding, at most half a kernel.
/// Errors: invalid_parameter.
struct avg_pool2d_op {
  static constexpr op_info info{.name = "avg_pool2d",
                                .formula = "y[c,q] = sum over the window / (k l)",
                                .derivative = "dy / (k l) to every entry of the window inside x",
                                .edges = "padded zeros are counted; NaN propagates",
                                .source = "contract 10, C13",
                                .torch = "torch.nn.functional.avg_pool2d; same without ceil_mode and divisor_override"};
  static constexpr op_facts facts{};
  static constexpr family kind = family::sample;
  static constexpr sample_ranks ranks{3};
  template <class T>
  static constexpr bool runs_on = field<T>;

  required<extents<2>> kernel;
  extents<2> stride{0}, padding{0};
  static constexpr auto attributes() {
    return std::tuple{attribute{"kernel", &avg_pool2d_op::kernel, "window"},
                      attribute{"stride", &avg_pool2d_op::stride, "distance between windows; 0 is the kernel"},
                      attribute{"padding", &avg_pool2d_op::padding, "zeros on each side"}};
  }
  constexpr pool2d_geometry geometry() const { return {kernel, stride, padding}; }
  constexpr shape_result infer_shape(const shape& x) const { return geometry().infer_shape(x); }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, int64_t, const auto& entries) {
      T total(0);
      entries([&](int64_t i) { total = total + x.data[i]; });
      y.data[q] = total / cells<T>();
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, int64_t, const auto& entries) {
      const T share = dy.data[q] / cells<T>();
      entries([&](int64_t i) { dx.data[i] = dx.data[i] + share; });
    });
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const auto [g, x] = pool2d_geometry::sample(draw);
    return draw.sample(avg_pool2d_op{.kernel = g.kernel, .stride = g.stride, .padding = g.padding}, x);
  }

 private:
  template <class T>
  T cells() const {
    return T(static_cast<double>(kernel.value[0] * kernel.value[1]));
  }
};
AXG_OPERATOR(avg_pool2d)

}  // namespace axiograd
