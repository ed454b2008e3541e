#pragma once

#include <axiograd/core/box_move.hpp>
#include <axiograd/core/window.hpp>

namespace axiograd {

/// What the windows of a convolution see of a channels-first input, as a matrix: a row for each channel and kernel entry, a
/// column for each window, 0 where a window reaches into the padding.
template <int N>
struct patches {
  extents<N> stride, padding, dilation;
  shape kernel;  ///< (O, C/groups, k...)
  shape x;       ///< (C, n...)
  shape y;       ///< (O, q...)

  /// Whether the matrix is x itself.
  constexpr bool is_input() const { return kernel.from(2).size() == 1 && stride == extents<N>(1) && padding == extents<N>(0); }
  /// Without padding every window lies inside.
  constexpr bool leaves_gaps() const { return padding != extents<N>(0); }

  /// The boxes of x and where they land, for kernels/boxes.hpp.
  template <class Emit>
  void moves(std::span<const shape>, const shape&, const Emit& emit) const {
    const int64_t rows = kernel.from(2).size(), columns = y.from(1).size();
    for (int64_t c = 0; c < x[0]; ++c) offsets(0, {.from = c * x.stride(0), .to = c * rows * columns}, emit);
  }

 private:
  // Fixes the kernel entry along `axis` and all later ones; each choice moves one box of windows.
  template <class Emit>
  void offsets(int axis, const box_move& m, const Emit& emit) const {
    if (axis == N) return emit(m);
    const auto a = static_cast<std::size_t>(axis);
    const int64_t n = x[1 + axis], entry = x.stride(1 + axis), window = y.stride(1 + axis);
    for (int64_t j = 0; j < kernel[2 + axis]; ++j) {
      const int64_t offset = j * dilation[axis];
      const index_range q = windows_inside(offset, n, stride[axis], padding[axis], y[1 + axis]);
      if (q.size() == 0) continue;
      box_move next = m;
      next.box.append(q.size());
      next.from += (q.begin * stride[axis] + offset - padding[axis]) * entry;
      next.to += j * kernel.stride(2 + axis) * y.from(1).size() + q.begin * window;
      next.from_stride[a] = stride[axis] * entry;
      next.to_stride[a] = window;
      offsets(axis + 1, next, emit);
    }
  }
};

}  // namespace axiograd
