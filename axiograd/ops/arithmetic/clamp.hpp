#pragma once

#include <axiograd/core/op.hpp>

namespace axiograd {

/// clamp(x) = min(high, max(low, x)), elementwise.
///
/// Attributes: low and high, required; low > high gives high everywhere, with derivative 0.
struct clamp_op {
  static constexpr op_info info{.name = "clamp",
                                .formula = "min(high, max(low, x))",
                                .derivative = "1 for low < x < high, else 0",
                                .edges = "derivative 0 at both bounds; NaN propagates in the value",
                                .source = "contract 4",
                                .torch = "torch.clamp; its derivative at the bounds is 1"};
  static constexpr op_facts facts{.order = monotone::increasing};
  required<double> low, high;
  static constexpr auto attributes() {
    return std::tuple{attribute{"low", &clamp_op::low, "lower bound"}, attribute{"high", &clamp_op::high, "upper bound"}};
  }
  static constexpr double samples[]{-3, -1, -0.5, 0, 0.5, 1, 3};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& x) const {
    return min(T(high.value), max(T(low.value), x));
  }
  template <ordered_ring T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return select(x > T(low.value), select(T(high.value) > x, T(1), T(0)), T(0));
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    return draw.sample(clamp_op{.low = draw.number(-2, 0), .high = draw.number(0, 2)}, draw.any_shape());
  }
};
AXG_OPERATOR(clamp)

}  // namespace axiograd
