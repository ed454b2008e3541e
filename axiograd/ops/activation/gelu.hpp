#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// gelu(x) = x (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), elementwise: the tanh form.
struct gelu_op {
  static constexpr op_info info{.name = "gelu",
                                .formula = "x (1 + tanh u) / 2, u = sqrt(2/pi) (x + 0.044715 x^3)",
                                .derivative = "s(2u) (1 + 2 x u' s(-2u)), s = sigmoid",
                                .edges = "total; NaN propagates; large |x| give x and -0; NaN at -inf",
                                .source = "Hendrycks & Gimpel 2016, section 2; contract 3",
                                .torch = "torch.nn.functional.gelu(approximate='tanh'); its default is the erf form"};
  // The derivative has a zero at -0.7518, where two terms of 0.23 cancel; relative to the value the error is unbounded there.
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 512};
  static constexpr double samples[]{-10, -3, -0.7518, -1, 0, 1, 3, 10};

  // (1 + tanh u) / 2 = sigmoid(2 u), which keeps its digits for u << 0.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return x * sigmoid(scaled(x) * (T(1) + cubic_part(x)));
  }
  // Far out one of the sigmoids is 0 while u' may be infinite: their product counts as 0.
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const T q = cubic_part(x), u2 = scaled(x) * (T(1) + q);
    // The smaller sigmoid is computed, so that 1 minus it keeps its digits where the sum below vanishes.
    const T above = sigmoid(u2), below = select(u2 > T(0), sigmoid(-u2), T(1) - above);
    return above * (T(1) + select(above * below > T(0), scaled(x) * (T(1) + T(3) * q) * below, T(0)));
  }

 private:
  template <analytic T>
  AXG_HD static constexpr T scaled(const T& x) {
    return sqrt(T(8) / pi<T>()) * x;  // 2 sqrt(2/pi) x
  }
  template <analytic T>
  AXG_HD static constexpr T cubic_part(const T& x) {
    return ratio{44'715, 1'000'000}.as<T>() * x * x;
  }
};
AXG_OPERATOR(gelu)

}  // namespace axiograd
