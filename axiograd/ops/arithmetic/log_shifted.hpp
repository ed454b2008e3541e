#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/log1p.hpp>

namespace axiograd {

/// log_shifted(x) = log(x + epsilon), elementwise; the OpSpec layer calls it safe_log.
///
/// Attributes: epsilon, default 1e-6. The domain x > -epsilon is not checked.
struct log_shifted_op {
  static constexpr op_info info{.name = "log_shifted",
                                .formula = "log(x + epsilon)",
                                .derivative = "1 / (x + epsilon)",
                                .edges = "-inf at -epsilon, NaN below; NaN propagates",
                                .source = "contract 15, C1",
                                .torch = "torch.log(x + eps)"};
  static constexpr op_facts facts{
      .order = monotone::increasing, .bend = curvature::concave, .max_ulp = 3, .derivative_max_ulp = 3};

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &log_shifted_op::epsilon, "added inside the logarithm"}};
  }
  static constexpr double test_points[]{0, 1e-7, 0.5, 1, 100};

  // Near 1 the sum would lose epsilon.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    const T e = epsilon.as<T>(), from_one = x - T(1);
    return select(T(0.25) > from_one * from_one, log1p(from_one + e), log(x + e));
  }
  template <field T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return T(1) / (x + epsilon.as<T>());
  }

  /// The declared accuracy holds where adding epsilon does not cancel.
  constexpr bool bounded_at(double x) const { return 2 * x > -epsilon.as<double>(); }
};
AXG_OPERATOR(log_shifted)

}  // namespace axiograd
