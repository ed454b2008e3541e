#pragma once

#include <axiograd/families/op.hpp>
#include <axiograd/ops/arithmetic/eq.hpp>

namespace axiograd {

/// ge(a, b) = 1 where a >= b, else 0, elementwise: a mask. `le` is the same the other way round.
///
/// Errors: shape_mismatch.
struct ge_op {
  static constexpr op_info info{.name = "ge",
                                .inputs = "a, b",
                                .formula = "1 where a >= b, else 0",
                                .derivative = "0, 0",
                                .edges = "NaN and equal infinities give 0; not differentiable at a = b: 0 is taken",
                                .source = "contract 0.4, G2",
                                .torch = "torch.ge; the mask is a number here, equal infinities give 0"};
  static constexpr op_facts facts{};
  static constexpr arity in{.tensors = 2};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& a, const T& b) const {
    return select(a > b, T(1), eq_op{}.value(a, b));
  }
  template <ordered_ring T>
  AXG_HD constexpr partials<T, 2> derivative(const T&, const T&, const T&) const {
    return {T(0), T(0)};
  }
};
AXG_OPERATOR(ge)

/// 1 where a <= b, else 0.
template <operand A, operand B>
AXG_HD constexpr auto le(const A& a, const B& b) {
  return ge(b, a);
}

}  // namespace axiograd
