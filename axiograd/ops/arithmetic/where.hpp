#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// where(c, x, y) = x where c is not 0, else y, elementwise; c is a mask such as gt(a, b).
///
/// Errors: shape_mismatch.
struct where_op {
  static constexpr op_info info{.name = "where",
                                .inputs = "condition, x, y",
                                .formula = "x where c != 0, else y",
                                .derivative = "0, [c != 0], [c = 0]",
                                .edges = "a NaN in c chooses y; the branch not taken gets gradient 0",
                                .source = "contract 0.4, G2",
                                .torch = "torch.where; its condition is boolean"};
  static constexpr op_facts facts{};
  static constexpr arity in{.tensors = 3};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& c, const T& x, const T& y) const {
    return select(c > T(0), x, select(T(0) > c, x, y));
  }
  template <ordered_ring T>
  AXG_HD constexpr partials<T, 3> derivative(const T& c, const T&, const T&, const T&) const {
    const T first = value(c, T(1), T(0));
    return {T(0), first, T(1) - first};
  }
};
AXG_OPERATOR(where)

}  // namespace axiograd
