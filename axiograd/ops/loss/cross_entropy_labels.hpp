#pragma once

#include <axiograd/core/row.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>

namespace axiograd {

/// cross_entropy_labels(x, labels) = mean over slices of -log_softmax(x)[label], classes on the last axis.
///
/// Shapes: x (..., classes), labels (...). A label outside the classes contributes 0 and no gradient.
/// Errors: shape_mismatch.
struct cross_entropy_labels_op {
  static constexpr op_info info{.name = "cross_entropy_labels",
                                .formula = "-(1/R) sum over slices of log_softmax(x)[label]",
                                .derivative = "dx = (softmax(x) - onehot(label)) dy / R",
                                .edges = "no slices: 0; a label outside the classes contributes 0; NaN propagates",
                                .source = "contract 14, C6",
                                .torch = "torch.nn.functional.cross_entropy with class indices; its class axis is axis 1"};
  static constexpr op_facts facts{};
  static constexpr family kind = family::rowwise;
  static constexpr row_result gives = row_result::mean;
  static constexpr arity in{.tensors = 1, .side = 1};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  constexpr shape_result infer_shape(const shape& x, const shape& labels) const {
    if (x.rank < 1 || x.first(x.rank - 1) != labels)
      return {error_kind::shape_mismatch, "there must be one label for each slice: shapes {shapes}"};
    return shape{};
  }

  template <analytic_row X>
  auto forward(const X& x, int64_t label, auto& keep) const {
    if (label < 0 || label >= x.size()) return lane_of<X>(0);
    const auto centred = keep(x - max(x));
    return log(sum(exp(centred))) - pick(centred, label);
  }
  template <analytic_row X>
  auto vjp(const X& x, int64_t label, const lane_of<X>& dy, auto& keep) const {
    using T = lane_of<X>;
    const auto e = keep(exp(x - max(x)));
    const T weight = label < 0 || label >= x.size() ? T(0) : dy;
    return e * (weight / sum(e)) - one_hot_row<T>(x.size(), label) * weight;
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const shape x = draw.positive_shape(1);
    return draw.sample(cross_entropy_labels_op{}, x, draw.indices(x.first(x.rank - 1), -1, x[x.rank - 1]));
  }
};
AXG_OPERATOR(cross_entropy_labels)

}  // namespace axiograd
