#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// slice(x) = x[start : stop : step] along one axis.
///
/// Attributes: axis, start and stop, required; step, default 1. Errors: invalid_axis, index_out_of_range, invalid_parameter.
struct slice_op {
  static constexpr op_info info{.name = "slice",
                                .formula = "y[i] = x[start + i step]",
                                .derivative = "dy at start + i step, 0 elsewhere",
                                .edges = "start = stop gives an empty result",
                                .source = "contract 19.12",
                                .torch = "x[start:stop:step]; it clips silently, no negative indices here"};
  static constexpr op_facts facts{};
  using kind = family::index;

  required<int> axis;
  required<int64_t> start, stop;
  int64_t step = 1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &slice_op::axis, "axis to cut", attribute_kind::axis},
                          attribute{"start", &slice_op::start, "first index"},
                          attribute{"stop", &slice_op::stop, "index after the last"},
                          attribute{"step", &slice_op::step, "distance between indices"}};
  }

  constexpr shape_result infer_shape(const shape& x) const {
    if (step < 1) return {error_kind::invalid_parameter, "a step of {}", step};
    if (start.value < 0 || stop.value < start.value || stop.value > x[axis])
      return {error_kind::index_out_of_range, "{} up to {} does not fit an axis of {}", start.value, stop.value, x[axis]};
    shape y = x;
    y[axis] = (stop.value - start.value) / step + ((stop.value - start.value) % step != 0 ? 1 : 0);
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    const int64_t inner = y.from(axis + 1).size();
    emit({.box = {y.first(axis).size(), y[axis], inner},
          .from = start * inner,
          .from_stride = {x[0][axis] * inner, step * inner, 1},
          .to_stride = {y[axis] * inner, inner, 1}});
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    const int axis = draw.whole(0, x.rank - 1);
    const int64_t start = draw.whole(0, x[axis]);
    return draw.test_case(slice_op{.axis = axis, .start = start, .stop = draw.whole(start, x[axis]), .step = draw.whole(1, 3)},
                          x);
  }
};
AXG_OPERATOR(slice)

}  // namespace axiograd
