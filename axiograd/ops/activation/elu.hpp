#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/expm1.hpp>

namespace axiograd {

/// elu(x) = x for x > 0, else alpha (e^x - 1), elementwise.
///
/// Attributes: alpha, required.
struct elu_op {
  static constexpr op_info info{.name = "elu",
                                .formula = "x for x > 0, else alpha (exp(x) - 1)",
                                .derivative = "1 for x > 0, else alpha exp(x)",
                                .edges = "f'(0) = alpha; NaN propagates",
                                .source = "Clevert et al., ICLR 2016; contract 3",
                                .torch = "torch.nn.functional.elu; there alpha = 1"};
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 3};
  required<double> alpha;
  static constexpr auto attributes() {
    return attribute_list{attribute{"alpha", &elu_op::alpha, "limit for x to -inf, negated"}};
  }
  static constexpr double test_points[]{-100, -2, -1e-4, 0, 0.5, 2};

  // The sum of both branches, one of which is 0: an interval around 0 stays tight.
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return max(x, T(0)) + T(alpha.value) * expm1(min(x, T(0)));
  }
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T&) const {
    return select(x > T(0), T(1), T(alpha.value) * exp(min(T(0), x)));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return draw.test_case(elu_op{.alpha = draw.number(0.25, 2)}, draw.any_shape());
  }
};
AXG_OPERATOR(elu)

}  // namespace axiograd
