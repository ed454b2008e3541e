#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// clamp(x) = min(hi, max(lo, x)), elementwise.
///
/// Attributes: lo and hi, required; lo > hi gives hi everywhere, with derivative 0.
struct clamp_op {
  static constexpr op_info info{.name = "clamp",
                                .formula = "min(hi, max(lo, x))",
                                .derivative = "1 for lo < x < hi, else 0",
                                .edges = "derivative 0 at both bounds; NaN propagates in the value",
                                .source = "contract 4",
                                .torch = "torch.clamp; its derivative at the bounds is 1"};
  static constexpr op_facts facts{.order = monotone::increasing};
  required<double> lo, hi;
  static constexpr auto attributes() {
    return attribute_list{attribute{"lo", &clamp_op::lo, "lower bound"}, attribute{"hi", &clamp_op::hi, "upper bound"}};
  }
  static constexpr double test_points[]{-3, -1, -0.5, 0, 0.5, 1, 3};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& x) const {
    return min(T(hi.value), max(T(lo.value), x));
  }
  template <ordered_ring T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return select(x > T(lo.value), select(T(hi.value) > x, T(1), T(0)), T(0));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return draw.test_case(clamp_op{.lo = draw.number(-2, 0), .hi = draw.number(0, 2)}, draw.any_shape());
  }
};
AXG_OPERATOR(clamp)

}  // namespace axiograd
