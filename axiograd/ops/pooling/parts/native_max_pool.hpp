#pragma once
// Max pooling by windows that lie side by side: the usual case, in which every entry belongs to one window at most.

#include <axiograd/core/shape.hpp>
#include <axiograd/kernels/cpu/isa.hpp>

namespace axiograd {

/// Windows of `rows` x `columns` entries without gaps or overlap over a plane whose rows have `width` entries: `lines` lines of
/// `line` windows.
struct window_tiling {
  int64_t rows, columns, lines, line, width;
  /// Columns that the kernels are made for.
  static constexpr bool fits(int64_t columns) { return columns >= 2 && columns <= 4; }
};

/// One plane. Defined and instantiated in the units of each instruction set (simd_max_pool.hpp).
template <class T, isa Set>
struct native_max_pool {
  /// y = the largest entry of each window, the first of equal ones; NaN if there is one.
  static void forward(const window_tiling& w, const T* x, T* y);
  /// Writes dx: dy at the first largest entry of its window, 0 elsewhere in the windows.
  static void vjp(const window_tiling& w, const T* x, const T* y, const T* dy, T* dx);
  /// The same for `block` channels that lie side by side.
  static void forward(const window_tiling& w, int64_t block, const T* x, T* y);
  static void vjp(const window_tiling& w, int64_t block, const T* x, const T* y, const T* dy, T* dx, bool adds);
};

}  // namespace axiograd
