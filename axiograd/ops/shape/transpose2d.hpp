#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// transpose2d(x)_ji = x_ij: (m,n) -> (n,m).
///
/// Shapes: leading axes before the matrix.
/// Errors: shape_mismatch.
struct transpose2d_op {
  static constexpr op_info info{.name = "transpose2d",
                                .formula = "y_ji = x_ij",
                                .derivative = "dx_ij = dy_ji",
                                .edges = "extents of 0 are allowed",
                                .source = "contract 6",
                                .torch = "torch.t; leading axes as in x.mT"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr sample_ranks ranks{2};

  constexpr shape_result infer_shape(const shape& x) const { return shape{x[1], x[0]}; }
  template <class Emit>
  void copies(std::span<const shape>, const shape& y, const Emit& emit) const {
    strided_copy m = strided_copy::of(y);
    m.from_stride = {1, y[0]};
    emit(m);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t m = draw.extent();
    return draw.test_case(transpose2d_op{}, shape{m, draw.extent()});
  }
};
AXG_OPERATOR(transpose2d)

}  // namespace axiograd
