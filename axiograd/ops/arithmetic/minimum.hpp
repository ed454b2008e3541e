#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// minimum(a, b), elementwise; a tie gives each input half of the gradient.
///
/// Errors: shape_mismatch.
struct minimum_op {
  static constexpr op_info info{.name = "minimum",
                                .inputs = "a, b",
                                .formula = "min(a, b)",
                                .derivative = "1, 0 for a < b; 0, 1 for a > b; 1/2, 1/2 at a tie",
                                .edges = "NaN propagates, both partials are 1/2 then",
                                .source = "contract 4, C3",
                                .torch = "torch.minimum; it broadcasts"};
  static constexpr op_facts facts{};
  static constexpr arity in{.tensors = 2};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ordered_ring T>
  AXG_HD constexpr T value(const T& a, const T& b) const {
    return min(a, b);
  }
  template <ordered_ring T>
  AXG_HD constexpr partials<T, 2> derivative(const T& a, const T& b, const T&) const {
    const T first = select(b > a, T(1), select(a > b, T(0), T(0.5)));
    return {first, T(1) - first};
  }
};
AXG_OPERATOR(minimum)

}  // namespace axiograd
