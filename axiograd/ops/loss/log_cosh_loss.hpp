#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/expm1.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/log1p.hpp>
#include <axiograd/ops/loss/parts/pointwise_loss.hpp>

namespace axiograd {

/// log_cosh_loss(x, t) = mean of log cosh(x - t) over all entries.
///
/// Attributes: reduction, default mean.
/// Errors: shape_mismatch.
struct log_cosh_loss_op {
  static constexpr op_info info{.name = "log_cosh_loss",
                                .inputs = "x, target",
                                .formula = "sum log cosh(x - t) / N",
                                .derivative = "dx = tanh(x - t) dy / N, dt = -dx",
                                .edges = "an empty tensor gives 0; no overflow; NaN propagates",
                                .source = "contract 14",
                                .torch = "none"};
  static constexpr op_facts facts{};

  AXG_POINTWISE_LOSS(log_cosh_loss)

  template <analytic T>
  AXG_HD constexpr T term(const T& x, const T& t) const {
    // Near 0 from cosh d - 1 = s^2 / (2 (1 + s)), s = expm1 d, which keeps the digits of d^2 / 2.
    const T d = abs_by_branch(x - t), s = expm1(min(d, T(2)));
    return select(d > T(1), d + (log1p(exp(T(-2) * d)) - log(T(2))), log1p(s * s / (T(2) * (T(1) + s))));
  }
  template <analytic T>
  AXG_HD constexpr partials<T, 2> slope(const T& x, const T& t) const {
    const T s = tanh(x - t);
    return {s, -s};
  }
};
AXG_OPERATOR(log_cosh_loss)

}  // namespace axiograd
