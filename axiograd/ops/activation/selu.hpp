#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/expm1.hpp>

namespace axiograd {

/// selu(x) = l x for x > 0, else l a (e^x - 1), elementwise, with l = 1.0507009873554805 and a = 1.6732632423543772.
struct selu_op {
  static constexpr op_info info{.name = "selu",
                                .formula = "l x for x > 0, else l a (exp(x) - 1)",
                                .derivative = "l for x > 0, else l a exp(x)",
                                .edges = "f'(0) = l a; NaN propagates",
                                .source = "Klambauer et al., NIPS 2017, eq. 2 and 14",
                                .torch = "torch.nn.functional.selu; same"};
  static constexpr op_facts facts{.order = monotone::increasing, .max_ulp = 4, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-100, -2, -1e-4, 0, 0.5, 2};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return T(lambda) * (max(x, T(0)) + T(alpha) * expm1(min(x, T(0))));
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return T(lambda) * select(x > T(0), T(1), T(alpha) * exp(min(T(0), x)));
  }

 private:
  static constexpr double lambda = 1.0507009873554804934193349852946, alpha = 1.6732632423543772848170429916717;
};
AXG_OPERATOR(selu)

}  // namespace axiograd
