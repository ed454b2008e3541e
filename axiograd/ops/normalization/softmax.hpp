#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>

namespace axiograd {

/// softmax(x)_i = exp(x_i - m) / sum_j exp(x_j - m) along one axis, m = max x.
///
/// Attributes: axis, default the last one.
/// Errors: invalid_axis.
struct softmax_op {
  static constexpr op_info info{.name = "softmax",
                                .formula = "y = exp(x - max x) / sum exp(x - max x)",
                                .derivative = "dx = y (dy - sum(dy y))",
                                .edges = "(): 1; an empty axis: empty; all -inf: NaN; NaN propagates",
                                .source = "Bridle 1990; contract 3.1",
                                .torch = "torch.softmax(dim=-1); same"};
  static constexpr op_facts facts{.max_ulp = 4, .derivative_max_ulp = 8};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::row;
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  int axis = -1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &softmax_op::axis, "axis of the slices; -1 is the last", attribute_kind::axis}};
  }

  constexpr int row_axis(int rank) const { return rank == 0 ? whole_tensor : axis; }
  static constexpr int axis_rank(const shape& x) { return std::max(x.rank, 1); }  // a scalar is a slice of one

  template <analytic_row X>
  auto forward(const X& x, auto& keep) const {
    const auto [e, total] = keep(exp(x - max(x)), [](const auto& kept) { return sum(kept); });
    return e * (lane_of<X>(1) / total);
  }
  template <analytic_row X, row Y>
  auto vjp(const X&, const Y& y, const Y& dy, auto&) const {
    return y * (dy - sum(y * dy));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.test_case(softmax_op{.axis = static_cast<int>(draw.whole(-1, x.rank == 0 ? 0 : x.rank - 1))}, x);
  }
};
AXG_OPERATOR(softmax)

}  // namespace axiograd
