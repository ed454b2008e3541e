#pragma once

#include <axiograd/core/block_sum.hpp>
#include <axiograd/core/scratch.hpp>
#include <axiograd/kernels/window.hpp>

namespace axiograd {

namespace impl {
/// Where a window lies: a range along each axis.
struct window_place {
  std::array<index_range, max_rank> range;
  std::array<int64_t, max_rank> stride;

  int64_t entries(int axes) const {
    int64_t n = 1;
    for (int axis = 0; axis < axes; ++axis) n *= range[static_cast<std::size_t>(axis)].size();
    return n;
  }
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

/// One window over a plane.
struct pool_window {
  const window_place& at;
  int axes;
  int64_t plane;  ///< where the plane begins

  /// The entries inside x.
  int64_t entries() const { return at.entries(axes); }
  template <class Visit>
  void operator()(const Visit& visit) const {
    at.visit(0, axes - 1, plane, visit);
  }
};
/// The same over two axes, the usual case: loops that a compiler sees through.
struct plane_window {
  index_range rows, columns;
  int64_t width, plane;

  int64_t entries() const { return rows.size() * columns.size(); }
  template <class Visit>
  void operator()(const Visit& visit) const {
    for (int64_t i = rows.begin; i < rows.end; ++i)
      for (int64_t j = columns.begin; j < columns.end; ++j) visit(plane + i * width + j);
  }
};
}  // namespace impl

/// Calls body(q, window) for each window over a channels-first tensor, q its place in y; window(visit) visits the places in x
/// of its entries, in row-major order, and window.entries() says how many there are. Along each axis window q covers
/// range(axis, q, extent of x).
template <class Range, class Body>
void for_each_window(const shape& x, const shape& y, const Range& range, const Body& body) {
  const int axes = x.rank - 1;
  const int64_t plane = x.from(1).size();
  impl::window_place at{};
  std::array<const index_range*, max_rank> ranges{};  // of all windows along an axis
  int64_t ranges_in_all = 0;
  for (int axis = 0; axis < axes; ++axis) ranges_in_all += y[1 + axis];
  scratch_memory<index_range> memory(ranges_in_all + 1);
  index_range* next = memory.data();
  for (int axis = 0; axis < axes; ++axis) {
    at.stride[static_cast<std::size_t>(axis)] = x.stride(1 + axis);
    ranges[static_cast<std::size_t>(axis)] = next;
    for (int64_t q = 0; q < y[1 + axis]; ++q) *next++ = range(axis, q, x[1 + axis]);
  }
  int64_t q = 0;
  if (axes == 2) {
    for (int64_t c = 0; c < x[0]; ++c)
      for (int64_t i = 0; i < y[1]; ++i)
        for (int64_t j = 0; j < y[2]; ++j) body(q++, impl::plane_window{ranges[0][i], ranges[1][j], x[2], c * plane});
    return;
  }
  for (int64_t c = 0; c < x[0]; ++c) {
    const auto walk = [&](const auto& self, int axis) -> void {
      const auto a = static_cast<std::size_t>(axis);
      for (int64_t i = 0; i < y[1 + axis]; ++i) {
        at.range[a] = ranges[a][i];
        if (axis + 1 < axes)
          self(self, axis + 1);
        else
          body(q++, impl::pool_window{at, axes, c * plane});
      }
    };
    walk(walk, 0);
  }
}

/// The windows of pooling over channels-first tensors (C, n...): kernel, stride and padding for each spatial axis. No strides,
/// or a stride of 0, mean the kernel; no paddings mean 0.
struct pool_geometry {
  axis_list kernel, stride, padding;

  constexpr int64_t step(int axis) const { return axis >= stride.rank || stride[axis] == 0 ? kernel[axis] : stride[axis]; }
  constexpr int64_t pad(int axis) const { return axis >= padding.rank ? 0 : padding[axis]; }
  /// Entries of a window, those in the padding included.
  constexpr int64_t cells() const { return kernel.size(); }
  /// Windows that see one entry, at most.
  constexpr int64_t windows_of_an_entry() const {
    int64_t n = 1;
    for (int axis = 0; axis < kernel.rank; ++axis) n *= (kernel[axis] + step(axis) - 1) / step(axis);
    return n;
  }

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

  /// The windows as for_each_window takes them.
  constexpr index_range range(int axis, int64_t q, int64_t n) const {
    return window_entries(q, n, kernel[axis], step(axis), pad(axis));
  }
  template <class Body>
  void for_each_window(const shape& x, const shape& y, const Body& body) const {
    axiograd::for_each_window(x, y, [this](int axis, int64_t q, int64_t n) { return range(axis, q, n); }, body);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw, int axes) {
    struct {
      pool_geometry geometry;
      shape x;
    } s;
    s.x = shape{draw.whole(0, 3)};
    for (int axis = 0; axis < axes; ++axis) {
      s.geometry.kernel.append(draw.length(1, 3));
      s.geometry.stride.append(draw.whole(0, 3));
      s.geometry.padding.append(draw.whole(0, std::min<int64_t>(1, s.geometry.kernel[axis] / 2)));
      s.x.append(s.geometry.kernel[axis] + draw.length(0, 4));
    }
    return s;
  }
};

/// Pooling to a given number of windows along each axis: window i of m over n entries covers floor(i n / m) up to
/// ceil((i + 1) n / m). Neighbours may overlap.
struct adaptive_geometry {
  axis_list windows;

  constexpr shape_result infer_shape(const shape& x) const {
    if (windows.rank < 1 || !windows.well_formed())
      return {error_kind::invalid_parameter, "there must be at least one window along each of at least one axis"};
    if (x.rank != 1 + windows.rank)
      return {error_kind::shape_mismatch, "windows along {} axes need an input of {} axes: {shapes}", windows.rank,
              1 + windows.rank};
    if (!x.from(1).well_formed()) return {error_kind::invalid_parameter, "nothing to pool in shape {shapes}"};
    return concat(x.first(1), windows);
  }
  /// Windows that see one entry, at most, where x has these extents.
  constexpr int64_t windows_of_an_entry(const shape& x) const {
    int64_t n = 1;
    for (int axis = 0; axis < windows.rank; ++axis) n *= windows[axis] / x[1 + axis] + 2;
    return n;
  }
  template <class Body>
  void for_each_window(const shape& x, const shape& y, const Body& body) const {
    axiograd::for_each_window(
        x, y,
        [this](int axis, int64_t q, int64_t n) {
          const int64_t m = windows[axis];
          return index_range{q * n / m, ((q + 1) * n + m - 1) / m};
        },
        body);
  }
  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    struct {
      axis_list windows;
      shape x;
    } s;
    s.x = shape{draw.whole(0, 3)};
    for (int axis = draw.whole(1, 3); axis > 0; --axis) {
      s.windows.append(draw.length(1, 4));
      s.x.append(draw.positive_extent());
    }
    return s;
  }
};

}  // namespace axiograd
