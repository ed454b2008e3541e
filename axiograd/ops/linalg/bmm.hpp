#pragma once

#include <axiograd/families/contraction.hpp>

namespace axiograd {

/// bmm(a, b)_q = a_q b_q, a batch of matrix products: (q,m,k) x (q,k,n) -> (q,m,n).
///
/// Shapes: leading axes before the batches.
/// Errors: shape_mismatch.
struct bmm_op {
  static constexpr op_info info{.name = "bmm",
                                .inputs = "a, b",
                                .formula = "y_qij = sum_k a_qik b_qkj",
                                .derivative = "da_q = dy_q b_q^T, db_q = a_q^T dy_q",
                                .edges = "k = 0 gives zeros",
                                .source = "contract 8",
                                .torch = "torch.bmm; same"};
  static constexpr op_facts facts{};
  using kind = family::contraction;
  static constexpr arity in{.tensors = 2};
  static constexpr sample_ranks ranks{3, 3};
  static constexpr contraction product{.subscripts = "qmk,qkn->qmn"};

  constexpr shape_result infer_shape(const shape& a, const shape& b) const {
    if (a[0] != b[0]) return {error_kind::shape_mismatch, "batch sizes differ: {} and {}", a[0], b[0]};
    if (a[2] != b[1]) return {error_kind::shape_mismatch, "inner sizes differ: {} and {}", a[2], b[1]};
    return shape{a[0], a[1], b[2]};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t q = draw.extent(), m = draw.extent(), k = draw.extent(), n = draw.extent();
    return draw.test_case(bmm_op{}, shape{q, m, k}, shape{q, k, n});
  }
};
AXG_OPERATOR(bmm)

}  // namespace axiograd
