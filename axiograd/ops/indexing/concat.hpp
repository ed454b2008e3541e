#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// concat(a, b): a, then b, along one axis; `cat` joins any number.
///
/// Attributes: axis, default 0. Errors: shape_mismatch, invalid_axis.
struct concat_op {
  static constexpr op_info info{.name = "concat",
                                .inputs = "a, b",
                                .formula = "a for indices below its extent, else b",
                                .derivative = "the two parts of dy",
                                .edges = "extents of 0 are allowed",
                                .source = "contract 7, companion",
                                .torch = "torch.cat((a, b), axis); same"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr arity in{.tensors = 2};

  int axis = 0;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &concat_op::axis, "axis to join along", attribute_kind::axis}};
  }

  constexpr shape_result infer_shape(const shape& a, const shape& b) const {
    if (a.rank != b.rank || a.without(axis) != b.without(axis))
      return {error_kind::shape_mismatch, "shapes {shapes} differ on an axis other than {}", axis};
    if (a[axis] > shape::overflow - b[axis])
      return {error_kind::out_of_memory, "{} and {} entries are too many", a[axis], b[axis]};
    shape y = a;
    y[axis] += b[axis];
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    const int64_t outer = y.first(axis).size(), inner = y.from(axis + 1).size();
    int64_t to = 0;
    for (int input = 0; input < 2; ++input) {
      const int64_t run = x[static_cast<std::size_t>(input)][axis] * inner;
      emit({.input = input, .box = {outer, run}, .to = to, .from_stride = {run, 1}, .to_stride = {y[axis] * inner, 1}});
      to += run;
    }
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape a = draw.positive_shape(1);
    const int axis = draw.whole(0, a.rank - 1);
    shape b = a;
    b[axis] = draw.extent();
    return draw.test_case(concat_op{.axis = axis}, a, b);
  }
};
AXG_OPERATOR(concat)

}  // namespace axiograd
