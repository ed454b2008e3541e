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
    along(*x.dims, [&](int64_t at, int64_t before) { y.data[at] = before < 0 ? x.data[at] : y.data[before] + x.data[at]; });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>&, const view<const T>& dy, const view<T>& dx) const {
    const int64_t n = (*x.dims)[axis], inner = x.dims->stride(axis), lines = x.dims->first(axis).size();
    // Several chains of sums side by side: neighbours, or lines where the axis is the last one.
    constexpr int64_t most = 16;
    const int64_t beside = inner == 1 ? lines : inner, apart = inner == 1 ? n : 1;
    for (int64_t line = 0; line < (inner == 1 ? 1 : lines); ++line)
      for (int64_t k = 0; k < beside; k += most) {
        const int64_t chains = beside - k < most ? beside - k : most;
        T total[static_cast<std::size_t>(most)];
        for (T& t : total) t = T(0);
        for (int64_t i = n; i-- > 0;)
          for (int64_t c = 0; c < chains; ++c) {
            const int64_t at = (line * n + i) * inner + (k + c) * apart;
            total[c] = total[c] + dy.data[at];
            dx.data[at] = dx.data[at] + total[c];
          }
      }
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const shape x = draw.any_shape(1);
    return draw.sample(cumsum_op{.axis = static_cast<int>(draw.whole(0, x.rank - 1))}, x);
  }

 private:
  /// Calls body(place, the place before it along the axis or -1) in an order that goes along the axis.
  template <class Body>
  void along(const shape& dims, const Body& body) const {
    const int64_t n = dims[axis], inner = dims.stride(axis), lines = dims.first(axis).size();
    constexpr int64_t most = 8;  // lines whose sums run side by side where the axis is the last one
    for (int64_t line = 0; line < lines; line += inner == 1 ? most : 1) {
      const int64_t chains = inner != 1 ? 1 : lines - line < most ? lines - line : most;
      for (int64_t i = 0; i < n * inner; ++i)
        for (int64_t c = 0; c < chains; ++c) {
          const int64_t at = (line + c) * n * inner + i;
          body(at, i < inner ? -1 : at - inner);
        }
    }
  }
};
AXG_OPERATOR(cumsum)

}  // namespace axiograd
