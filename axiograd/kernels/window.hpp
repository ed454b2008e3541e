#pragma once
// The geometry of sliding windows along one axis (contract 2.1).

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/shape.hpp>

namespace axiograd {

/// Strides, paddings, dilations and kernels from here on are refused, so that no geometry overflows.
inline constexpr int64_t window_limit = int64_t{1} << 31;

/// Entries that a kernel of length k covers when its entries are `dilation` apart; 0 when there is no such kernel.
constexpr int64_t window_reach(int64_t k, int64_t dilation) {
  if (k < 1 || dilation < 1 || k >= window_limit || dilation >= window_limit) return 0;
  return dilation * (k - 1) + 1;
}
/// Positions of a window of length k over n entries with padding p on both sides and stride s: 0 when there is none.
constexpr int64_t window_count(int64_t n, int64_t k, int64_t s, int64_t p) {
  if (k < 1 || s < 1 || p < 0 || p >= window_limit || n + 2 * p < k) return 0;
  return (n + 2 * p - k) / s + 1;
}
/// The same for pooling, which pads by at most half a window.
constexpr int64_t pooling_window_count(int64_t n, int64_t k, int64_t s, int64_t p) {
  return n == 0 || p > k / 2 ? 0 : window_count(n, k, s, p);
}

/// Entries of a transposed convolution: 0 when there is none.
constexpr int64_t transposed_length(int64_t n, int64_t k, int64_t s, int64_t p) {
  if (n < 1 || k < 1 || s < 1 || p < 0 || p >= window_limit || s >= window_limit || n >= window_limit) return 0;
  return std::max<int64_t>(0, (n - 1) * s + k - 2 * p);
}

/// A half-open range of numbers.
struct index_range {
  int64_t begin, end;
  constexpr int64_t size() const { return end > begin ? end - begin : 0; }
};
/// The entries inside the input that window number q covers.
constexpr index_range window_entries(int64_t q, int64_t n, int64_t k, int64_t s, int64_t p) {
  return {std::max<int64_t>(0, q * s - p), std::min(n, q * s - p + k)};
}
/// The windows whose entry at `offset` lies inside the input.
constexpr index_range windows_inside(int64_t offset, int64_t n, int64_t s, int64_t p, int64_t windows) {
  const int64_t lowest = p - offset, highest = n - 1 + p - offset;  // bounds of q * s
  const int64_t begin = lowest <= 0 ? 0 : (lowest + s - 1) / s;
  const int64_t end = highest < 0 ? 0 : highest / s + 1;
  return {begin, std::min(end, windows)};
}

}  // namespace axiograd
