#pragma once

#include <axiograd/core/view.hpp>
#include <span>

namespace axiograd {

/// Positions given to an operator beside its tensors.
using index_view = view<const int64_t>;

/// A strided box of one input and its place in the output: entry (i, j, ...) of the box lies at
/// `from + i*from_stride[0] + ...` of the input and at `to + i*to_stride[0] + ...` of the output. Stride 0 repeats.
struct strided_copy {
  int input = 0;
  shape box{};
  int64_t from = 0;
  int64_t to = 0;
  std::array<int64_t, max_rank> from_stride{};
  std::array<int64_t, max_rank> to_stride{};

  /// A box of the whole output, read with the given input strides.
  static constexpr strided_copy of(const shape& y) {
    strided_copy m{.box = y};
    for (int axis = 0; axis < y.rank; ++axis) m.to_stride[static_cast<std::size_t>(axis)] = y.stride(axis);
    return m;
  }
  /// The same box with input and output exchanged.
  constexpr strided_copy reversed() const {
    return {.input = input, .box = box, .from = to, .to = from, .from_stride = to_stride, .to_stride = from_stride};
  }
  /// Whether no entry of the input is taken twice; false also where the strides do not show it.
  constexpr bool takes_once() const {
    // Axes by their strides, the smallest first: each step must be longer than everything before it together.
    for (int64_t taken = 0, axes = 0, longest = 0; axes < box.rank; ++axes) {
      int next = -1;
      for (int axis = 0; axis < box.rank; ++axis) {
        const int64_t step = from_stride[static_cast<std::size_t>(axis)];
        if ((taken >> axis & 1) == 0 && (next < 0 || step < from_stride[static_cast<std::size_t>(next)])) next = axis;
      }
      taken |= int64_t{1} << next;
      const int64_t step = from_stride[static_cast<std::size_t>(next)];
      if (box[next] > 1 && step <= longest) return false;
      longest += step * (box[next] - 1);
    }
    return true;
  }
  /// A contiguous run of numbers.
  static constexpr strided_copy run(int input, int64_t count, int64_t from, int64_t to) {
    strided_copy m{.input = input, .box = {count}, .from = from, .to = to};
    m.from_stride[0] = m.to_stride[0] = 1;
    return m;
  }
};

}  // namespace axiograd
