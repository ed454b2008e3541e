#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// broadcast_to(x): x repeated along new axes and along axes of length 1.
///
/// Attributes: dims, required; axes, the target axis of each axis of x in increasing order, by default the last ones.
/// Errors: not_broadcastable.
struct broadcast_to_op {
  static constexpr op_info info{.name = "broadcast_to",
                                .formula = "y[i] = x at the axes it has, 0 where its extent is 1",
                                .derivative = "dx = dy summed over the repeated positions",
                                .edges = "extents of 0 are allowed",
                                .source = "contract 2.3, 5, C22",
                                .torch = "torch.broadcast_to; there the alignment is always trailing"};
  static constexpr op_facts facts{};
  using kind = family::index;

  required<shape> dims;
  axis_list axes{};
  static constexpr auto attributes() {
    return attribute_list{
        attribute{"dims", &broadcast_to_op::dims, "the new shape"},
        attribute{"axes", &broadcast_to_op::axes, "target axis of each input axis; () is trailing", attribute_kind::axes}};
  }

  constexpr int axis_rank(const shape&) const { return dims.value.rank; }
  constexpr int64_t target(const shape& x, int axis) const {
    return axes.rank > 0 ? axes[axis] : dims.value.rank - x.rank + axis;
  }
  constexpr shape_result infer_shape(const shape& x) const {
    if ((axes.rank > 0 && axes.rank != x.rank) || x.rank > dims.value.rank)
      return {error_kind::not_broadcastable, "{shapes} has {} axes, the map {} and the new shape {}", x.rank, axes.rank,
              dims.value.rank};
    int64_t previous = -1;
    for (int axis = 0; axis < x.rank; ++axis) {
      const int64_t to = target(x, axis);
      if (to <= previous || to >= dims.value.rank)
        return {error_kind::not_broadcastable, "axis {} cannot go to axis {}", axis, to};
      const int64_t extent = dims.value[static_cast<int>(to)];
      if (x[axis] != 1 && x[axis] != extent)
        return {error_kind::not_broadcastable, "extent {} of axis {} of {shapes} does not fit extent {}", x[axis], axis,
                extent};
      previous = to;
    }
    for (const int64_t extent : dims.value)
      if (extent < 0) return {error_kind::invalid_parameter, "extent {} of the new shape is negative", extent};
    return dims.value;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    strided_copy m = strided_copy::of(y);
    for (int axis = 0; axis < x[0].rank; ++axis)
      if (x[0][axis] != 1) m.from_stride[static_cast<std::size_t>(target(x[0], axis))] = x[0].stride(axis);
    emit(m);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape y = draw.any_shape();
    shape x;
    axis_list axes;
    for (int axis = 0; axis < y.rank; ++axis)
      if (draw.whole(0, 2) > 0) {
        x.append(draw.whole(0, 1) == 0 ? 1 : y[axis]);
        axes.append(axis);
      }
    return draw.test_case(broadcast_to_op{.dims = y, .axes = axes}, x);
  }
};
AXG_OPERATOR(broadcast_to)

}  // namespace axiograd
