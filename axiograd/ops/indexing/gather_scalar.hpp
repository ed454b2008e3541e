#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// gather_scalar(x) = x[i], one entry of a vector: (n) -> ().
///
/// Shapes: leading axes before x.
/// Attributes: i, required.
/// Errors: shape_mismatch, index_out_of_range.
struct gather_scalar_op {
  static constexpr op_info info{.name = "gather_scalar",
                                .formula = "y = x[i]",
                                .derivative = "dx[i] = dy, 0 elsewhere",
                                .edges = "an index outside is an error; gather_scalar_nat reads 0 there",
                                .source = "contract 7",
                                .torch = "x[i]; negative indices are errors here"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr sample_ranks ranks{1};

  required<int64_t> i;
  static constexpr auto attributes() { return attribute_list{attribute{"i", &gather_scalar_op::i, "index"}}; }

  constexpr shape_result infer_shape(const shape& x) const {
    if (i.value < 0 || i.value >= x[0])
      return {error_kind::index_out_of_range, "index {} is outside an axis of {}", i.value, x[0]};
    return shape{};
  }
  template <class Emit>
  void copies(std::span<const shape>, const shape&, const Emit& emit) const {
    emit(strided_copy::run(0, 1, i.value, 0));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t n = draw.positive_extent();
    return draw.test_case(gather_scalar_op{.i = draw.whole(0, n - 1)}, shape{n});
  }
};
AXG_OPERATOR(gather_scalar)

}  // namespace axiograd
