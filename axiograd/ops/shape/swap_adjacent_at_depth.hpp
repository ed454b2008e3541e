#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// swap_adjacent_at_depth(x): axes depth and depth + 1 exchanged; x itself when there is no axis depth + 1.
///
/// Attributes: depth, required, not negative.
/// Errors: invalid_axis for a negative depth.
struct swap_adjacent_at_depth_op {
  static constexpr op_info info{.name = "swap_adjacent_at_depth",
                                .formula = "y[.., j, i, ..] = x[.., i, j, ..]",
                                .derivative = "the same exchange of dy",
                                .edges = "the identity when depth + 1 is not an axis; an involution",
                                .source = "contract 2.1, 6",
                                .torch = "torch.transpose(x, depth, depth + 1); it raises where this is the identity"};
  static constexpr op_facts facts{};
  using kind = family::index;
  required<int> depth;
  static constexpr auto attributes() {
    return attribute_list{attribute{"depth", &swap_adjacent_at_depth_op::depth, "first of the two axes"}};
  }

  constexpr shape_result infer_shape(const shape& x) const {
    if (depth.value < 0) return {error_kind::invalid_axis, "depth {} is negative", depth.value};
    shape y = x;
    if (depth.value < x.rank - 1) {
      y[depth] = x[depth + 1];
      y[depth + 1] = x[depth];
    }
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    strided_copy m = strided_copy::of(y);
    for (int axis = 0; axis < y.rank; ++axis) {
      const int from = axis == depth.value ? axis + 1 : axis - 1 == depth.value ? axis - 1 : axis;
      m.from_stride[static_cast<std::size_t>(axis)] = x[0].stride(from);  // behind the last axis it is 1, as that of the last
    }
    emit(m);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.test_case(swap_adjacent_at_depth_op{.depth = draw.whole(0, 4)}, x);
  }
};
AXG_OPERATOR(swap_adjacent_at_depth)

}  // namespace axiograd
