#pragma once
// A branch for each entry of a window costs more than the comparison: lines of windows at a time are 4 times as fast
// (docs/performance.md).

#include <axiograd/kernels/max_windows.hpp>
#include <axiograd/ops/pooling/max_pool.hpp>
#include <axiograd/runtime/operator_of.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<max_pool_op, T> {
  static void forward(const max_pool_op& op, const forward_run<T>& run) {
    const impl::sample_layout<max_pool_op> at(op, run.in, *run.y.dims);
    const max_windows w(op.geometry(), at.in[0], at.y);
    if (!w.fits()) return impl::run_sample_forward(op, run);
    max_pool_planes(w, at.samples * at.y[0], at.in[0].from(1).size(), at.y.from(1).size(), run.in[0].data, run.y.data);
  }
  static void vjp(const max_pool_op& op, const vjp_run<T>& run) {
    if (run.dx[0] == nullptr) return;
    const impl::sample_layout<max_pool_op> at(op, run.in, *run.y.dims);
    const max_windows w(op.geometry(), at.in[0], at.y);
    if (!w.fits()) return impl::run_sample_vjp(op, run);
    max_pool_planes_vjp(w, at.samples * at.y[0], at.in[0].from(1).size(), at.y.from(1).size(), run.in[0].data, run.y.data,
                        run.dy, run.dx[0], run.adds(0));
  }
};

}  // namespace axiograd
