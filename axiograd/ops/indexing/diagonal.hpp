#pragma once

#include <axiograd/core/algorithm.hpp>
#include <axiograd/families/index.hpp>

namespace axiograd {

/// diagonal(x): entries with equal indices on two axes, which become one, the last.
///
/// Attributes: axis1 and axis2, default 0 and 1. Errors: invalid_axis.
struct diagonal_op {
  static constexpr op_info info{.name = "diagonal",
                                .formula = "y[..., i] = x with i on both axes",
                                .derivative = "dy on the diagonal, 0 elsewhere",
                                .edges = "of unequal axes the shorter counts",
                                .source = "contract 19.12 (einsum)",
                                .torch = "torch.diagonal(dim1, dim2); same without offset"};
  static constexpr op_facts facts{};
  using kind = family::index;

  int axis1 = 0, axis2 = 1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis1", &diagonal_op::axis1, "first axis", attribute_kind::axis},
                          attribute{"axis2", &diagonal_op::axis2, "second axis", attribute_kind::axis}};
  }

  constexpr shape_result infer_shape(const shape& x) const {
    if (axis1 == axis2) return {error_kind::invalid_axis, "axes {} and {} are one: there is no diagonal", axis1, axis2};
    shape y = x.without(std::max(axis1, axis2)).without(std::min(axis1, axis2));
    y.append(std::min(x[axis1], x[axis2]));
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    strided_copy m = strided_copy::of(y);
    std::size_t to = 0;
    for (int axis = 0; axis < x[0].rank; ++axis)
      if (axis != axis1 && axis != axis2) m.from_stride[to++] = x[0].stride(axis);
    m.from_stride[to] = x[0].stride(axis1) + x[0].stride(axis2);
    emit(m);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(2);
    const int a = draw.whole(0, x.rank - 1);
    return draw.test_case(diagonal_op{.axis1 = a, .axis2 = static_cast<int>((a + draw.whole(1, x.rank - 1)) % x.rank)}, x);
  }
};
AXG_OPERATOR(diagonal)

}  // namespace axiograd
