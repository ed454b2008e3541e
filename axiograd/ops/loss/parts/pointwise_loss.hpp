#pragma once

#include <axiograd/core/reduction.hpp>
#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <concepts>
#include <tuple>
#include <type_traits>

namespace axiograd {

/// A loss has a term in two numbers of type T.
template <class Loss, class T>
concept has_term = requires(const Loss loss, const T x) { loss.term(x, x); };

/// What makes a loss of terms: the mean (or the sum) over all entries of a term in prediction and target. `Loss` has
/// `term(x, t)` and `slope(x, t)`, the term's two partial derivatives, on numbers, and the attribute `reduction`; where it has
/// more attributes, `own_attributes()`, and where they may be wrong, `check()`.
template <class Loss>
struct pointwise_loss {
  static constexpr auto attributes() {
    const attribute last{"reduction", &Loss::reduction, "of the terms: mean or sum"};
    if constexpr (requires { Loss::own_attributes(); })
      return Loss::own_attributes().plus(last);
    else
      return attribute_list{last};
  }
  static constexpr shape_result infer_shape(const Loss& loss, const shape& x, const shape& t) {
    if constexpr (requires { loss.check(); })
      if (const shape_result fine = loss.check(); !fine) return fine;
    if (x != t) return {error_kind::shape_mismatch, "prediction and target differ: {shapes}"};
    return shape{};
  }

  template <field_row X>
  static auto forward(const Loss& loss, const X& x, const X& t) {
    return sum(make_row<lane_of<X>>(x.size(), [=](auto... i) { return loss.term(x.at(i...), t.at(i...)); })) / divisor(loss, x);
  }
  template <field_row X>
  static auto vjp(const Loss& loss, const X& x, const X& t, const lane_of<X>& dy) {
    const lane_of<X> weight = dy / divisor(loss, x);
    const auto input = [=](std::size_t k) {
      return make_row<lane_of<X>>(x.size(), [=](auto... i) { return loss.slope(x.at(i...), t.at(i...))[k] * weight; });
    };
    return std::tuple{input(0), input(1)};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    Loss loss{};
    loss.reduction = draw.whole(0, 1) == 1 ? reduction::sum : reduction::mean;
    Loss::attributes().for_each([&](const auto& a) {  // widths, which are positive
      if constexpr (std::same_as<std::remove_cvref_t<decltype(loss.*a.member)>, double>)
        loss.*a.member = draw.whole(1, 8) / 4.0;
    });
    return draw.test_case(loss, x, x);
  }

 private:
  /// What the sum of the terms is divided by.
  template <field_row X>
  static lane_of<X> divisor(const Loss& loss, const X& x) {
    return lane_of<X>(x.size() > 0 && loss.reduction == reduction::mean ? static_cast<double>(x.size()) : 1.0);
  }
};

/// The members by which NAME_op, which has a term and its slope, is a rowwise operator. Not a base class: an aggregate with one
/// draws warnings wherever attributes are named.
#define AXG_POINTWISE_LOSS(name)                                                                           \
  axiograd::reduction reduction = axiograd::reduction::mean;                                               \
  using kind = axiograd::family::rowwise;                                                                  \
  static constexpr axiograd::row_result gives = axiograd::row_result::each;                                \
  static constexpr axiograd::arity in{.tensors = 2};                                                       \
  template <class T>                                                                                       \
  static constexpr bool runs_on = axiograd::field<T> && axiograd::has_term<name##_op, T>;                  \
  /* A template, so that nobody asks for the loss's own attributes before the class is complete. */        \
  template <class Loss = name##_op>                                                                        \
  static constexpr auto attributes() {                                                                     \
    return axiograd::pointwise_loss<Loss>::attributes();                                                   \
  }                                                                                                        \
  constexpr int row_axis(int) const { return axiograd::whole_tensor; }                                     \
  constexpr axiograd::shape_result infer_shape(const axiograd::shape& x, const axiograd::shape& t) const { \
    return axiograd::pointwise_loss<name##_op>::infer_shape(*this, x, t);                                  \
  }                                                                                                        \
  template <axiograd::field_row X>                                                                         \
  auto forward(const X& x, const X& t, auto&) const {                                                      \
    return axiograd::pointwise_loss<name##_op>::forward(*this, x, t);                                      \
  }                                                                                                        \
  template <axiograd::field_row X>                                                                         \
  auto vjp(const X& x, const X& t, const axiograd::lane_of<X>& dy, auto&) const {                          \
    return axiograd::pointwise_loss<name##_op>::vjp(*this, x, t, dy);                                      \
  }                                                                                                        \
  template <class Draw>                                                                                    \
  static constexpr auto test_case(Draw& draw) {                                                            \
    return axiograd::pointwise_loss<name##_op>::test_case(draw);                                           \
  }

/// The terms of a pointwise loss by themselves, elementwise: `reduction="none"`.
template <class Loss>
struct loss_terms_op {
  static constexpr op_info info = [] {
    op_info i = Loss::info;
    i.formula = "the terms of the loss, not added up";
    i.derivative = "by entry";
    return i;
  }();
  static constexpr op_facts facts{};
  static constexpr arity in{.tensors = 2};

  Loss loss;

  template <scalar T>
    requires has_term<Loss, T>
  AXG_HD constexpr T value(const T& x, const T& t) const {
    return loss.term(x, t);
  }
  template <scalar T>
    requires has_term<Loss, T>
  AXG_HD constexpr partials<T, 2> derivative(const T& x, const T& t, const T&) const {
    return loss.slope(x, t);
  }
};
/// The terms of a loss for each entry: `loss_terms(x, t, huber_loss_op{.delta = 2})`.
///
/// Errors: shape_mismatch.
template <operand X, operand T, class Loss>
  requires elementwise<loss_terms_op<Loss>>
AXG_HD constexpr auto loss_terms(const X& x, const T& t, const Loss& loss) {
  return impl::call(loss_terms_op<Loss>{loss}, x, t);
}

}  // namespace axiograd
