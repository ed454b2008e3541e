#pragma once

#include <axiograd/core/window.hpp>

namespace axiograd {

/// The windows of pooling over channels-first tensors (C, n...): kernel, stride and padding for each spatial axis. No strides,
/// or a stride of 0, mean the kernel; no paddings mean 0.
struct pool_geometry {
  axis_list kernel, stride, padding;

  constexpr int64_t step(int axis) const { return axis >= stride.rank || stride[axis] == 0 ? kernel[axis] : stride[axis]; }
  constexpr int64_t pad(int axis) const { return axis >= padding.rank ? 0 : padding[axis]; }
  /// Entries of a window, those in the padding included.
  constexpr int64_t cells() const { return kernel.size(); }

  /// (C, n...) -> (C, n'...).
  constexpr shape_result infer_shape(const shape& x) const {
    if (kernel.rank < 1) return {error_kind::invalid_parameter, "the kernel has no axes"};
    if ((stride.rank != 0 && stride.rank != kernel.rank) || (padding.rank != 0 && padding.rank != kernel.rank))
      return {error_kind::invalid_parameter, "kernel, stride and padding have {}, {} and {} axes", kernel.rank, stride.rank,
              padding.rank};
    if (x.rank != 1 + kernel.rank)
      return {error_kind::shape_mismatch, "a kernel of {} axes needs an input of {} axes: {shapes}", kernel.rank,
              1 + kernel.rank};
    shape y{x[0]};
    for (int axis = 0; axis < kernel.rank; ++axis) {
      const int64_t reach = window_reach(kernel[axis], 1);
      const int64_t windows = pooling_window_count(x[1 + axis], reach, step(axis), pad(axis));
      if (windows == 0)
        return {error_kind::invalid_parameter,
                "no window of length {} with stride {} and padding {} fits {} entries",
                kernel[axis],
                step(axis),
                pad(axis),
                x[1 + axis]};
      y.append(windows);
    }
    return y;
  }

  /// Calls body(q, window) for each window, q its place in y; window(visit) visits the places in x of its entries inside x, in
  /// row-major order. Each window has at least one.
  template <class Body>
  void for_each_window(const shape& x, const shape& y, const Body& body) const {
    const int axes = kernel.rank;
    const int64_t plane = x.from(1).size(), windows = y.from(1).size();
    place at{};
    for (int axis = 0; axis < axes; ++axis) at.stride[static_cast<std::size_t>(axis)] = x.stride(1 + axis);
    for (int64_t q = 0; q < windows; ++q) {
      for (int64_t axis = axes, rest = q; axis-- > 0; rest /= y[static_cast<int>(1 + axis)]) {
        const int a = static_cast<int>(axis);
        at.range[static_cast<std::size_t>(axis)] = window_entries(rest % y[1 + a], x[1 + a], kernel[a], step(a), pad(a));
      }
      for (int64_t c = 0; c < x[0]; ++c)
        body(c * windows + q, [&](const auto& visit) { at.visit(0, axes - 1, c * plane, visit); });
    }
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw, int axes) {
    struct {
      pool_geometry geometry;
      shape x;
    } s;
    s.x = shape{draw.whole(0, 3)};
    for (int axis = 0; axis < axes; ++axis) {
      s.geometry.kernel.append(draw.whole(1, 3));
      s.geometry.stride.append(draw.whole(0, 3));
      s.geometry.padding.append(draw.whole(0, s.geometry.kernel[axis] / 2));
      s.x.append(s.geometry.kernel[axis] + draw.whole(0, 4));
    }
    return s;
  }

 private:
  struct place {
    std::array<index_range, max_rank> range;
    std::array<int64_t, max_rank> stride;

    template <class Visit>
    void visit(int axis, int last, int64_t from, const Visit& each) const {
      const index_range r = range[static_cast<std::size_t>(axis)];
      const int64_t step = stride[static_cast<std::size_t>(axis)];
      if (axis == last)
        for (int64_t i = r.begin; i < r.end; ++i) each(from + i);
      else
        for (int64_t i = r.begin; i < r.end; ++i) visit(axis + 1, last, from + i * step, each);
    }
  };
};

}  // namespace axiograd
