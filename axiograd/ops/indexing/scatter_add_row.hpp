#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// scatter_add_row(x, v) = x with v added to row i: (r,c) and (c) -> (r,c).
///
/// Shapes: leading axes before both.
/// Attributes: i, required.
/// Errors: shape_mismatch, index_out_of_range.
struct scatter_add_row_op {
  static constexpr op_info info{.name = "scatter_add_row",
                                .inputs = "x, v",
                                .formula = "y = x, y[i, :] += v",
                                .derivative = "dx = dy, dv = dy[i, :]",
                                .edges = "an index outside is an error",
                                .source = "contract 7",
                                .torch = "torch.index_add(x, 0, i, v)"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr arity in{.tensors = 2};
  static constexpr sample_ranks ranks{2, 1};
  static constexpr bool adds_up = true;

  required<int64_t> i;
  static constexpr auto attributes() { return attribute_list{attribute{"i", &scatter_add_row_op::i, "row"}}; }

  constexpr shape_result infer_shape(const shape& x, const shape& v) const {
    if (i.value < 0 || i.value >= x[0])
      return {error_kind::index_out_of_range, "index {} is outside an axis of {}", i.value, x[0]};
    if (v[0] != x[1]) return {error_kind::shape_mismatch, "rows have {} entries, v has {}", x[1], v[0]};
    return x;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    emit(strided_copy::run(0, y.size(), 0, 0));
    emit(strided_copy::run(1, x[1].size(), 0, i.value * x[1].size()));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t n = draw.positive_extent();
    const int64_t c = draw.extent();
    return draw.test_case(scatter_add_row_op{.i = draw.whole(0, n - 1)}, shape{n, c}, shape{c});
  }
};
AXG_OPERATOR(scatter_add_row)

}  // namespace axiograd
