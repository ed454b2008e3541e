#pragma once

#include <axiograd/core/scalar/precise.hpp>
#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>

namespace axiograd {

/// mish(x) = x tanh(softplus(x)), elementwise.
struct mish_op {
  static constexpr op_info info{.name = "mish",
                                .formula = "x tanh(log(1 + exp(x)))",
                                .derivative = "t + 4 x e (1 + e) / (e^2 + 2 e + 2)^2, e = exp(x), t = tanh(log(1 + e))",
                                .edges = "total; NaN propagates; NaN at -inf",
                                .source = "Misra 2019",
                                .torch = "torch.nn.functional.mish; same"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 2};
  static constexpr double test_points[]{-80, -5, -1.2, -1, 0, 1, 5, 80};

  // tanh(log(1 + e^x)) is rational in e^x, and for x > 0 in e^-x, which cannot overflow.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    const quotient<T> t(x, exp(-abs_by_branch(x)));
    return x * (t.above / t.below);
  }
  // Below -0.75 in the form whose terms are small near the root at -1.1924, where they cancel. Elsewhere the second term takes
  // from the first, which magnifies its roundings.
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const precise<T> in_parts = exp_in_parts(-abs_by_branch(x));
    const quotient<precise<T>> t(x, in_parts);
    const T e = rounded(in_parts), ee = e * e;
    const T near_root = e * (x + T(1) + e * (x + T(1.5) + (e + T(0.25) * ee)));
    const T slope = x * select(x > T(0), ee, e) * (T(1) + e);
    const auto right = x > T(-0.75);
    const precise<T> second = precise<T>(T(4) * select(right, slope, near_root)) / t.below;
    return rounded((select(right, t.above, precise<T>(0)) + second) / t.below);
  }

 private:
  /// tanh(log(1 + e^x)) = above / below, with e = e^-|x|.
  template <analytic S>
  struct quotient {
    S above, below;
    template <class T>
    AXG_HD constexpr quotient(const T& x, const S& e) : above(e + e), below(above) {
      const S square = e * e;
      above = above + select(x > T(0), S(1), square);
      below = below + select(x > T(0), S(1), S(2)) + select(x > T(0), square + square, square);
    }
  };
};
AXG_OPERATOR(mish)

}  // namespace axiograd
