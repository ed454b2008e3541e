#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/sin.hpp>

namespace axiograd {

/// cos(x), elementwise; x in radians.
struct cos_op {
  static constexpr op_info info{.name = "cos",
                                .formula = "cos(x)",
                                .derivative = "-sin(x)",
                                .edges = "NaN at +-inf; NaN propagates",
                                .source = "contract 19.12",
                                .torch = "torch.cos; same"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 3};
  static constexpr double test_points[]{-100, -3, -1, 0, 1e-4, 1.5, 3, 100};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return cos(x);
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return -sin(x);
  }

  template <analytic T>
  static constexpr T period() {
    return T(2) * pi<T>();
  }
};
AXG_OPERATOR(cos)

}  // namespace axiograd
