#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// eq(a, b) = 1 where a = b, else 0, elementwise: a mask.
///
/// Errors: shape_mismatch.
struct eq_op {
  static constexpr op_info info{.name = "eq",
                                .inputs = "a, b",
                                .formula = "1 where a = b, else 0",
                                .derivative = "0, 0",
                                .edges = "NaN and equal infinities give 0; not differentiable: 0 is taken",
                                .source = "contract 0.4, G2",
                                .torch = "torch.eq; equal infinities differ here"};
  static constexpr op_facts facts{};
  static constexpr arity in{.tensors = 2};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& a, const T& b) const {
    return select(a > b, T(0), select(b > a, T(0), select(a - b > T(-1), T(1), T(0))));
  }
  template <ordered_ring T>
  AXG_HD constexpr partials<T, 2> derivative(const T&, const T&, const T&) const {
    return {T(0), T(0)};
  }
};
AXG_OPERATOR(eq)

}  // namespace axiograd
