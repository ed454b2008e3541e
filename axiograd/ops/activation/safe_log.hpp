#pragma once

#include <axiograd/core/scalar/precise.hpp>
#include <axiograd/families/op.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/log1p.hpp>

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
  static constexpr op_facts facts{.order = monotone::increasing, .max_ulp = 4, .derivative_max_ulp = 3};

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &safe_log_op::epsilon, "added inside the logarithm"}};
  }
  static constexpr double test_points[]{-30, -5, 0, 0.5413, 1, 10, 100};

  // Around the root, where softplus(x) = 1, by softplus(x) - 1 = log((1 + e^x) / e) = log(1 + w), which keeps the digits of w;
  // the root is below 2.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    const precise<T> one = 1, w = exp_in_parts(precise<T>(min(x, T(2))) - one) + (exp_in_parts(T(-1)) - one);
    const T e = epsilon.as<T>(), beyond_one = log1p(rounded(w));
    return select(T(0.75) > abs(beyond_one - T(0.25)), log1p(beyond_one + e), log(softplus(x) + e));
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return rounded(sigmoid_op::in_parts(x) / (precise<T>(softplus(x)) + epsilon.as<precise<T>>()));
  }
};
AXG_OPERATOR(safe_log)

}  // namespace axiograd
