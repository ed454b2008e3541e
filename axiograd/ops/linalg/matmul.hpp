#pragma once

#include <axiograd/families/contraction.hpp>

namespace axiograd {

/// matmul(a, b) = a b, the matrix product: (m,k) x (k,n) -> (m,n).
///
/// Shapes: leading axes before the matrices; a matrix without them is shared by all products.
/// Errors: shape_mismatch.
/// Accuracy: for floats and doubles blocks of 4,096 terms along k are summed and joined pairwise.
struct matmul_op {
  static constexpr op_info info{.name = "matmul",
                                .inputs = "a, b",
                                .formula = "y_ij = sum_k a_ik b_kj",
                                .derivative = "da = dy b^T, db = a^T dy",
                                .edges = "k = 0 gives zeros",
                                .source = "contract 8",
                                .torch = "torch.matmul; vectors are not promoted, only leading axes broadcast"};
  static constexpr op_facts facts{};
  using kind = family::contraction;
  static constexpr arity in{.tensors = 2};
  static constexpr sample_ranks ranks{2, 2};
  static constexpr contraction product{.subscripts = "mk,kn->mn"};

  constexpr shape_result infer_shape(const shape& a, const shape& b) const {
    if (a[1] != b[0]) return {error_kind::shape_mismatch, "inner sizes differ: {} and {}", a[1], b[0]};
    return shape{a[0], b[1]};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t m = draw.extent(), k = draw.extent(), n = draw.extent();
    return draw.test_case(matmul_op{}, shape{m, k}, shape{k, n});
  }
};
AXG_OPERATOR(matmul)

}  // namespace axiograd
