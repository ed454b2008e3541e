#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>

namespace axiograd {

/// variance(x): the variance along one axis, which is dropped; the sum of squares is divided by n - correction.
///
/// Attributes: axis, required, not negative; correction, default 1 (Bessel's).
/// Errors: invalid_axis, also when an extent is 0; invalid_parameter unless n > correction >= 0.
struct variance_op {
  static constexpr op_info info{.name = "variance",
                                .formula = "sum (x - mean x)^2 / (n - correction)",
                                .derivative = "2 (x - mean x) dy / (n - correction)",
                                .edges = "a constant row gives exactly 0; NaN propagates",
                                .source = "Chan, Golub & LeVeque 1983, section 1",
                                .torch = "torch.var(dim=axis); n <= correction is an error here"};
  static constexpr op_facts facts{.max_ulp = 8, .derivative_max_ulp = 64};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  template <class T>
  static constexpr bool runs_on = field<T>;

  required<int> axis;
  int correction = 1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &variance_op::axis, "axis to drop", attribute_kind::axis},
                          attribute{"correction", &variance_op::correction, "subtracted from the number of entries"}};
  }

  constexpr int row_axis(int) const { return axis; }
  constexpr shape_result infer_shape(const shape& x) const {
    if (!x.well_formed()) return {error_kind::invalid_axis, "axis {} of shape {shapes} cannot be reduced", axis.value};
    if (correction < 0 || x[axis] <= correction)
      return {error_kind::invalid_parameter, "{} entries with correction {}", x[axis], correction};
    return x.without(axis);
  }

  template <field_row X>
  auto forward(const X& x, auto&) const {
    const auto c = x - corrected_mean(x);
    return sum(c * c) / divisor(x);
  }
  template <field_row X>
  auto vjp(const X& x, const lane_of<X>& dy, auto&) const {
    return (x - corrected_mean(x)) * ((dy + dy) / divisor(x));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    const int axis = draw.whole(0, x.rank - 1);
    return draw.test_case(variance_op{.axis = axis, .correction = x[axis] > 1 ? draw.whole(0, 1) : 0}, x);
  }

 private:
  template <field_row X>
  lane_of<X> divisor(const X& x) const {
    return lane_of<X>(static_cast<double>(x.size() - correction));
  }
};
AXG_OPERATOR(variance)

}  // namespace axiograd
