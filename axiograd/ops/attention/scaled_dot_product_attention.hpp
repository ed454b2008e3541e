#pragma once

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/scratch.hpp>
#include <axiograd/families/custom.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/attention/parts/attention.hpp>
#include <limits>

namespace axiograd {

/// scaled_dot_product_attention(q, k, v, bias) = softmax(q k^T scale + bias) v by head; the bias may be left out.
///
/// Shapes: q (h,n,e), k (g,m,e), v (g,m,f) -> (h,n,f); h / g query heads share one key head (grouped queries). bias (n,m),
/// shared by all heads and samples; an entry of -inf forbids the key (`mask_bias` makes one of a mask). Leading axes before q,
/// k and v. Attributes: causal, only keys up to the query's number; scale, default 0: 1 / sqrt(e). Errors: shape_mismatch;
/// invalid_parameter when g does not divide h or there are no keys or features; mask_shape_mismatch.
struct scaled_dot_product_attention_op {
  static constexpr op_info info{
      .name = "scaled_dot_product_attention",
      .inputs = "query, key, value, bias",
      .formula = "softmax(q k^T s + bias) v",
      .derivative = "dS = A (dA - rowsum(dA A)), dA = dy v^T, dv = A^T dy, dq = dS k s, dk = dS^T q s, dbias = sum dS",
      .edges = "a query without allowed keys gives 0 and no gradient; NaN propagates",
      .source = "Vaswani et al. 2017, eq. 1; Ainslie et al. 2023; contract 12, C9, C10",
      .torch = "torch.nn.functional.scaled_dot_product_attention; there a query without keys gives NaN or 0, by version"};
  static constexpr op_facts facts{.max_ulp = 16, .derivative_max_ulp = 256};
  using kind = family::custom;
  static constexpr arity in{.tensors = 4, .optional = 3};
  static constexpr sample_ranks ranks{3, 3, 3, 2};
  static constexpr input_set shared{3};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  bool causal = false;
  double scale = 0;
  static constexpr auto attributes() {
    return attribute_list{
        attribute{"causal", &scaled_dot_product_attention_op::causal, "only keys up to the query"},
        attribute{"scale", &scaled_dot_product_attention_op::scale, "factor of the products; 0 is 1 / sqrt(e)"}};
  }

  constexpr shape_result infer_shape(const shape& q, const shape& k, const shape& v, const shape& bias) const {
    if (k[0] != v[0] || k[1] != v[1] || q[2] != k[2])
      return {error_kind::shape_mismatch, "shapes {shapes} do not fit (h,n,e), (g,m,e) and (g,m,f)"};
    if (k[0] < 1 || q[0] % k[0] != 0)
      return {error_kind::invalid_parameter, "{} key heads do not divide {} query heads", k[0], q[0]};
    if (k[1] < 1 || q[2] < 1) return {error_kind::invalid_parameter, "no keys or features in shapes {shapes}"};
    if (bias.rank >= 0 && bias != shape{q[1], k[1]})
      return {error_kind::mask_shape_mismatch, "the bias must be ({},{}); shapes {shapes}", q[1], k[1]};
    return shape{q[0], q[1], v[2]};
  }

