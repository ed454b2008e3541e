#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// log(x), the natural logarithm, elementwise.
///
/// Errors: domain_error on a tape unless every entry is > 0; tensors and numbers give -inf and NaN instead.
struct log_op {
  static constexpr op_info info{.name = "log",
                                .formula = "ln x",
                                .derivative = "1 / x",
                                .edges = "on a tape entries must be > 0; elsewhere -inf at 0, NaN below",
                                .source = "contract 4, C14",
                                .torch = "torch.log; never an error there"};
  static constexpr op_facts facts{
      .order = monotone::increasing, .bend = curvature::concave, .max_ulp = 1, .derivative_max_ulp = 0.5};
  static constexpr double test_points[]{1e-30, 0.5, 1, 1.5, 1e30};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return log(x);
  }
  template <field T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return T(1) / x;
  }
  /// What the tape checks.
  template <ordered_ring T>
  constexpr bool in_domain(const T& x) const {
    return select(x > T(0), T(1), T(0)) == T(1);
  }
};
AXG_OPERATOR(log)

}  // namespace axiograd
