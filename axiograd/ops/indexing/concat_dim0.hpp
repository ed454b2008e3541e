#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// concat_dim0(a, b): a, then b, along the first axis: (n,s...) and (m,s...) -> (n+m,s...).
///
/// Errors: shape_mismatch.
struct concat_dim0_op {
  static constexpr op_info info{.name = "concat_dim0",
                                .inputs = "a, b",
                                .formula = "y[i] = a[i] for i < n, else b[i - n]",
                                .derivative = "da = dy[0:n], db = dy[n:n+m]",
                                .edges = "n or m may be 0",
                                .source = "contract 7",
                                .torch = "torch.cat((a, b), 0); same"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr arity in{.tensors = 2};

  constexpr shape_result infer_shape(const shape& a, const shape& b) const {
    if (a.rank < 1 || b.rank < 1 || a.from(1) != b.from(1))
      return {error_kind::shape_mismatch, "shapes {shapes} differ after the first axis"};
    if (a[0] > shape::overflow - b[0]) return {error_kind::out_of_memory, "{} and {} entries are too many", a[0], b[0]};
    shape y = a;
    y[0] += b[0];
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape&, const Emit& emit) const {
    emit(strided_copy::run(0, x[0].size(), 0, 0));
    emit(strided_copy::run(1, x[1].size(), 0, x[0].size()));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape rest = draw.positive_shape(0);
    return draw.test_case(concat_dim0_op{}, concat(shape{draw.extent()}, rest), concat(shape{draw.extent()}, rest));
  }
};
AXG_OPERATOR(concat_dim0)

}  // namespace axiograd
