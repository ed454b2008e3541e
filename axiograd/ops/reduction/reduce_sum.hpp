#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>

namespace axiograd {

/// reduce_sum(x): the sum over one axis, which is dropped.
///
/// Attributes: axis, required, negative counted from the end.
/// Errors: invalid_axis, also when an extent is 0.
struct reduce_sum_op {
  static constexpr op_info info{.name = "reduce_sum",
                                .formula = "sum over the axis",
                                .derivative = "dy along the axis",
                                .edges = "0 entries are excluded by the axis rule; NaN propagates",
                                .source = "contract 5",
                                .torch = "torch.sum(dim=axis); empty extents are errors here"};
  static constexpr op_facts facts{};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  template <class T>
  static constexpr bool runs_on = ring<T>;

  required<int> axis;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &reduce_sum_op::axis, "axis to drop", attribute_kind::axis}};
  }

  constexpr int row_axis(int) const { return axis; }
  constexpr shape_result infer_shape(const shape& x) const {
    if (!x.well_formed()) return {error_kind::invalid_axis, "axis {} of shape {shapes} cannot be reduced", axis.value};
    return x.without(axis);
  }

  template <ring_row X>
  auto forward(const X& x, auto&) const {
    return sum(x);
  }
  template <ring_row X>
  auto vjp(const X& x, const lane_of<X>& dy, auto&) const {
    return constant_row(x.size(), lane_of<X>(dy));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    return draw.test_case(reduce_sum_op{.axis = static_cast<int>(draw.whole(0, x.rank - 1))}, x);
  }
};
AXG_OPERATOR(reduce_sum)

}  // namespace axiograd
