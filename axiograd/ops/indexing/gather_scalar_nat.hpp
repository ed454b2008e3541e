#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// gather_scalar_nat(x) = x[i], or 0 when i is outside: (n) -> ().
///
/// Shapes: leading axes before x.
/// Attributes: i, required.
/// Errors: shape_mismatch.
struct gather_scalar_nat_op {
  static constexpr op_info info{.name = "gather_scalar_nat",
                                .formula = "y = x[i], 0 when i is outside",
                                .derivative = "dx[i] = dy, 0 elsewhere",
                                .edges = "an index outside reads 0 and gets no gradient",
                                .source = "contract 7",
                                .torch = "none; torch raises outside"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr sample_ranks ranks{1};
  static constexpr bool leaves_gaps = true;

  required<int64_t> i;
  static constexpr auto attributes() { return attribute_list{attribute{"i", &gather_scalar_nat_op::i, "index"}}; }

  constexpr shape_result infer_shape(const shape&) const { return shape{}; }
  template <class Emit>
  void copies(std::span<const shape> x, const shape&, const Emit& emit) const {
    if (i.value >= 0 && i.value < x[0][0]) emit(strided_copy::run(0, 1, i.value, 0));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t n = draw.extent();
    return draw.test_case(gather_scalar_nat_op{.i = draw.whole(-1, n)}, shape{n});
  }
};
AXG_OPERATOR(gather_scalar_nat)

}  // namespace axiograd
