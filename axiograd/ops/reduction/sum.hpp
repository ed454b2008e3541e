#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>

namespace axiograd {

/// sum(x): the sum of all entries, a scalar; not mapped over leading axes.
struct sum_op {
  static constexpr op_info info{.name = "sum",
                                .formula = "sum of all entries",
                                .derivative = "dy at every entry",
                                .edges = "an empty tensor gives 0; NaN propagates",
                                .source = "contract 5",
                                .torch = "torch.sum(); same"};
  static constexpr op_facts facts{};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  template <class T>
  static constexpr bool runs_on = ring<T>;

  constexpr int row_axis(int) const { return whole_tensor; }
  constexpr shape_result infer_shape(const shape&) const { return shape{}; }

  template <ring_row X>
  auto forward(const X& x, auto&) const {
    return sum(x);
  }
  template <ring_row X>
  auto vjp(const X& x, const lane_of<X>& dy, auto&) const {
    return constant_row(x.size(), dy);
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    return draw.test_case(sum_op{}, draw.any_shape());
  }
};
AXG_OPERATOR(sum)

}  // namespace axiograd
