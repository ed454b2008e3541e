#pragma once

#include <axiograd/families/index.hpp>

namespace axiograd {

/// flatten(x): the axes from `start` on joined into one, in row-major order. No data moves.
///
/// Attributes: start, default 0: all axes, and a scalar becomes (1). 1 keeps a batch axis.
/// Errors: invalid_axis.
struct flatten_op {
  static constexpr op_info info{.name = "flatten",
                                .formula = "y = x in row-major order",
                                .derivative = "dx = dy in row-major order",
                                .edges = "() gives (1)",
                                .source = "contract 6",
                                .torch = "torch.flatten(start_dim=start); same"};
  static constexpr op_facts facts{};
  using kind = family::index;
  static constexpr bool is_view = true;

  int start = 0;
  static constexpr auto attributes() {
    return attribute_list{attribute{"start", &flatten_op::start, "first axis to join", attribute_kind::axis}};
  }

  static constexpr int axis_rank(const shape& x) { return x.rank + 1; }  // a new axis may come behind all
  constexpr shape_result infer_shape(const shape& x) const {
    if (start == max_rank) return {error_kind::rank_limit, "the result has more than 8 axes"};
    shape y = x.first(start);
    y.append(x.from(start).size());
    return y;
  }
  template <class Emit>
  void copies(std::span<const shape>, const shape& y, const Emit& emit) const {
    emit(strided_copy::run(0, y.size(), 0, 0));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.test_case(flatten_op{.start = static_cast<int>(draw.whole(0, x.rank))}, x);
  }
};
AXG_OPERATOR(flatten)

}  // namespace axiograd
