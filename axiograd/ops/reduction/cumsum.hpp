#pragma once

#include <axiograd/core/algorithm.hpp>
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
    for_each_group<T>(*x.dims, [&](T* total, int64_t chains, int64_t first, int64_t apart, int64_t n, int64_t step) {
      for (int64_t i = 0; i < n; ++i)
        for (int64_t c = 0; c < chains; ++c) {
          const int64_t at = first + c * apart + i * step;
          y.data[at] = total[c] = i == 0 ? x.data[at] : total[c] + x.data[at];
        }
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>&, const view<const T>& dy, const view<T>& dx) const {
    for_each_group<T>(*x.dims, [&](T* total, int64_t chains, int64_t first, int64_t apart, int64_t n, int64_t step) {
      for (int64_t c = 0; c < chains; ++c) total[c] = T(0);
      for (int64_t i = n; i-- > 0;)
        for (int64_t c = 0; c < chains; ++c) {
          const int64_t at = first + c * apart + i * step;
          total[c] = total[c] + dy.data[at];
          dx.data[at] = dx.data[at] + total[c];
        }
    });
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const shape x = draw.any_shape(1);
    return draw.sample(cumsum_op{.axis = static_cast<int>(draw.whole(0, x.rank - 1))}, x);
  }

 private:
  /// Calls body(room for totals, chains, first, apart, n, step) for groups of chains of sums that run side by side: entry i of
  /// chain c lies at first + c apart + i step. Neighbours make a group, or a few lines where the axis is the last one.
  template <class T, class Body>
  void for_each_group(const shape& dims, const Body& body) const {
    const int64_t n = dims[axis], inner = dims.stride(axis), lines = dims.first(axis).size();
    constexpr int64_t beside = 64, lines_beside = 4;
    T total[static_cast<std::size_t>(beside)];
    if (inner == 1) {
      for (int64_t line = 0; line < lines; line += lines_beside)
        body(total, std::min(lines - line, lines_beside), line * n, n, n, int64_t{1});
      return;
    }
    for (int64_t line = 0; line < lines; ++line)
      for (int64_t k = 0; k < inner; k += beside)
        body(total, std::min(inner - k, beside), line * n * inner + k, int64_t{1}, n, inner);
  }
};
AXG_OPERATOR(cumsum)

}  // namespace axiograd
