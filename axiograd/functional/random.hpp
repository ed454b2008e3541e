#pragma once
// Random tensors, each entry a function of (seed, counter, index), and dropout (contract 18).

#include <axiograd/core/floating_point.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/functional/operand.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>

namespace axiograd {

/// Which draws a random function uses: calls with equal keys give equal numbers, any others have nothing in common. The seed is
/// spread (core/random.hpp) by what is drawn.
struct random_key {
  seed from{};
  std::uint64_t counter = 0;
};

namespace impl {
template <class T, class F>
tensor<T> drawn(const shape& dims, random_key key, seed_use use, const F& draw) {
  const floating_point_scope standard;
  tensor<T> t = tensor<T>::uninitialised(dims);
  T* const to = t.mutable_data();
  const std::uint64_t k = key_of(spread(key.from, use), key.counter);
  for (int64_t i = 0; i < t.size(); ++i) to[i] = T(draw(k, static_cast<std::uint64_t>(i)));
  return t;
}
}  // namespace impl

/// Uniform in [low, high).
template <class T = float>
tensor<T> random_uniform(const shape& dims, random_key key, double low = 0, double high = 1) {
  return impl::drawn<T>(dims, key, seed_use::uniform,
                        [=](std::uint64_t k, std::uint64_t i) { return low + (high - low) * uniform(k, i); });
}
/// Normal with mean 0 and standard deviation 1.
template <class T = float>
tensor<T> random_normal(const shape& dims, random_key key) {
  return impl::drawn<T>(dims, key, seed_use::normal, [](std::uint64_t k, std::uint64_t i) { return normal(k, i); });
}
/// 1 with probability `keep`, else 0.
template <class T = float>
tensor<T> bernoulli_mask(const shape& dims, random_key key, double keep) {
  return impl::drawn<T>(dims, key, seed_use::mask,
                        [=](std::uint64_t k, std::uint64_t i) { return mask(k, i, keep) ? 1.0 : 0.0; });
}

/// Entries set to 0 with probability p, the others divided by 1 - p. The mask is a constant for differentiation.
/// Source: Srivastava et al. 2014, inverted. PyTorch: torch.nn.functional.dropout(training=True), other random numbers.
///
/// Errors: invalid_parameter unless 0 <= p < 1.
template <tensor_like X>
impl::plain<X> dropout(const X& x, double p, random_key key) {
  if (!impl::usable(x, "dropout")) return x;
  if (!(p >= 0 && p < 1))
    return impl::refuse(x, error_kind::invalid_parameter, message({"dropout: p = ", std::to_string(p), " is not in [0, 1)"}));
  using T = typename X::value_type;
  const tensor<T> factors = impl::drawn<T>(
      x.shape(), key, seed_use::mask, [=](std::uint64_t k, std::uint64_t i) { return mask(k, i, 1 - p) ? 1 / (1 - p) : 0.0; });
  return mul(x, impl::constant_beside(x, factors));
}

}  // namespace axiograd
