#pragma once

#include <axiograd/core/op.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/arithmetic/log.hpp>

namespace axiograd {

/// safe_log(x) = log(softplus(x) + epsilon), elementwise: an increasing logarithm for all x.
///
/// Attributes: epsilon, default 1e-6.
struct safe_log_op {
  static constexpr op_info info{.name = "safe_log",
                                .formula = "log(softplus(x) + epsilon)",
                                .derivative = "sigmoid(x) / (softplus(x) + epsilon)",
                                .edges = "total for epsilon > 0; not log(x + epsilon), which is log_shifted; NaN propagates",
                                .source = "contract 3, C1",
                                .torch = "none; users write log(x + eps)"};
  static constexpr op_facts facts{.order = monotone::increasing, .max_ulp = 12, .derivative_max_ulp = 8};

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &safe_log_op::epsilon, "added inside the logarithm"}};
  }
  static constexpr double samples[]{-30, -5, 0, 1, 10, 100};

  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return log(softplus(x) + epsilon.as<T>());
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return sigmoid(x) / (softplus(x) + epsilon.as<T>());
  }

  /// The declared accuracy holds away from the root, near softplus(x) = 1; there the error is below 4 roundings of 1.
  constexpr bool bounded_at(double x) const { return x < 0.25 || x > 0.8; }
};
AXG_OPERATOR(safe_log)

}  // namespace axiograd
