#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// where_greater(a, b, x, y) = x where a > b, else y, elementwise: what `select` becomes inside a fused lambda.
///
/// Errors: shape_mismatch.
struct where_greater_op {
  static constexpr op_info info{.name = "where_greater",
                                .inputs = "a, b, x, y",
                                .formula = "x where a > b, else y",
                                .derivative = "0, 0, [a > b], 1 - [a > b]",
                                .edges = "a NaN in a or b chooses y",
                                .source = "contract 0.4, G2",
                                .torch = "torch.where(a > b, x, y)"};
  static constexpr op_facts facts{};
  static constexpr arity in{.tensors = 4};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& a, const T& b, const T& x, const T& y) const {
    return select(a > b, x, y);
  }
  template <ordered_ring T>
  AXG_HD constexpr partials<T, 4> derivative(const T& a, const T& b, const T&, const T&, const T&) const {
    const T first = select(a > b, T(1), T(0));
    return {T(0), T(0), first, T(1) - first};
  }
};
AXG_OPERATOR(where_greater)
AXG_CALLABLE_OF_MORE(where_greater)

}  // namespace axiograd
