#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/pooling/parts/windows.hpp>

namespace axiograd {

/// adaptive_avg_pool(x): the mean of each of a given number of windows along any number of spatial axes, channels first:
/// (C,n...) -> (C,m...). Window i of m over n entries covers floor(i n / m) up to ceil((i + 1) n / m).
///
/// Shapes: leading axes before x. Attributes: windows, required, one number for each axis.
/// Errors: shape_mismatch, invalid_parameter.
struct adaptive_avg_pool_op {
  static constexpr op_info info{.name = "adaptive_avg_pool",
                                .formula = "y[c,q] = mean over the window",
                                .derivative = "dy / entries of the window",
                                .edges = "NaN propagates",
                                .source = "contract 10",
                                .torch = "torch.nn.functional.adaptive_avg_pool1d, 2d, 3d; same"};
  static constexpr op_facts facts{};
  using kind = family::custom;
  template <class T>
  static constexpr bool runs_on = field<T>;

  required<axis_list> windows;
  static constexpr auto attributes() {
    return attribute_list{attribute{"windows", &adaptive_avg_pool_op::windows, "windows along each axis"}};
  }
  constexpr sample_ranks ranks(const shape&) const { return {1 + windows.value.rank}; }

  constexpr adaptive_geometry geometry() const { return {windows}; }
  constexpr shape_result infer_shape(const shape& x) const { return geometry().infer_shape(x); }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
      const int64_t n = window.entries();
      const auto entries = [&](const auto& add) { window([&](int64_t i) { add(x.data[i]); }); };
      y.data[q] = sum_of<T>(n, entries) / T(static_cast<double>(n));
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    scatter_sums(dx.data, x.dims->size(), geometry().windows_of_an_entry(*x.dims), [&](const auto& add) {
      geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
        const T share = dy.data[q] / T(static_cast<double>(window.entries()));
        window([&](int64_t i) { add(i, share); });
      });
    });
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const auto [windows, x] = adaptive_geometry::test_case(draw);
    return draw.test_case(adaptive_avg_pool_op{.windows = windows}, x);
  }
};
AXG_OPERATOR(adaptive_avg_pool)

}  // namespace axiograd
