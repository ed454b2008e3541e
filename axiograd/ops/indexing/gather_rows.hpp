#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// gather_rows(x, indices)_j = x[indices_j, :]: (r,c) and indices (k...) -> (k...,c).
///
/// Shapes: leading axes before x; the indices are shared. An index outside 0 .. r-1 gives a zero row and no gradient.
/// Errors: shape_mismatch, rank_limit.
struct gather_rows_op {
  static constexpr op_info info{.name = "gather_rows",
                                .inputs = "x, indices",
                                .formula = "y_j = x[indices_j, :], 0 when the index is outside",
                                .derivative = "dx[i, :] = sum of dy_j over the j with indices_j = i",
                                .edges = "repeated indices accumulate; an index outside reads 0",
                                .source = "contract 7",
                                .torch = "torch.index_select(x, 0, indices); it raises on indices outside"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr arity in{.tensors = 1, .side = 1};
  static constexpr sample_ranks ranks{2};
  static constexpr bool leaves_gaps = true;

  constexpr shape_result infer_shape(const shape& x, const shape& indices) const {
    if (indices.rank == max_rank) return {error_kind::rank_limit, "the result has more than {} axes", max_rank};
    shape y = indices;
    y.append(x[1]);
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape&, std::span<const index_view> side, const Emit& emit) const {
    const int64_t rows = x[0][0], columns = x[0][1];
    for (int64_t j = 0; j < side[0].dims->size(); ++j)
      if (const int64_t i = side[0].data[j]; i >= 0 && i < rows) emit(strided_copy::run(0, columns, i * columns, j * columns));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t rows = draw.extent();
    const shape x{rows, draw.extent()};
    return draw.test_case(gather_rows_op{}, x, draw.indices(draw.extent(), -1, rows));
  }
};
AXG_OPERATOR(gather_rows)

}  // namespace axiograd
