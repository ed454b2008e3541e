#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/pooling/parts/windows.hpp>

namespace axiograd {

/// smooth_max_pool(x): (1/beta) log sum exp(beta x) of each window over any number of spatial axes, channels first: (C,n...) ->
/// (C,n'...); padding counts as zeros.
///
/// Shapes: leading axes before x; as many spatial axes as the kernel has.
/// Attributes: kernel, required, one length for each axis; stride, empty or 0 means the kernel; padding, at most half a
/// kernel;
/// beta, required, not 0; negative ones give a smooth minimum.
/// Errors: shape_mismatch, invalid_parameter.
struct smooth_max_pool_op {
  static constexpr op_info info{.name = "smooth_max_pool",
                                .formula = "y[c,q] = log(sum over the window of exp(beta x)) / beta",
                                .derivative = "dy exp(beta x) / sum exp(beta x) to every entry of the window inside x",
                                .edges = "padded zeros take part; no overflow; NaN propagates",
                                .source = "contract 10, C13",
                                .torch = "none; torch.logsumexp over unfolded windows"};
  static constexpr op_facts facts{};
  using kind = family::custom;
  template <class T>
  static constexpr bool runs_on = analytic<T> && requires(T a, T b) {
    { a > b } -> std::convertible_to<bool>;
  };

  required<axis_list> kernel;
  required<double> beta;
  axis_list stride{}, padding{};
  static constexpr auto attributes() {
    return attribute_list{attribute{"kernel", &smooth_max_pool_op::kernel, "window"},
                          attribute{"stride", &smooth_max_pool_op::stride, "distance between windows; 0 is the kernel"},
                          attribute{"padding", &smooth_max_pool_op::padding, "cells on each side"},
                          attribute{"beta", &smooth_max_pool_op::beta, "sharpness"}};
  }
  constexpr sample_ranks ranks(const shape&) const { return {1 + kernel.value.rank}; }
  constexpr pool_geometry geometry() const { return {kernel, stride, padding}; }
  constexpr shape_result infer_shape(const shape& x) const {
    if (!(beta.value > 0) && !(0 > beta.value)) return {error_kind::invalid_parameter, "beta must be a number other than 0"};
    return geometry().infer_shape(x);
  }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
      const weights<T> w(*this, x, window);
      y.data[q] = (w.shift + log(w.total)) / T(beta.value);
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    scatter_sums(dx.data, x.dims->size(), geometry().windows_of_an_entry(), [&](const auto& add) {
      geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
        const weights<T> w(*this, x, window);
        const T share = dy.data[q] / w.total;
        window([&](int64_t i) { add(i, share * exp(T(beta.value) * x.data[i] - w.shift)); });
      });
    });
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const auto [g, x] = pool_geometry::test_case(draw, draw.whole(1, 3));
    return draw.test_case(smooth_max_pool_op{.kernel = g.kernel,
                                             .beta = (draw.whole(0, 1) == 0 ? 1 : -1) * draw.number(1, 3),
                                             .stride = g.stride,
                                             .padding = g.padding},
                          x);
  }

 private:
  // exp(beta x - shift) summed over the window, `shift` the largest exponent.
  template <class T>
  struct weights {
    T shift, total;
    template <class Window>
    weights(const smooth_max_pool_op& op, const view<const T>& x, const Window& window) : shift(0), total(0) {
      const T b = T(op.beta.value);
      int64_t inside = 0;
      window([&](int64_t i) {
        shift = inside == 0 ? b * x.data[i] : max(shift, b * x.data[i]);
        ++inside;
      });
      const int64_t cells = op.geometry().cells(), outside = cells - inside;
      if (outside > 0) shift = max(shift, T(0));
      total = sum_of<T>(cells, [&](const auto& add) { window([&](int64_t i) { add(exp(b * x.data[i] - shift)); }); });
      if (outside > 0) total = total + T(static_cast<double>(outside)) * exp(-shift);
    }
  };
};
AXG_OPERATOR(smooth_max_pool)

}  // namespace axiograd
