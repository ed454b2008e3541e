#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// permute(x): axis i of the result is axis axes[i] of x.
///
/// Attributes: axes, required, a permutation of all axes.
/// Errors: invalid_axis.
struct permute_op {
  static constexpr op_info info{.name = "permute",
                                .formula = "y[i_0, i_1, ...] = x with i_k on axis axes[k]",
                                .derivative = "the inverse permutation of dy",
                                .edges = "extents of 0 are allowed",
                                .source = "contract 6",
                                .torch = "torch.permute; same"};
  static constexpr op_facts facts{};
  using kind = family::index;

  required<axis_list> axes;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axes", &permute_op::axes, "source axis of each axis", attribute_kind::axes}};
  }

  constexpr shape_result infer_shape(const shape& x) const {
    unsigned seen = 0;
    for (const int64_t axis : axes.value) {
      if ((seen >> axis & 1u) != 0) return {error_kind::invalid_axis, "axis {} is given twice", axis};
      seen |= 1u << axis;
    }
    if (axes.value.rank != x.rank)
      return {error_kind::invalid_axis, "{} axes are given, the input has {}", axes.value.rank, x.rank};
    shape y;
    for (const int64_t axis : axes.value) y.append(x[static_cast<int>(axis)]);
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    strided_copy m = strided_copy::of(y);
    for (int i = 0; i < y.rank; ++i) m.from_stride[static_cast<std::size_t>(i)] = x[0].stride(static_cast<int>(axes.value[i]));
    emit(m);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    axis_list axes;
    for (int i = 0; i < x.rank; ++i) axes.append(i);
    for (int i = x.rank - 1; i > 0; --i) {
      const int j = static_cast<int>(draw.whole(0, i));
      const int64_t swapped = axes[i];
      axes[i] = axes[j];
      axes[j] = swapped;
    }
    return draw.test_case(permute_op{.axes = axes}, x);
  }
};
AXG_OPERATOR(permute)

}  // namespace axiograd
