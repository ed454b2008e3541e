#pragma once

#include <axiograd/core/scalar/precise.hpp>
#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/activation/parts/smaller_sigmoid.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// gelu(x) = x (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), elementwise: the tanh form. The exact
/// form is gelu_erf, which the layer nn::gelu takes unless told.
struct gelu_op {
  static constexpr op_info info{.name = "gelu",
                                .formula = "x (1 + tanh u) / 2, u = sqrt(2/pi) (x + 0.044715 x^3)",
                                .derivative = "s(2u) + s(2u) s(-2u) 2 x u', s = sigmoid",
                                .edges = "total; NaN propagates; large |x| give x and -0; NaN at -inf",
                                .source = "Hendrycks & Gimpel 2016, section 2; contract 3",
                                .torch =
                                    "torch.nn.functional.gelu(approximate='tanh'); its default, and that of the layer "
                                    "nn::gelu, is the exact form, gelu_erf"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-10, -3, -0.7518, -1, 0, 1, 3, 10};

  // (1 + tanh u) / 2 = sigmoid(2 u), which keeps its digits for u << 0.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    const T smaller = impl::smaller_sigmoid(leading(twice_u(x)));
    return x * select(x > T(0), T(1) - smaller, smaller);
  }
  // Two terms of 0.23 cancel at -0.7518: few roundings. sigmoid' = s (1 - s), and x 2 u' = 2 u + 2 cubic x^3. Far out the
  // smaller sigmoid is 0 while that may be infinite: their product counts as 0, and so do the tangents.
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    const T v = leading(twice_u(x)), smaller = impl::smaller_sigmoid(v), larger = T(1) - smaller;
    const T second = smaller * (larger * (v + T(2) * (x * (cubic<T>() * (x * x)))));
    const T first = select(x > T(0), larger, smaller);
    return select(smaller > T(0), first + second, as_constant(first));
  }

 private:
  // 2 u = linear x + cubic x^3; where the second is larger, 1 - |gelu'| or gelu' is small.
  template <analytic T>
  AXG_HD static constexpr precise<T> twice_u(const T& x) {
    return x * add_smaller(linear<T>(), precise<T>(cubic<T>() * (x * x)));
  }
  template <analytic T>
  AXG_HD static constexpr precise<T> linear() {
    return precise<T>(4) / sqrt(precise<T>(2) * pi<precise<T>>());
  }
  template <analytic T>
  AXG_HD static constexpr T cubic() {
    return ratio{44'715, 1'000'000}.as<T>() * leading(linear<T>());
  }
};
AXG_OPERATOR(gelu)

}  // namespace axiograd