  template <class T>
  void forward(const view<const T>& q, const view<const T>& k, const view<const T>& v, const view<const T>& bias,
               const view<T>& y) const {
    const head_sizes s(*q.dims, *k.dims, *v.dims);
    scratch_memory<T> weights(s.m);
    for (int64_t h = 0; h < s.heads; ++h)
      for (int64_t i = 0; i < s.n; ++i) {
        attend(s, q.data, k.data, bias.data, h, i, weights.data());
        T* const to = y.data + (h * s.n + i) * s.f;
        std::fill_n(to, s.f, T(0));
        for (int64_t j = 0; j < keys_of(s, i); ++j)
          for (int64_t c = 0; c < s.f; ++c) to[c] = to[c] + weights.data()[j] * v.data[s.key(h, j) * s.f + c];
      }
  }
  template <class T>
  void vjp(const view<const T>& q, const view<const T>& k, const view<const T>& v, const view<const T>& bias,
           const view<const T>&, const view<const T>& dy, const view<T>& dq, const view<T>& dk, const view<T>& dv,
           const view<T>& dbias) const {
    const head_sizes s(*q.dims, *k.dims, *v.dims);
    const T factor = scale_of<T>(s);
    scratch_memory<T> memory(2 * s.m);
    T *const a = memory.data(), *const da = a + s.m;
    for (int64_t h = 0; h < s.heads; ++h)
      for (int64_t i = 0; i < s.n; ++i) {
        attend(s, q.data, k.data, bias.data, h, i, a);
        const T* const g = dy.data + (h * s.n + i) * s.f;
        const int64_t query = h * s.n + i;
        const int64_t keys = keys_of(s, i);
        for (int64_t j = 0; j < keys; ++j) {
          const int64_t key = s.key(h, j);
          da[j] = T(0);
          for (int64_t c = 0; c < s.f; ++c) {
            da[j] = da[j] + g[c] * v.data[key * s.f + c];
            if (dv.data != nullptr) dv.data[key * s.f + c] = dv.data[key * s.f + c] + a[j] * g[c];
          }
        }
        impl::softmax_vjp(a, da, keys);
        for (int64_t j = 0; j < keys; ++j) {
          const int64_t key = s.key(h, j);
          const T ds = da[j];
          if (dbias.data != nullptr) dbias.data[i * s.m + j] = dbias.data[i * s.m + j] + ds;
          for (int64_t e = 0; e < s.e; ++e) {
            if (dq.data != nullptr) dq.data[query * s.e + e] = dq.data[query * s.e + e] + ds * factor * k.data[key * s.e + e];
            if (dk.data != nullptr) dk.data[key * s.e + e] = dk.data[key * s.e + e] + ds * factor * q.data[query * s.e + e];
          }
        }
      }
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t g = draw.length(1, 2), h = g * draw.length(1, 2), n = draw.length(1, 4), m = draw.length(1, 4),
                  e = draw.length(1, 3);
    const scaled_dot_product_attention_op op{.causal = draw.whole(0, 1) == 1,
                                             .scale = draw.whole(0, 1) == 1 ? draw.number(0.25, 2) : 0};
    return draw.test_case(op, shape{h, n, e}, shape{g, m, e}, shape{g, m, draw.length(1, 3)}, draw.optional(shape{n, m}));
  }

 private:
  struct head_sizes {
    int64_t heads, group, n, m, e, f;
    head_sizes(const shape& q, const shape& k, const shape& v)
        : heads(q[0]), group(q[0] / k[0]), n(q[1]), m(k[1]), e(q[2]), f(v[2]) {}
    /// The row of k and v that query head h sees as key j.
    int64_t key(int64_t h, int64_t j) const { return h / group * m + j; }
  };
  template <class T>
  T scale_of(const head_sizes& s) const {
    return scale != 0 ? T(scale) : T(1) / sqrt(T(static_cast<double>(s.e)));
  }
  /// The keys that query i may see by its number.
  int64_t keys_of(const head_sizes& s, int64_t i) const { return causal ? std::min(s.m, i + 1) : s.m; }
  /// The weights of the keys for one query; 0 for those that it may not see.
  template <class T>
  void attend(const head_sizes& s, const T* q, const T* k, const T* bias, int64_t h, int64_t i, T* a) const {
    const T factor = scale_of<T>(s);
    const int64_t keys = keys_of(s, i);
    std::fill_n(a, s.m, T(0));
    T largest(0), total(0);
    bool any_allowed = false;
    for (int64_t j = 0; j < keys; ++j) {
      if (forbidden(s, bias, i, j)) continue;
      T dot(0);
      for (int64_t e = 0; e < s.e; ++e) dot = dot + q[(h * s.n + i) * s.e + e] * k[s.key(h, j) * s.e + e];
      a[j] = dot * factor + (bias == nullptr ? T(0) : bias[i * s.m + j]);
      largest = any_allowed ? max(a[j], largest) : a[j];
      any_allowed = true;
    }
    for (int64_t j = 0; j < keys; ++j) {
      if (forbidden(s, bias, i, j)) continue;
      a[j] = exp(a[j] - largest);
      total = total + a[j];
    }
    for (int64_t j = 0; j < keys; ++j)
      if (!forbidden(s, bias, i, j)) a[j] = a[j] / total;
  }
  /// Only floating-point numbers can be -inf.
  template <class T>
  static bool forbidden(const head_sizes& s, const T* bias, int64_t i, int64_t j) {
    if constexpr (std::floating_point<T>)
      return bias != nullptr && bias[i * s.m + j] == -std::numeric_limits<T>::infinity();
    else
      return false;
  }
};
AXG_OPERATOR(scaled_dot_product_attention)
AXG_CALLABLE_OF_MORE(scaled_dot_product_attention)

}  // namespace axiograd
