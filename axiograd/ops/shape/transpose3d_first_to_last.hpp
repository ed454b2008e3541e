#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// transpose3d_first_to_last(x): (a,b,c) -> (b,c,a), y_jki = x_ijk.
///
/// Shapes: leading axes before the three.
/// Errors: shape_mismatch.
struct transpose3d_first_to_last_op {
  static constexpr op_info info{.name = "transpose3d_first_to_last",
                                .formula = "y_jki = x_ijk",
                                .derivative = "dx_ijk = dy_jki",
                                .edges = "extents of 0 are allowed",
                                .source = "contract 6",
                                .torch = "torch.permute(x, (1, 2, 0))"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr sample_ranks ranks{3};

  constexpr shape_result infer_shape(const shape& x) const { return shape{x[1], x[2], x[0]}; }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    strided_copy m = strided_copy::of(y);
    m.from_stride = {x[0].stride(1), x[0].stride(2), x[0].stride(0)};
    emit(m);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t a = draw.extent(), b = draw.extent();
    return draw.test_case(transpose3d_first_to_last_op{}, shape{a, b, draw.extent()});
  }
};
AXG_OPERATOR(transpose3d_first_to_last)

}  // namespace axiograd
