#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// mul(a, b) = a b, elementwise.
///
/// Errors: shape_mismatch.
struct mul_op {
  static constexpr op_info info{.name = "mul",
                                .inputs = "a, b",
                                .formula = "a b",
                                .derivative = "b, a",
                                .edges = "NaN propagates",
                                .source = "contract 4",
                                .torch = "torch.mul; it broadcasts"};
  static constexpr op_facts facts{.max_ulp = 0.5};
  static constexpr arity in{.tensors = 2};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ring T>
  AXG_HD constexpr T value(const T& a, const T& b) const {
    return a * b;
  }
  template <ring T>
  AXG_HD constexpr partials<T, 2> derivative(const T& a, const T& b, const T&) const {
    return {b, a};
  }
};
AXG_OPERATOR(mul)

}  // namespace axiograd
