#pragma once

#include <axiograd/kernels/strided_copy.hpp>
#include <axiograd/kernels/window.hpp>

namespace axiograd {

/// Stride, padding and dilation of a convolution for each spatial axis; empty lists mean 1, 0 and 1.
struct conv_geometry {
  axis_list stride, padding, dilation;
  int groups = 1;

  friend constexpr bool operator==(const conv_geometry&, const conv_geometry&) = default;
  constexpr int64_t step(int axis) const { return stride.rank == 0 ? 1 : stride[axis]; }
  constexpr int64_t pad(int axis) const { return padding.rank == 0 ? 0 : padding[axis]; }
  constexpr int64_t distance(int axis) const { return dilation.rank == 0 ? 1 : dilation[axis]; }

  /// What a convolution and its transpose check alike before they look at windows: channels that come in and go out.
  constexpr shape_result check(const shape& kernel, const shape& b, const shape& x, int64_t out) const {
    const int axes = kernel.rank - 2;
    for (const axis_list* l : {&stride, &padding, &dilation})
      if (l->rank != 0 && l->rank != axes)
        return {error_kind::invalid_parameter, "an attribute has {} numbers for {} spatial axes", l->rank, axes};
    if (b.rank >= 0 && b[0] != out)
      return {error_kind::shape_mismatch, "the kernel gives {} channels, the bias has {}", out, b[0]};
    if (x[0] % groups != 0 || out % groups != 0)
      return {error_kind::invalid_parameter, "{} groups do not divide {} output and {} input channels", groups, out, x[0]};
    if (x[0] == 0 || out == 0) return {error_kind::invalid_parameter, "there are no channels: shapes {shapes}"};
    return shape{};
  }
};

/// What the windows of a convolution see of a channels-first input, as a matrix: a row for each channel and kernel entry, a
/// column for each window, 0 where a window reaches into the padding.
struct patches {
  conv_geometry geometry;
  shape kernel;  ///< (O, C/groups, k...)
  shape x;       ///< the image, (C, n...)
  shape y;       ///< the windows, (O, q...)

  /// Whether the matrix is x itself.
  constexpr bool is_input() const { return kernel.from(2).size() == 1 && all(geometry.stride, 1) && all(geometry.padding, 0); }
  /// Without padding every window lies inside.
  constexpr bool leaves_gaps() const { return !all(geometry.padding, 0); }

  /// The boxes of x and where they land, for kernels/strided_copies.hpp.
  template <class Emit>
  void copies(std::span<const shape>, const shape&, const Emit& emit) const {
    const int64_t rows = kernel.from(2).size(), columns = y.from(1).size();
    for (int64_t c = 0; c < x[0]; ++c) offsets(0, {.from = c * x.stride(0), .to = c * rows * columns}, emit);
  }

 private:
  static constexpr bool all(const axis_list& l, int64_t value) {
    return std::all_of(l.begin(), l.end(), [=](int64_t entry) { return entry == value; });
  }
  // Fixes the kernel entry along `axis` and all later ones; each choice moves one box of windows.
  template <class Emit>
  void offsets(int axis, const strided_copy& m, const Emit& emit) const {
    if (axis == kernel.rank - 2) return emit(m);
    const auto a = static_cast<std::size_t>(axis);
    const int64_t n = x[1 + axis], entry = x.stride(1 + axis), window = y.stride(1 + axis);
    for (int64_t j = 0; j < kernel[2 + axis]; ++j) {
      const int64_t offset = j * geometry.distance(axis);
      const index_range q = windows_inside(offset, n, geometry.step(axis), geometry.pad(axis), y[1 + axis]);
      if (q.size() == 0) continue;
      strided_copy next = m;
      next.box.append(q.size());
      next.from += (q.begin * geometry.step(axis) + offset - geometry.pad(axis)) * entry;
      next.to += j * kernel.stride(2 + axis) * y.from(1).size() + q.begin * window;
      next.from_stride[a] = geometry.step(axis) * entry;
      next.to_stride[a] = window;
      offsets(axis + 1, next, emit);
    }
  }
};

}  // namespace axiograd
