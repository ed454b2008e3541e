#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// sign(x) = -1, 0 or 1, elementwise.
struct sign_op {
  static constexpr op_info info{.name = "sign",
                                .formula = "-1 for x < 0, 0 for x = 0, 1 for x > 0",
                                .derivative = "0",
                                .edges = "sign(0) = 0; NaN gives 0",
                                .source = "contract 4",
                                .torch = "torch.sign; same"};
  static constexpr op_facts facts{.order = monotone::increasing};
  static constexpr double test_points[]{-2, -1e-30, 0, 1e-30, 3};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& x) const {
    return select(x > T(0), T(1), T(0)) - select(T(0) > x, T(1), T(0));
  }
  template <ordered_ring T>
  AXG_HD constexpr T derivative(const T&, const T&) const {
    return T(0);
  }
};
AXG_OPERATOR(sign)

}  // namespace axiograd
