#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// slice_dim0(x) = x[start : start + length] along the first axis.
///
/// Attributes: start and length, required; length 0 is allowed.
/// Errors: shape_mismatch, index_out_of_range.
struct slice_dim0_op {
  static constexpr op_info info{.name = "slice_dim0",
                                .formula = "y[i] = x[start + i]",
                                .derivative = "dy at start.., 0 elsewhere",
                                .edges = "length 0 gives an empty result",
                                .source = "contract 7",
                                .torch = "x[start:start+length]; it clips silently"};
  static constexpr op_facts facts{};
  using kind = family::index;

  required<int64_t> start, length;
  static constexpr auto attributes() {
    return attribute_list{attribute{"start", &slice_dim0_op::start, "first index"},
                          attribute{"length", &slice_dim0_op::length, "number of indices"}};
  }

  constexpr shape_result infer_shape(const shape& x) const {
    if (x.rank < 1) return {error_kind::shape_mismatch, "a scalar has no first axis"};
    if (start.value < 0 || length.value < 0 || start.value > x[0] || length.value > x[0] - start.value)
      return {error_kind::index_out_of_range, "{} entries from {} do not fit an axis of {}", length.value, start.value, x[0]};
    shape y = x;
    y[0] = length.value;
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape> x, const shape& y, const Emit& emit) const {
    emit(strided_copy::run(0, y.size(), start.value * x[0].stride(0), 0));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    const int64_t start = draw.whole(0, x[0]);
    return draw.test_case(slice_dim0_op{.start = start, .length = draw.whole(0, x[0] - start)}, x);
  }
};
AXG_OPERATOR(slice_dim0)

}  // namespace axiograd
