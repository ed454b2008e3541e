#pragma once

#include <axiograd/core/view.hpp>
#include <span>

namespace axiograd {

/// Positions given to an operator beside its tensors.
using index_view = view<const int64_t>;

/// A strided box of one input and its place in the output: entry (i, j, ...) of the box lies at
/// `from + i*from_stride[0] + ...` of the input and at `to + i*to_stride[0] + ...` of the output. Stride 0 repeats.
struct box_move {
  int input = 0;
  shape box{};
  int64_t from = 0;
  int64_t to = 0;
  std::array<int64_t, max_rank> from_stride{};
  std::array<int64_t, max_rank> to_stride{};

  /// A box of the whole output, read with the given input strides.
  static constexpr box_move of(const shape& y) {
    box_move m{.box = y};
    for (int axis = 0; axis < y.rank; ++axis) m.to_stride[static_cast<std::size_t>(axis)] = y.stride(axis);
    return m;
  }
  /// A contiguous run of numbers.
  static constexpr box_move run(int input, int64_t count, int64_t from, int64_t to) {
    box_move m{.input = input, .box = {count}, .from = from, .to = to};
    m.from_stride[0] = m.to_stride[0] = 1;
    return m;
  }
};

}  // namespace axiograd
