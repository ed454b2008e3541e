#pragma once
// Sums and means of columns: a reduction along an outer axis, without gathering its rows.

#include <axiograd/families/isa_kernels.hpp>
#include <axiograd/families/rowwise.hpp>
#include <axiograd/kernels/column_sums.hpp>

namespace axiograd {

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
    if (at.inner == 1) return rowwise_forward<Op>(native_kernels<Op, T>::get(), forward_meter, &op, run);
    sum_columns(sum_meter, run.in[0].data, at.outer, at.n, at.inner, run.y.data);
    if constexpr (Mean) divide(run.y.data, at, run.y.data);
  }
  static void vjp(const Op& op, const vjp_run<T>& run) {
    const impl::row_layout at = impl::layout_of(op, *run.in[0].dims);
    if (at.inner == 1) return rowwise_vjp<Op>(native_kernels<Op, T>::get(), vjp_meter, &op, run);
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
