#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/core/scalar/precise.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// gelu(x) = x (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), elementwise: the tanh form.
struct gelu_op {
  static constexpr op_info info{.name = "gelu",
                                .formula = "x (1 + tanh u) / 2, u = sqrt(2/pi) (x + 0.044715 x^3)",
                                .derivative = "s(2u) + s(2u) s(-2u) 2 x u', s = sigmoid",
                                .edges = "total; NaN propagates; large |x| give x and -0; NaN at -inf",
                                .source = "Hendrycks & Gimpel 2016, section 2; contract 3",
                                .torch = "torch.nn.functional.gelu(approximate='tanh'); its default is the erf form"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 4};
  static constexpr double samples[]{-10, -3, -0.7518, -1, 0, 1, 3, 10};

  // (1 + tanh u) / 2 = sigmoid(2 u), which keeps its digits for u << 0.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    const T u2 = x * (linear<T>() + cubic<T>() * (x * x)), e = exp(-abs(u2));
    return x * (select(u2 > T(0), T(1), e) / (T(1) + e));
  }
  // Two terms of 0.23 cancel at -0.7518: few roundings, of u' alone, and the smaller sigmoid comes first, so that its digits
  // count. Far out it is 0 while u' may be infinite: their product counts as 0.
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const T q = cubic<T>() * (x * x);
    const precise<T> u2 =
        x * add_smaller(linear<precise<T>>(), precise<T>(q));  // where q is larger, 1 - |gelu'| or gelu' is small
    const T e = rounded(exp_in_parts(-abs(u2))), smaller = e / (T(1) + e), larger = T(1) - smaller;
    const T second = smaller * larger * (x * (linear<T>() + T(3) * q));
    return select(x > T(0), larger, smaller) + select(smaller > T(0), second, T(0));
  }

 private:
  // 2 u = linear x + cubic x^3.
  template <analytic T>
  AXG_HD static constexpr T linear() {
    return T(4) / sqrt(T(2) * pi<T>());
  }
  template <analytic T>
  AXG_HD static constexpr T cubic() {
    return ratio{44'715, 1'000'000}.as<T>() * linear<T>();
  }
};
AXG_OPERATOR(gelu)

}  // namespace axiograd
