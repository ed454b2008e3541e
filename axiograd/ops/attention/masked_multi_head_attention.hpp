#pragma once

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/attention/parts/attention.hpp>

namespace axiograd {

/// masked_multi_head_attention(wq, wk, wv, wo, x, mask): self-attention without biases: Q = x Wq, K = x Wk, V = x Wv, cut into
/// heads, softmax of Q K^T / sqrt(head width) times V, merged, times Wo.
///
/// Shapes: wq, wk, wv (D, heads e), wo (heads e, D), x (n,D) -> (n,D); mask (n,n), not 0 where query i may attend to key j.
/// Leading axes before x; the weights and the mask are shared. Attributes: heads, required; causal: only keys up to the query.
/// Errors: shape_mismatch; invalid_parameter for n = 0 or heads that do not divide the columns; mask_shape_mismatch.
struct masked_multi_head_attention_op {
  static constexpr op_info info{
      .name = "masked_multi_head_attention",
      .inputs = "wq, wk, wv, wo, x, mask",
      .formula = "merge(softmax(Q K^T / sqrt(e) over allowed keys) V) Wo, Q = x Wq, K = x Wk, V = x Wv",
      .derivative = "dS = A (dA - rowsum(dA A)), dA = dZ V^T, dV = A^T dZ, dQ = dS K / sqrt(e), dK = dS^T Q / sqrt(e)",
      .edges = "a query without allowed keys gives 0 and no gradient; NaN propagates",
      .source = "Vaswani et al. 2017, section 3.2; contract 12.2, C9, C10",
      .torch = "torch.nn.MultiheadAttention; there packed weights, biases and a mask of blocked keys"};
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 64};
  using kind = family::custom;
  static constexpr arity in{.tensors = 5, .side = 1};
  static constexpr sample_ranks ranks{2, 2, 2, 2, 2};
  static constexpr input_set shared{0, 1, 2, 3};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  required<int> heads;
  bool causal = false;
  static constexpr auto attributes() {
    return attribute_list{attribute{"heads", &masked_multi_head_attention_op::heads, "number of heads"},
                          attribute{"causal", &masked_multi_head_attention_op::causal, "only keys up to the query"}};
  }

  constexpr shape_result infer_shape(const shape& wq, const shape& wk, const shape& wv, const shape& wo, const shape& x,
                                     const shape& mask) const {
    if (heads.value < 1) return {error_kind::invalid_parameter, "{} heads", heads.value};
    if (wk != wq || wv != wq || wq[0] != x[1] || wo[0] != wq[1] || wo[1] != x[1])
      return {error_kind::shape_mismatch, "shapes {shapes} do not fit (D,h), (D,h), (D,h), (h,D) and (n,D)"};
    if (wq[1] % heads.value != 0)
      return {error_kind::invalid_parameter, "{} heads do not divide {} columns", heads.value, wq[1]};
    if (x[0] == 0) return {error_kind::invalid_parameter, "there are no tokens: shapes {shapes}"};
    if (mask != shape{x[0], x[0]})
      return {error_kind::mask_shape_mismatch, "the mask must be ({},{}); shapes {shapes}", x[0], x[0]};
    return x;
  }

  template <class T>
  void forward(const view<const T>& wq, const view<const T>& wk, const view<const T>& wv, const view<const T>& wo,
               const view<const T>& x, const index_view& mask, const view<T>& y) const {
    attention(*wq.dims, *x.dims, mask.data).template forward<T>({wq.data, wk.data, wv.data, wo.data, x.data}, y.data);
  }
  template <class T>
  void vjp(const view<const T>& wq, const view<const T>& wk, const view<const T>& wv, const view<const T>& wo,
           const view<const T>& x, const index_view& mask, const view<const T>&, const view<const T>& dy, const view<T>& dq,
           const view<T>& dk, const view<T>& dv, const view<T>& d_o, const view<T>& dx) const {
    attention(*wq.dims, *x.dims, mask.data)
        .template vjp<T>({wq.data, wk.data, wv.data, wo.data, x.data}, dy.data, {dq.data, dk.data, dv.data, d_o.data, dx.data});
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int h = draw.whole(1, 3);
    const int64_t n = draw.whole(1, 4), d = draw.length(1, 4), columns = h * draw.length(1, 3);
    const shape weights{d, columns};
    return draw.test_case(masked_multi_head_attention_op{.heads = h, .causal = draw.whole(0, 1) == 1}, weights, weights,
                          weights, shape{columns, d}, shape{n, d}, draw.indices(shape{n, n}, 0, 1));
  }

 private:
  self_attention attention(const shape& w, const shape& x, const int64_t* mask) const {
    return {.tokens = x[0], .features = x[1], .heads = heads, .width = w[1] / heads, .mask = mask, .causal = causal};
  }
};
AXG_OPERATOR(masked_multi_head_attention)
AXG_CALLABLE_OF_MORE(masked_multi_head_attention)

}  // namespace axiograd
