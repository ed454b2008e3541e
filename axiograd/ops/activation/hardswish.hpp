#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// hardswish(x) = x min(max(x + 3, 0), 6) / 6, elementwise.
struct hardswish_op {
  static constexpr op_info info{.name = "hardswish",
                                .formula = "x clamp(x + 3, 0, 6) / 6",
                                .derivative = "0 for x <= -3, 1 for x > 3, else x / 3 + 1/2",
                                .edges = "f'(-3) = 0, f'(3) = 3/2; NaN propagates",
                                .source = "Howard et al., ICCV 2019, section 5.2",
                                .torch = "torch.nn.functional.hardswish; its slope at -3 is -1/2"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 3};
  static constexpr double test_points[]{-10, -3, -1.5, -1, 0, 1, 3, 10};

  template <field T>
    requires ordered_ring<T>
  AXG_HD constexpr T value(const T& x) const {
    return x * (min(max(x + T(3), T(0)), T(6)) / T(6));
  }
  template <field T>
    requires ordered_ring<T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return select(x > T(3), T(1), select(x > T(-3), x / T(3) + T(0.5), T(0)));
  }
};
AXG_OPERATOR(hardswish)

}  // namespace axiograd
