#pragma once

#include <axiograd/core/reduction.hpp>
#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/log.hpp>

namespace axiograd {

/// cross_entropy_loss(x, t) = mean over slices of -sum t log q, q = clamp(x, epsilon, 1 - epsilon): probabilities, classes on
/// the last axis. For logits there is cross_entropy_logits.
///
/// Attributes: epsilon, default 1e-6; reduction, default mean. Targets are not checked.
/// Errors: shape_mismatch.
struct cross_entropy_loss_op {
  static constexpr op_info info{.name = "cross_entropy_loss",
                                .inputs = "x, target",
                                .formula = "-(1/R) sum t log q, q = clamp(x, epsilon, 1 - epsilon)",
                                .derivative = "dx = -t / x dy / R inside the clip, else 0; dt = -log q dy / R",
                                .edges = "0 at and beyond the clip; no entries: 0; NaN propagates in the value",
                                .source = "contract 14, C6, C7",
                                .torch = "-(t * q.log()).sum(-1).mean(); not torch.nn.functional.cross_entropy"};
  static constexpr op_facts facts{.max_ulp = 64, .derivative_max_ulp = 64};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::mean;
  static constexpr arity in{.tensors = 2};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  ratio epsilon = default_epsilon;
  axiograd::reduction reduction = axiograd::reduction::mean;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &cross_entropy_loss_op::epsilon, "distance of the clip from 0 and 1"},
                          attribute{"reduction", &cross_entropy_loss_op::reduction, "of the slices: mean or sum"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& t) const {
    if (x != t) return {error_kind::shape_mismatch, "prediction and target differ: {shapes}"};
    return shape{};
  }

  template <analytic_row X>
  auto forward(const X& x, const X& t, auto&) const {
    return -sum(t * log_clipped(x));
  }
  template <analytic_row X>
  auto vjp(const X& x, const X& t, const lane_of<X>& dy, auto&) const {
    using T = lane_of<X>;
    const T low = epsilon.template as<T>(), high = T(1) - low;
    const auto slope = make_row<T>(x.size(), [=](auto... i) {
      const T p = x.at(i...);
      return select(p > low, select(high > p, T(-1) / p, T(0)), T(0));
    });
    return std::tuple{slope * t * dy, log_clipped(x) * (-dy)};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    const cross_entropy_loss_op op{.reduction = draw.whole(0, 1) == 1 ? axiograd::reduction::sum : axiograd::reduction::mean};
    return draw.test_case(op, x, x);
  }

 private:
  template <analytic_row X>
  auto log_clipped(const X& x) const {
    using T = lane_of<X>;
    const T low = epsilon.template as<T>(), high = T(1) - low;
    return make_row<T>(x.size(), [=](auto... i) { return log(min(max(x.at(i...), low), high)); });
  }
};
AXG_OPERATOR(cross_entropy_loss)

}  // namespace axiograd
