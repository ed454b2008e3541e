#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// erfc(x) = 1 - erf(x) without its cancellation, elementwise.
struct erfc_op {
  static constexpr op_info info{.name = "erfc",
                                .formula = "1 - erf(x)",
                                .derivative = "-2 exp(-x^2) / sqrt(pi)",
                                .edges = "total; NaN propagates",
                                .source = "Abramowitz & Stegun 7.1.2",
                                .torch = "torch.erfc; same"};
  static constexpr op_facts facts{.order = monotone::decreasing, .max_ulp = 2, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-6, -1, -1e-4, 0, 1e-4, 0.5, 2, 6};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return erfc(x);
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return T(-2) / sqrt(pi<T>()) * gaussian(x, T(1));
  }
};
AXG_OPERATOR(erfc)

}  // namespace axiograd
