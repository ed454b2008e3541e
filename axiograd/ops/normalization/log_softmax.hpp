#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>

namespace axiograd {

/// log_softmax(x)_i = x_i - m - log sum_j exp(x_j - m) along one axis, m = max x.
///
/// Attributes: axis, default the last one.
/// Errors: invalid_axis.
struct log_softmax_op {
  static constexpr op_info info{.name = "log_softmax",
                                .formula = "y = x - max x - log sum exp(x - max x)",
                                .derivative = "dx = dy - exp(y) sum(dy)",
                                .edges = "(): 0; an empty axis: empty; all -inf: NaN; NaN propagates",
                                .source = "contract 3.1",
                                .torch = "torch.log_softmax(dim=-1); same"};
  static constexpr op_facts facts{.max_ulp = 4, .derivative_max_ulp = 8};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::row;
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  int axis = -1;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &log_softmax_op::axis, "axis of the slices; -1 is the last", attribute_kind::axis}};
  }

  constexpr int row_axis(int rank) const { return rank == 0 ? whole_tensor : axis; }
  static constexpr int axis_rank(const shape& x) { return std::max(x.rank, 1); }  // a scalar is a slice of one

  template <analytic_row X>
  auto forward(const X& x, auto& keep) const {
    const auto [centred, total] = keep(x - max(x), [](const auto& kept) { return sum(exp(kept)); });
    return centred - log(total);
  }
  template <analytic_row X, row Y>
  auto vjp(const X&, const Y& y, const Y& dy, auto&) const {
    return dy - exp(y) * sum(dy);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.test_case(log_softmax_op{.axis = static_cast<int>(draw.whole(-1, x.rank == 0 ? 0 : x.rank - 1))}, x);
  }
};
AXG_OPERATOR(log_softmax)

}  // namespace axiograd
