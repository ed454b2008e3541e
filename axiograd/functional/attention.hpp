#pragma once
// What belongs to attention beside the operators: masks, heads, positions.

#include <axiograd/functional/shape.hpp>
#include <axiograd/ops/attention/scaled_dot_product_attention.hpp>
#include <limits>

namespace axiograd {

/// The bias of scaled_dot_product_attention that forbids the keys where the mask is 0: 0 or -inf.
template <class T = float>
tensor<T> mask_bias(const index_tensor& mask) {
  tensor<T> bias = tensor<T>::uninitialised(mask.shape());
  T* const to = bias.mutable_data();
  for (int64_t i = 0; i < mask.size(); ++i) to[i] = mask[i] != 0 ? T(0) : -std::numeric_limits<T>::infinity();
  return bias;
}

/// (..., n, h e) to (..., h, n, e). Errors: invalid_parameter when the heads do not divide the features.
template <tensor_like X>
impl::plain<X> split_heads(const X& x, int64_t heads) {
  if (!impl::usable(x, "split_heads")) return x;
  const shape s = x.shape();
  if (s.rank < 2 || heads < 1 || s[s.rank - 1] % heads != 0)
    return impl::refuse(x, error_kind::invalid_parameter,
                        message({"split_heads: shape ", s, " cannot be cut into ", heads, " heads"}));
  shape cut = s.first(s.rank - 1);
  cut.append(heads);
  cut.append(s[s.rank - 1] / heads);
  return transpose(reshape(x, {.dims = cut}), s.rank - 2, s.rank - 1);
}
/// (..., h, n, e) to (..., n, h e). Errors: shape_mismatch.
template <tensor_like X>
impl::plain<X> merge_heads(const X& x) {
  if (!impl::usable(x, "merge_heads")) return x;
  const shape s = x.shape();
  if (s.rank < 3) return impl::refuse(x, error_kind::shape_mismatch, message({"merge_heads: shape ", s, " has no heads"}));
  shape joined = s.first(s.rank - 3);
  joined.append(s[s.rank - 2]);
  joined.append(shape{s[s.rank - 3], s[s.rank - 1]}.size());
  return reshape(transpose(x, s.rank - 3, s.rank - 2), {.dims = joined});
}

/// Sinusoidal positions (n, d): sin(p base^(-2i/d)) at feature 2i, cos at 2i + 1. Source: Vaswani et al. 2017, section 3.5.
template <class T = float>
tensor<T> sinusoidal_positions(int64_t n, int64_t d, double base = 10'000) {
  tensor<T> t = tensor<T>::uninitialised({n, d});
  T* const to = t.mutable_data();
  for (int64_t p = 0; p < n && d > 0; ++p)
    for (int64_t i = 0; i < d; ++i) {
      const double angle =
          static_cast<double>(p) * axiograd::pow(base, -static_cast<double>(i - i % 2) / static_cast<double>(d));
      to[p * d + i] = static_cast<T>(i % 2 == 0 ? axiograd::sin(angle) : axiograd::cos(angle));
    }
  return t;
}

}  // namespace axiograd
