#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/cos.hpp>

namespace axiograd {

/// sin(x), elementwise; x in radians.
struct sin_op {
  static constexpr op_info info{.name = "sin",
                                .formula = "sin(x)",
                                .derivative = "cos(x)",
                                .edges = "NaN at +-inf; NaN propagates",
                                .source = "contract 19.12",
                                .torch = "torch.sin; same"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 3};
  static constexpr double test_points[]{-100, -3, -1, 0, 1e-4, 1.5, 3, 100};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return sin(x);
  }
  // sin.hpp and cos.hpp include each other: which of the two stands first does not matter to calls that depend on T.
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return cos(x);
  }

  template <analytic T>
  static constexpr T period() {
    return T(2) * pi<T>();
  }
};
AXG_OPERATOR(sin)

}  // namespace axiograd
