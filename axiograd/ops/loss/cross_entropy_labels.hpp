#pragma once

#include <axiograd/core/reduction.hpp>
#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <tuple>

namespace axiograd {

/// cross_entropy_labels(x, labels) = mean over slices of -log_softmax(x)[label], classes on the last axis.
///
/// Shapes: x (..., classes), labels (...). A slice whose label is `ignore_index` does not count in the mean; another label
/// outside the classes contributes 0 and counts.
/// Attributes: label_smoothing e, default 0: the target is 1 - e on the label plus e / classes on every class; ignore_index,
/// default -100; reduction, default mean.
/// Errors: shape_mismatch; invalid_parameter unless 0 <= label_smoothing <= 1.
struct cross_entropy_labels_op {
  static constexpr op_info info{.name = "cross_entropy_labels",
                                .inputs = "x, labels",
                                .formula = "-(1/R) sum over slices of (1 - e) l[label] + e mean(l), l = log_softmax(x)",
                                .derivative = "dx = (softmax(x) - (1 - e) onehot(label) - e / classes) dy / R",
                                .edges = "nothing to count: 0; a label outside the classes contributes 0; NaN propagates",
                                .source = "contract 14, C6; Szegedy et al. 2016, section 7",
                                .torch = "torch.nn.functional.cross_entropy with class indices; its class axis is axis 1"};
  static constexpr op_facts facts{};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::mean;
  static constexpr arity in{.tensors = 1, .side = 1};
  static constexpr int saved = 2;
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  double label_smoothing = 0;
  int64_t ignore_index = -100;
  axiograd::reduction reduction = axiograd::reduction::mean;
  static constexpr auto attributes() {
    return attribute_list{
        attribute{"label_smoothing", &cross_entropy_labels_op::label_smoothing, "share of the target spread over all classes"},
        attribute{"ignore_index", &cross_entropy_labels_op::ignore_index, "label of slices to leave out"},
        attribute{"reduction", &cross_entropy_labels_op::reduction, "of the slices: mean or sum"}};
  }

  constexpr shape_result infer_shape(const shape& x, const shape& labels) const {
    if (x.rank < 1 || x.first(x.rank - 1) != labels)
      return {error_kind::shape_mismatch, "there must be one label for each slice: shapes {shapes}"};
    if (!(label_smoothing >= 0 && label_smoothing <= 1))
      return {error_kind::invalid_parameter, "label_smoothing must be from 0 to 1"};
    return shape{};
  }
  /// Whether a slice with this label counts in the mean.
  constexpr bool counts(int64_t label) const { return label != ignore_index; }

  template <analytic_row X>
  auto forward(const X& x, int64_t label, auto& keep) const {
    using T = lane_of<X>;
    if (x.size() == 0) return T(0);
    const auto [highest, each, total] = exponentials(x, keep);
    if (!contributes(x, label)) return T(0);
    const auto centred = x - highest;
    if (label_smoothing == 0) return log(total) - pick(centred, label);
    return log(total) - pick(centred, label) * T(1 - label_smoothing) - mean(centred) * T(label_smoothing);
  }
  template <analytic_row X>
  auto vjp(const X& x, int64_t label, const lane_of<X>& dy, auto& keep) const {
    using T = lane_of<X>;
    const auto [highest, each, total] = exponentials(x, keep);
    const T everywhere = dy * T(label_smoothing) / T(static_cast<double>(x.size()));
    return counted_row(contributes(x, label), each * (dy / total) -
                                                  one_hot_row<T>(x.size(), label) * (dy * T(1 - label_smoothing)) -
                                                  constant_row(x.size(), everywhere));
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.positive_shape(1);
    return draw.test_case(
        cross_entropy_labels_op{.label_smoothing = draw.whole(0, 1) == 1 ? draw.number(0, 1) : 0,
                                .ignore_index = draw.whole(-1, 1),
                                .reduction = draw.whole(0, 1) == 1 ? axiograd::reduction::sum : axiograd::reduction::mean},
        x, draw.indices(x.first(x.rank - 1), -1, x[x.rank - 1]));
  }

 private:
  /// The largest entry, the row exp(x - largest), and its sum.
  template <analytic_row X>
  static auto exponentials(const X& x, auto& keep) {
    const auto highest = keep.save_for_backward([&] { return max(x); });
    const auto each = keep.shared(exp(x - highest));
    return std::tuple{highest, each, keep.save_for_backward([&] { return sum(each); })};
  }
  template <row X>
  bool contributes(const X& x, int64_t label) const {
    return counts(label) && label >= 0 && label < x.size();
  }
};
AXG_OPERATOR(cross_entropy_labels)

}  // namespace axiograd
