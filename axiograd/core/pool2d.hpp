#pragma once
// The windows of two-dimensional pooling.

#include <axiograd/core/window.hpp>

namespace axiograd {

/// Kernel, stride (0: the kernel) and padding, per axis.
struct pool2d_geometry {
  extents<2> kernel, stride, padding;

  constexpr int64_t step(int axis) const { return stride[axis] == 0 ? kernel[axis] : stride[axis]; }

  /// (C,H,W) -> (C,H',W').
  constexpr shape_result infer_shape(const shape& x) const {
    shape y{x[0]};
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t reach = window_reach(kernel[axis], 1);
      const int64_t windows = pooling_window_count(x[1 + axis], reach, step(axis), padding[axis]);
      if (windows == 0)
        return {error_kind::invalid_parameter,
                "no window of length {} with stride {} and padding {} fits {} entries",
                kernel[axis],
                step(axis),
                padding[axis],
                x[1 + axis]};
      y.append(windows);
    }
    return y;
  }

  /// Calls body(q, first, entries) for each window: q is its place in y, `first` that of its first entry in x, and
  /// entries(visit) visits the places of all its entries in row-major order.
  template <class Body>
  void for_each_window(const shape& x, const shape& y, const Body& body) const {
    int64_t q = 0;
    for (int64_t c = 0; c < x[0]; ++c)
      for (int64_t row = 0; row < y[1]; ++row)
        for (int64_t column = 0; column < y[2]; ++column, ++q) {
          const index_range i = window_entries(row, x[1], kernel[0], step(0), padding[0]);
          const index_range j = window_entries(column, x[2], kernel[1], step(1), padding[1]);
          body(q, (c * x[1] + i.begin) * x[2] + j.begin, [&](const auto& visit) {
            for (int64_t a = i.begin; a < i.end; ++a)
              for (int64_t b = j.begin; b < j.end; ++b) visit((c * x[1] + a) * x[2] + b);
          });
        }
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    struct {
      pool2d_geometry geometry;
      shape x;
    } s;
    s.geometry.kernel = {draw.whole(1, 3), draw.whole(1, 3)};
    s.geometry.stride = {draw.whole(0, 3), draw.whole(0, 3)};
    s.geometry.padding = {draw.whole(0, s.geometry.kernel[0] / 2), draw.whole(0, s.geometry.kernel[1] / 2)};
    s.x = {draw.whole(0, 3), s.geometry.kernel[0] + draw.whole(0, 4), s.geometry.kernel[1] + draw.whole(0, 4)};
    return s;
  }
};

}  // namespace axiograd
