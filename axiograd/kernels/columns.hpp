#pragma once
// Sums and means of columns: what a reduction along an outer axis is, without gathering its rows.

#include <axiograd/core/scratch.hpp>
#include <axiograd/kernels/cpu/native.hpp>
#include <axiograd/kernels/rowwise.hpp>
#include <bit>

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

/// y (outer, inner) = the sums of x (outer, n, inner) over its middle axis. Blocks of 32 rows are summed in order, the blocks
/// by halves; the tree depends on n only.
template <class T>
void sum_columns(work_meter& meter, const T* x, int64_t outer, int64_t n, int64_t inner, T* y) {
  // Long strips of each row, or the processor's prefetching would begin anew in every row.
  constexpr int64_t block = 32, shortest_strip = 512, longest_strip = 16384 / sizeof(T);
  const int64_t strip = std::clamp((inner / num_threads() + 63) / 64 * 64, shortest_strip, longest_strip);
  const int64_t strips = (inner + strip - 1) / strip;
  meter.run_tasks(outer * strips, n * std::min(strip, inner), [&](int64_t task) {
    const int64_t first = task % strips * strip, width = std::min(strip, inner - first);
    const T* from = x + task / strips * n * inner + first;
    const auto levels = static_cast<int64_t>(std::bit_width(static_cast<std::uint64_t>(n / block + 1)));
    scratch_memory<T> memory((levels + 1) * width);
    T* const sum = memory.data();
    const auto level = [&](int64_t l) { return sum + (l + 1) * width; };
    const auto add = [&](const T* other) {  // the earlier rows come first
      for (int64_t j = 0; j < width; ++j) sum[j] = other[j] + sum[j];
    };
    // As a binary counter: level l holds the sum of 2^l blocks where bit l of their number is set.
    std::uint64_t blocks = 0;
    for (int64_t i = 0; i < n;) {
      std::copy_n(from, width, sum);
      const int64_t end = std::min(n, i + block);
      impl::add_rows(from + inner, inner, end - i - 1, width, sum);
      from += (end - i) * inner;
      i = end;
      if (i == n) break;
      int64_t l = 0;
      for (std::uint64_t bits = blocks++; (bits & 1) != 0; bits >>= 1) add(level(l++));
      std::copy_n(sum, width, level(l));
    }
    for (int64_t l = 0; l < levels; ++l)
      if ((blocks >> l & 1) != 0) add(level(l));
    std::copy_n(sum, width, y + task / strips * inner + first);
  });
}

/// x (outer, n, inner) (+)= y (outer, inner) along the middle axis.
template <class T>
void spread_columns(work_meter& meter, const T* y, int64_t outer, int64_t n, int64_t inner, T* x, bool adds) {
  meter.run_tasks(outer * n, inner, [&](int64_t row) {
    const T* const from = y + row / n * inner;
    T* const to = x + row * inner;
    if (adds)
      for (int64_t j = 0; j < inner; ++j) to[j] = to[j] + from[j];
    else
      std::copy_n(from, inner, to);
  });
}

/// A rowwise operator that gives the sum of each row, or the mean: by columns where the rows lie along an outer axis.
template <class Op, class T, bool Mean>
struct reduced_columns {
  static inline work_meter forward_meter, vjp_meter;  // where rows are contiguous
  static inline work_meter sum_meter, spread_meter;   // where columns are

  static void forward(const Op& op, const forward_run<T>& run) {
    const impl::row_layout at = impl::layout_of(op, *run.in[0].dims);
    if (at.inner == 1) return rowwise_forward<Op>(native_kernels<Op, T>::rows(), forward_meter, &op, run);
    sum_columns(sum_meter, run.in[0].data, at.outer, at.n, at.inner, run.y.data);
    if constexpr (Mean) divide(run.y.data, at, run.y.data);
  }
  static void vjp(const Op& op, const vjp_run<T>& run) {
    const impl::row_layout at = impl::layout_of(op, *run.in[0].dims);
    if (at.inner == 1) return rowwise_vjp<Op>(native_kernels<Op, T>::rows(), vjp_meter, &op, run);
    if (run.dx[0] == nullptr) return;
    scratch_memory<T> share(Mean ? at.outer * at.inner : 1);
    const T* dy = run.dy;
    if constexpr (Mean) dy = divide(dy, at, share.data());
    spread_columns(spread_meter, dy, at.outer, at.n, at.inner, run.dx[0], run.adds(0));
  }

 private:
  static const T* divide(const T* sums, const impl::row_layout& at, T* to) {
    for (int64_t i = 0; i < at.outer * at.inner; ++i) to[i] = sums[i] / static_cast<T>(at.n);
    return to;
  }
};

}  // namespace axiograd
