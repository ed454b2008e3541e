#pragma once

#include <axiograd/core/reduction.hpp>
#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/loss/cross_entropy_labels.hpp>

namespace axiograd {

/// cross_entropy_logits(x, t) = mean over slices of -sum t log_softmax(x), classes on the last axis. With class labels in
/// place of the distribution t it is cross_entropy_labels.
///
/// Attributes: reduction, default mean.
/// Errors: shape_mismatch.
struct cross_entropy_logits_op {
  static constexpr op_info info{.name = "cross_entropy_logits",
                                .inputs = "x, target",
                                .formula = "-(1/R) sum t log_softmax(x)",
                                .derivative = "dx = (softmax(x) sum t - t) dy / R, dt = -log_softmax(x) dy / R",
                                .edges = "no entries: 0; t need not sum to 1; NaN propagates",
                                .source = "contract 14, C6, C21",
                                .torch = "torch.nn.functional.cross_entropy with probabilities; its class axis is axis 1"};
  static constexpr op_facts facts{};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::mean;
  static constexpr arity in{.tensors = 2};
  static constexpr int saved = 2;
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  axiograd::reduction reduction = axiograd::reduction::mean;
  static constexpr auto attributes() {
    return attribute_list{attribute{"reduction", &cross_entropy_logits_op::reduction, "of the slices: mean or sum"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& t) const {
    if (x != t) return {error_kind::shape_mismatch, "prediction and target differ: {shapes}"};
    return shape{};
  }

  template <analytic_row X>
  auto forward(const X& x, const X& t, auto& keep) const {
    if (x.size() == 0) return lane_of<X>(0);
    return -sum(t * log_probabilities(x, keep));
  }
  template <analytic_row X>
  auto vjp(const X& x, const X& t, const lane_of<X>& dy, auto& keep) const {
    const auto l = log_probabilities(x, keep);
    return std::tuple{(exp(l) * sum(t) - t) * dy, l * (-dy)};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    const cross_entropy_logits_op op{.reduction = draw.whole(0, 1) == 1 ? axiograd::reduction::sum : axiograd::reduction::mean};
    return draw.test_case(op, x, x);
  }

 private:
  template <analytic_row X>
  static auto log_probabilities(const X& x, auto& keep) {
    const auto highest = keep.save_for_backward([&] { return max(x); });
    return x - highest - keep.save_for_backward([&] { return log(sum(exp(x - highest))); });
  }
};
AXG_OPERATOR(cross_entropy_logits)

/// With class labels, one for each slice.
template <operand X, operand Labels>
  requires is_index_tensor<Labels>
auto cross_entropy_logits(const X& x, const Labels& labels) {
  return cross_entropy_labels(x, labels);
}
template <operand X, operand Labels>
  requires is_index_tensor<Labels>
auto cross_entropy_logits(const X& x, const Labels& labels, const cross_entropy_labels_op& op) {
  return cross_entropy_labels(x, labels, op);
}

}  // namespace axiograd
