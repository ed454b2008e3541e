#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// neg(x) = -x, elementwise.
struct neg_op {
  static constexpr op_info info{.name = "neg",
                                .formula = "-x",
                                .derivative = "-1",
                                .edges = "total; NaN propagates",
                                .source = "contract 4",
                                .torch = "torch.neg; same"};
  static constexpr op_facts facts{.order = monotone::decreasing};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ring T>
  AXG_HD constexpr T value(const T& x) const {
    return -x;
  }
  template <ring T>
  AXG_HD constexpr T derivative(const T&, const T&) const {
    return T(-1);
  }
};
AXG_OPERATOR(neg)

}  // namespace axiograd
