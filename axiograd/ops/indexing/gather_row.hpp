#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// gather_row(x) = x[i, :], one row of a matrix: (r,c) -> (c).
///
/// Shapes: leading axes before x.
/// Attributes: i, required.
/// Errors: shape_mismatch, index_out_of_range.
struct gather_row_op {
  static constexpr op_info info{.name = "gather_row",
                                .formula = "y = x[i, :]",
                                .derivative = "dx[i, :] = dy, 0 elsewhere",
                                .edges = "an index outside is an error",
                                .source = "contract 7",
                                .torch = "x[i]; negative indices are errors here"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr sample_ranks ranks{2};

  required<int64_t> i;
  static constexpr auto attributes() { return attribute_list{attribute{"i", &gather_row_op::i, "row"}}; }

  constexpr shape_result infer_shape(const shape& x) const {
    if (i.value < 0 || i.value >= x[0])
      return {error_kind::index_out_of_range, "row {} is outside an axis of {}", i.value, x[0]};
    return shape{x[1]};
  }
  template <class Emit>
  void copies(std::span<const shape>, const shape& y, const Emit& emit) const {
    emit(strided_copy::run(0, y[0], i.value * y[0], 0));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t rows = draw.positive_extent();
    return draw.test_case(gather_row_op{.i = draw.whole(0, rows - 1)}, shape{rows, draw.extent()});
  }
};
AXG_OPERATOR(gather_row)

}  // namespace axiograd
