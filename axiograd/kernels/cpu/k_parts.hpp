#pragma once

#include <algorithm>
#include <axiograd/core/block_sum.hpp>
#include <axiograd/kernels/cpu/gemm.hpp>

namespace axiograd {

/// Products over a longer k are made of products over parts of it.
inline constexpr std::int64_t longest_k = 4096;
constexpr std::int64_t parts_of(std::int64_t k) { return (k + longest_k - 1) / longest_k; }

/// The product over part number `i` of k; where y belongs is left to the caller.
template <class T>
gemm_call<T> part_of_k(const gemm_call<T>& c, std::int64_t i) {
  gemm_call<T> part = c;
  const std::int64_t first = i * longest_k;
  part.k = std::min(longest_k, c.k - first);
  part.a.data += c.a.transposed ? first * c.a.leading : first;
  part.b.data += c.b.transposed ? first : first * c.b.leading;
  return part;
}

/// One tile of any k, y not transposed: one(part, number) for each part, whose products are joined pairwise. The length of k
/// alone says how (docs/decisions/accuracy-of-sums.md).
template <class T, class F>
void by_parts_of_k(const gemm_call<T>& c, const F& one) {
  const std::int64_t parts = parts_of(c.k);
  if (parts <= 1) return one(c, std::int64_t{0});
  joined_rows<T> products(c.m * c.n, parts);
  for (std::int64_t i = 0; i < parts; ++i) {
    gemm_call<T> part = part_of_k(c, i);
    part.y = {products.next(), c.n};
    part.add = false;
    one(part, i);
  }
  const T* from = products.total();
  for (std::int64_t i = 0; i < c.m; ++i, from += c.n) {
    T* const to = c.y.data + i * c.y.leading;
    for (std::int64_t j = 0; j < c.n; ++j) to[j] = c.add ? to[j] + from[j] : from[j];
  }
}

}  // namespace axiograd
