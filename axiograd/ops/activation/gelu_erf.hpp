#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/erfc.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// gelu_erf(x) = x P(N <= x) for a standard normal N, elementwise: the exact form of gelu.
struct gelu_erf_op {
  static constexpr op_info info{.name = "gelu_erf",
                                .formula = "x erfc(-x / sqrt(2)) / 2",
                                .derivative = "erfc(-x / sqrt(2)) / 2 + x exp(-x^2 / 2) / sqrt(2 pi)",
                                .edges = "total; NaN propagates; large |x| give x and -0; NaN at -inf",
                                .source = "Hendrycks & Gimpel 2016, eq. 1",
                                .torch = "torch.nn.functional.gelu; same, and nn::gelu unless told"};
  static constexpr op_facts facts{.max_ulp = 4, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-10, -3, -0.7518, -1, 0, 1, 3, 10};

  // erfc keeps its digits where 1 + erf cancels.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return x * below(x);
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return below(x) + x * (gaussian(x, T(0.5)) / sqrt(T(2) * pi<T>()));
  }

 private:
  template <analytic T>
  AXG_HD static constexpr T below(const T& x) {
    return erfc(x * -sqrt(T(0.5))) / T(2);
  }
};
AXG_OPERATOR(gelu_erf)

}  // namespace axiograd
