#pragma once

#include <axiograd/core/row.hpp>

namespace axiograd {

/// A loss that is the mean over all entries of a term in prediction and target: what `Loss` adds is
/// `term(x, t)` and `slope(x, t)`, the term's two partial derivatives, on numbers.
template <class Loss>
struct pointwise_loss {
  static constexpr family kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  static constexpr arity in{.tensors = 2};
  template <class T>
  static constexpr bool runs_on = field<T> && requires(const Loss loss, const T x) { loss.term(x, x); };

  constexpr int row_axis(int) const { return whole_tensor; }
  constexpr shape_result infer_shape(const shape& x, const shape& t) const {
    if (x != t) return {error_kind::shape_mismatch, "prediction and target differ: {shapes}"};
    return shape{};
  }

  template <field_row X>
  auto forward(const X& x, const X& t, auto&) const {
    const Loss loss = self();
    return sum(make_row<lane_of<X>>(x.size(), [=](auto... i) { return loss.term(x.at(i...), t.at(i...)); })) / entries(x);
  }
  template <field_row X>
  auto vjp(const X& x, const X& t, const lane_of<X>& dy, auto&) const {
    const Loss loss = self();
    const lane_of<X> weight = dy / entries(x);
    const auto input = [=](std::size_t k) {
      return make_row<lane_of<X>>(x.size(), [=](auto... i) { return loss.slope(x.at(i...), t.at(i...))[k] * weight; });
    };
    return std::tuple{input(0), input(1)};
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.sample(Loss{}, x, x);
  }

 private:
  constexpr const Loss& self() const { return static_cast<const Loss&>(*this); }
  template <field_row X>
  static lane_of<X> entries(const X& x) {
    return lane_of<X>(x.size() > 0 ? static_cast<double>(x.size()) : 1.0);
  }
};

}  // namespace axiograd
