#pragma once
// Along an outer axis the rows are columns of memory and are summed as such, not gathered (docs/decisions/kernels.md).

#include <axiograd/kernels/columns.hpp>
#include <axiograd/kernels/cpu/native.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/runtime/operator_of.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<reduce_sum_op, T> {
  static void forward(const reduce_sum_op& op, const forward_run<T>& run) {
    const impl::row_layout at = impl::layout_of(op, *run.in[0].dims);
    if (at.inner == 1) return rowwise_forward<reduce_sum_op>(native_kernels<reduce_sum_op, T>::rows(), &op, run);
    sum_columns(run.in[0].data, at.outer, at.n, at.inner, run.y.data);
  }
  static void vjp(const reduce_sum_op& op, const vjp_run<T>& run) {
    const impl::row_layout at = impl::layout_of(op, *run.in[0].dims);
    if (at.inner == 1) return rowwise_vjp<reduce_sum_op>(native_kernels<reduce_sum_op, T>::rows(), &op, run);
    if (run.dx[0] != nullptr) spread_columns(run.dy, at.outer, at.n, at.inner, run.dx[0], run.adds(0));
  }
};

}  // namespace axiograd
