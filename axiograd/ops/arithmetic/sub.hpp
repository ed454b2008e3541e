#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// sub(a, b) = a - b, elementwise.
///
/// Errors: shape_mismatch.
struct sub_op {
  static constexpr op_info info{.name = "sub",
                                .inputs = "a, b",
                                .formula = "a - b",
                                .derivative = "1, -1",
                                .edges = "NaN propagates",
                                .source = "contract 4",
                                .torch = "torch.sub; it broadcasts and has alpha"};
  static constexpr op_facts facts{.max_ulp = 0.5};
  static constexpr arity in{.tensors = 2};
  static constexpr double test_points[]{-2, -0.5, 0, 0.5, 2};

  template <ring T>
  AXG_HD constexpr T value(const T& a, const T& b) const {
    return a - b;
  }
  template <ring T>
  AXG_HD constexpr partials<T, 2> derivative(const T&, const T&, const T&) const {
    return {T(1), T(-1)};
  }
};
AXG_OPERATOR(sub)

}  // namespace axiograd
