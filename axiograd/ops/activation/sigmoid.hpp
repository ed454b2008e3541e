#pragma once

#include <axiograd/core/scalar/precise.hpp>
#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>

namespace axiograd {

/// sigmoid(x) = 1 / (1 + e^-x), elementwise.
struct sigmoid_op {
  static constexpr op_info info{.name = "sigmoid",
                                .formula = "1 / (1 + exp(-x))",
                                .derivative = "exp(-|x|) / (1 + exp(-|x|))^2",
                                .edges = "total; NaN propagates",
                                .source = "Verhulst 1845; contract 3",
                                .torch = "torch.sigmoid; same"};
  static constexpr op_facts facts{.order = monotone::increasing, .max_ulp = 1, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-750, -30, -1, 0, 1, 30, 750};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return rounded(in_parts(x));
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const T e = exp(-abs_by_branch(x));
    const T c = T(1) + e;
    return e / (c * c);
  }

  /// With e = exp(-|x|) nothing overflows and small results keep their digits.
  template <analytic T>
  AXG_HD static constexpr precise<T> in_parts(const T& x) {
    const precise<T> e = exp_in_parts(-abs_by_branch(x));
    return select(x > T(0), precise<T>(1), e) / add_smaller(T(1), e);
  }
};
AXG_OPERATOR(sigmoid)

}  // namespace axiograd
