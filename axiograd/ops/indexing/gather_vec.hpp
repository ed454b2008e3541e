#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// gather_vec(x, indices)_j = x[indices_j]: (n) and indices (k...) -> (k...).
///
/// Shapes: leading axes before x; the indices are shared. An index outside 0 .. n-1 reads 0 and gets no gradient.
/// Errors: shape_mismatch.
struct gather_vec_op {
  static constexpr op_info info{.name = "gather_vec",
                                .inputs = "x, indices",
                                .formula = "y_j = x[indices_j], 0 when the index is outside",
                                .derivative = "dx[i] = sum of dy_j over the j with indices_j = i",
                                .edges = "repeated indices accumulate; an index outside reads 0",
                                .source = "contract 7",
                                .torch = "x[indices]; it raises on indices outside"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr arity in{.tensors = 1, .side = 1};
  static constexpr sample_ranks ranks{1};
  static constexpr bool leaves_gaps = true;

  constexpr shape_result infer_shape(const shape&, const shape& indices) const { return indices; }
  template <class Emit>
  void copies(std::span<const shape> x, const shape&, std::span<const index_view> side, const Emit& emit) const {
    for (int64_t j = 0; j < side[0].dims->size(); ++j)
      if (const int64_t i = side[0].data[j]; i >= 0 && i < x[0][0]) emit(strided_copy::run(0, 1, i, j));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t n = draw.extent();
    return draw.test_case(gather_vec_op{}, shape{n}, draw.indices(draw.extent(), -1, n));
  }
};
AXG_OPERATOR(gather_vec)

}  // namespace axiograd
