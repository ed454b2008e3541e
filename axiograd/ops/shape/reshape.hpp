#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// reshape(x): the same entries in row-major order under another shape. No data moves.
///
/// Attributes: dims, required.
/// Errors: size_mismatch.
struct reshape_op {
  static constexpr op_info info{.name = "reshape",
                                .formula = "y = x in row-major order",
                                .derivative = "dx = dy in row-major order",
                                .edges = "extents of 0 are allowed",
                                .source = "contract 6",
                                .torch = "torch.reshape; no extent of -1"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr bool is_view = true;

  required<shape> dims;
  static constexpr auto attributes() { return attribute_list{attribute{"dims", &reshape_op::dims, "the new shape"}}; }

  constexpr shape_result infer_shape(const shape& x) const {
    for (const int64_t extent : dims.value)
      if (extent < 0) return {error_kind::invalid_parameter, "extent {} of the new shape is negative", extent};
    if (x.size() != dims.value.size())
      return {error_kind::size_mismatch, "{shapes} has {} entries, the new shape {}", x.size(), dims.value.size()};
    return dims.value;
  }
  template <class Emit>
  void copies(std::span<const shape>, const shape& y, const Emit& emit) const {
    emit(strided_copy::run(0, y.size(), 0, 0));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    shape reversed;
    for (int axis = x.rank - 1; axis >= 0; --axis) reversed.append(x[axis]);
    return draw.test_case(reshape_op{.dims = reversed}, x);
  }
};
AXG_OPERATOR(reshape)

}  // namespace axiograd
