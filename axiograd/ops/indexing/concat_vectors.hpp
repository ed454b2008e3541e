#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// concat_vectors(a, b) = a, then b: (n) and (m) -> (n+m).
///
/// Shapes: leading axes before both, alike.
/// Errors: shape_mismatch, out_of_memory.
struct concat_vectors_op {
  static constexpr op_info info{.name = "concat_vectors",
                                .inputs = "a, b",
                                .formula = "y = (a_1, ..., a_n, b_1, ..., b_m)",
                                .derivative = "da = dy[0:n], db = dy[n:n+m]",
                                .edges = "empty vectors are allowed",
                                .source = "contract 7",
                                .torch = "torch.cat((a, b))"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr arity in{.tensors = 2};
  static constexpr sample_ranks ranks{1, 1};

  constexpr shape_result infer_shape(const shape& a, const shape& b) const {
    if (a[0] > shape::overflow - b[0]) return {error_kind::out_of_memory, "{} and {} entries are too many", a[0], b[0]};
    return shape{a[0] + b[0]};
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape&, const Emit& emit) const {
    emit(strided_copy::run(0, x[0][0], 0, 0));
    emit(strided_copy::run(1, x[1][0], 0, x[0][0]));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t n = draw.extent();
    return draw.test_case(concat_vectors_op{}, shape{n}, shape{draw.extent()});
  }
};
AXG_OPERATOR(concat_vectors)

}  // namespace axiograd
