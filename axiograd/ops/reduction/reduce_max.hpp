#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>

namespace axiograd {

/// reduce_max(x): the largest entry along one axis, which is dropped.
///
/// Attributes: axis, required, negative counted from the end.
/// Errors: invalid_axis, also when an extent is 0.
struct reduce_max_op {
  static constexpr op_info info{
      .name = "reduce_max",
      .formula = "max over the axis",
      .derivative = "dy to the first largest entry",
      .edges = "0 entries are excluded by the axis rule; NaN wins; the first of equal entries gets the gradient",
      .source = "contract 5, companion",
      .torch = "torch.max(dim=axis).values; same"};
  static constexpr op_facts facts{};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  static constexpr bool finds_positions = true;
  template <class T>
  static constexpr bool runs_on = ordered_ring<T> && requires(T a, T b) {
    { a > b } -> std::convertible_to<bool>;
  };

  required<int> axis;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &reduce_max_op::axis, "axis to drop", attribute_kind::axis}};
  }

  constexpr int row_axis(int) const { return axis; }
  constexpr shape_result infer_shape(const shape& x) const {
    if (!x.well_formed()) return {error_kind::invalid_axis, "axis {} of shape {shapes} cannot be reduced", axis.value};
    return x.without(axis);
  }

  template <ordered_row X>
  auto forward(const X& x, auto&) const {
    return max(x);
  }
  template <ordered_row X>
  auto vjp(const X& x, const lane_of<X>& dy, auto&) const {
    return one_hot_row<lane_of<X>>(x.size(), first_not_below(x, max(x))) * dy;
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    return draw.test_case(reduce_max_op{.axis = static_cast<int>(draw.whole(0, x.rank - 1))}, x);
  }
};
AXG_OPERATOR(reduce_max)

}  // namespace axiograd
