#pragma once

#include <axiograd/families/row.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>

namespace axiograd {

/// cosine_similarity_loss(x, t) = 1 - <x,t> / (a b), a = max(|x|, epsilon), b = max(|t|, epsilon): each whole tensor is one
/// vector.
///
/// Attributes: epsilon, default 1e-6.
/// Errors: shape_mismatch.
struct cosine_similarity_loss_op {
  static constexpr op_info info{
      .name = "cosine_similarity_loss",
      .inputs = "x, target",
      .formula = "1 - <x,t> / (a b), a = max(|x|, epsilon), b = max(|t|, epsilon)",
      .derivative = "dx = (k x - t / (a b)) dy, k = <x,t> / (a^3 b) for |x| > epsilon, else 0; dt alike",
      .edges = "an empty tensor gives 0; the gradient is 0 for parallel vectors; NaN propagates",
      .source = "contract 14, C8, C29",
      .torch = "1 - torch.nn.functional.cosine_similarity of the flattened tensors; eps = 1e-8 there"};
  // The derivative reaches 1 / |x|, where two terms of that size cancel; its error is bounded in roundings of 1.
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 65536};
  using kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  static constexpr arity in{.tensors = 2};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  ratio epsilon = default_epsilon;
  static constexpr auto attributes() {
    return attribute_list{attribute{"epsilon", &cosine_similarity_loss_op::epsilon, "least length"}};
  }

  constexpr int row_axis(int) const { return whole_tensor; }
  constexpr shape_result infer_shape(const shape& x, const shape& t) const {
    if (x != t) return {error_kind::shape_mismatch, "prediction and target differ: {shapes}"};
    return shape{};
  }

  template <analytic_row X>
  auto forward(const X& x, const X& t, auto&) const {
    using T = lane_of<X>;
    if (x.size() == 0) return T(0);
    return T(1) - sum(x * t) / (length(x) * length(t));
  }
  template <analytic_row X>
  auto vjp(const X& x, const X& t, const lane_of<X>& dy, auto&) const {
    using T = lane_of<X>;
    const T a = length(x), b = length(t), cosine = sum(x * t) / (a * b), least = epsilon.template as<T>();
    const auto radial = [&](const T& l) { return select(l > least, cosine / (l * l), T(0)); };
    return std::tuple{(x * radial(a) - t * (T(1) / (a * b))) * dy, (t * radial(b) - x * (T(1) / (a * b))) * dy};
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.test_case(cosine_similarity_loss_op{}, x, x);
  }

 private:
  template <analytic_row X>
  auto length(const X& x) const {
    using T = lane_of<X>;
    return max(sqrt(sum(x * x)), epsilon.template as<T>());
  }
};
AXG_OPERATOR(cosine_similarity_loss)

}  // namespace axiograd
