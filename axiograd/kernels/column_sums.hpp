#pragma once
// Sums of columns: what a reduction along an outer axis is, without gathering its rows.

#include <axiograd/core/block_sum.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/kernels/parallel.hpp>

namespace axiograd {

namespace impl {
/// sum += rows of x that lie `step` apart, one after another; four at a time, so that sums are read and written less often.
template <class T>
void add_rows(const T* x, int64_t step, int64_t rows, int64_t width, T* __restrict sum) {
  for (; rows >= 4; rows -= 4, x += 4 * step) {
    const T *const a = x, *const b = a + step, *const c = b + step, *const d = c + step;
    for (int64_t j = 0; j < width; ++j) sum[j] = (((sum[j] + a[j]) + b[j]) + c[j]) + d[j];
  }
  for (; rows > 0; --rows, x += step)
    for (int64_t j = 0; j < width; ++j) sum[j] = sum[j] + x[j];
}
}  // namespace impl

/// y (outer, inner) = the sums of x (outer, n, inner) over its middle axis, n > 0: blocks of rows in order, the blocks
/// pairwise. The tree depends on n only.
template <class T>
void sum_columns(work_meter& meter, const T* x, int64_t outer, int64_t n, int64_t inner, T* y) {
  // Long strips of each row, or the processor's prefetching would begin anew in every row.
  constexpr int64_t shortest_strip = 512, longest_strip = 16384 / sizeof(T);
  const int64_t strip = std::clamp((inner / num_threads() + 63) / 64 * 64, shortest_strip, longest_strip);
  const int64_t strips = (inner + strip - 1) / strip;
  meter.run_tasks(outer * strips, n * std::min(strip, inner), [&](int64_t task) {
    const int64_t first = task % strips * strip, width = std::min(strip, inner - first);
    const T* from = x + task / strips * n * inner + first;
    joined_rows<T> blocks(width, n / sum_block + 1);
    for (int64_t i = 0; i < n; i += sum_block, from += sum_block * inner) {
      T* const sum = blocks.next();
      std::copy_n(from, width, sum);
      impl::add_rows(from + inner, inner, std::min(sum_block, n - i) - 1, width, sum);
    }
    std::copy_n(blocks.total(), width, y + task / strips * inner + first);
  });
}

}  // namespace axiograd
