#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>

namespace axiograd {

/// logsumexp(x) = log sum exp(x) along one axis, which is dropped.
///
/// Attributes: axis, required, negative counted from the end.
/// Errors: invalid_axis, also when an extent is 0.
struct logsumexp_op {
  static constexpr op_info info{.name = "logsumexp",
                                .formula = "m + log sum exp(x - m), m = max x",
                                .derivative = "dy exp(x - y)",
                                .edges = "all -inf gives -inf, whose gradient is NaN; NaN propagates",
                                .source = "contract 3.1, companion",
                                .torch = "torch.logsumexp(dim=axis); same"};
  static constexpr op_facts facts{.max_ulp = 4, .derivative_max_ulp = 16};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  static constexpr int saved = 2;
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  required<int> axis;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &logsumexp_op::axis, "axis to drop", attribute_kind::axis}};
  }

  constexpr int row_axis(int) const { return axis; }
  constexpr shape_result infer_shape(const shape& x) const {
    if (!x.well_formed()) return {error_kind::invalid_axis, "axis {} of shape {shapes} cannot be reduced", axis.value};
    return x.without(axis);
  }

  template <analytic_row X>
  auto forward(const X& x, auto& keep) const {
    const auto [m, total] = exponentials(x, keep);
    return m + log(total);
  }
  template <analytic_row X>
  auto vjp(const X& x, const lane_of<X>& dy, auto& keep) const {
    const auto [m, total] = exponentials(x, keep);
    return exp(x - m) * (dy / total);
  }

 private:
  // The largest entry, 0 where it is infinite.
  template <analytic_row X>
  static auto shift(const X& x) {
    using T = lane_of<X>;
    const T m = max(x);
    return select(m - m > T(-1), m, T(0));
  }
  /// The shift m, and the sum of exp(x - m).
  template <analytic_row X>
  static std::array<lane_of<X>, 2> exponentials(const X& x, auto& keep) {
    const lane_of<X> m = keep.save_for_backward([&] { return shift(x); });
    return {m, keep.save_for_backward([&] { return sum(exp(x - m)); })};
  }

 public:
  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    return draw.test_case(logsumexp_op{.axis = static_cast<int>(draw.whole(0, x.rank - 1))}, x);
  }
};
AXG_OPERATOR(logsumexp)

}  // namespace axiograd
