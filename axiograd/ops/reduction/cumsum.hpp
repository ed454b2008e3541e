#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/core/view.hpp>

namespace axiograd {

/// cumsum(x)_i = x_0 + ... + x_i along one axis.
///
/// Attributes: axis, required, not negative. Errors: invalid_axis.
struct cumsum_op {
  static constexpr op_info info{.name = "cumsum",
                                .formula = "y_i = sum of x_j, j <= i",
                                .derivative = "dx_i = sum of dy_j, j >= i",
                                .edges = "extents of 0 are allowed; NaN propagates to the end",
                                .source = "prefix sum",
                                .torch = "torch.cumsum(dim=axis); no negative axes"};
  static constexpr op_facts facts{};
  static constexpr family kind = family::sample;
  template <class T>
  static constexpr bool runs_on = ring<T>;

  required<int> axis;
  static constexpr auto attributes() { return attribute_list{attribute{"axis", &cumsum_op::axis, "axis to sum along"}}; }

  constexpr shape_result infer_shape(const shape& x) const {
    if (axis < 0 || axis >= x.rank)
      return {error_kind::invalid_axis, "axis {} is out of range for {} axes", axis.value, x.rank};
    return x;
  }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    const int64_t n = (*x.dims)[axis], inner = x.dims->stride(axis), lines = x.dims->first(axis).size();
    for (int64_t line = 0; line < lines; ++line)
      for (int64_t i = line * n * inner; i < (line + 1) * n * inner; ++i)
        y.data[i] = i < line * n * inner + inner ? x.data[i] : y.data[i - inner] + x.data[i];
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>&, const view<const T>& dy, const view<T>& dx) const {
    const int64_t n = (*x.dims)[axis], inner = x.dims->stride(axis), lines = x.dims->first(axis).size();
    for (int64_t line = 0; line < lines; ++line)
      for (int64_t k = 0; k < inner; ++k) {
        T total(0);
        for (int64_t i = n; i-- > 0;) {
          const int64_t at = (line * n + i) * inner + k;
          total = total + dy.data[at];
          dx.data[at] = dx.data[at] + total;
        }
      }
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const shape x = draw.any_shape(1);
    return draw.sample(cumsum_op{.axis = static_cast<int>(draw.whole(0, x.rank - 1))}, x);
  }
};
AXG_OPERATOR(cumsum)

}  // namespace axiograd
