#pragma once
// A branch for each entry of a window costs more than the comparison (docs/decisions/kernels.md).

#include <axiograd/kernels/max_windows.hpp>
#include <axiograd/ops/pooling/max_pool.hpp>
#include <axiograd/runtime/operator_of.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<max_pool_op, T> {
  static void forward(const max_pool_op& op, const forward_run<T>& run) { max_pool_forward(op, op.geometry(), run); }
  static void vjp(const max_pool_op& op, const vjp_run<T>& run) { max_pool_vjp(op, op.geometry(), run); }
  static std::optional<layout> lays_out(const max_pool_op& op, std::span<const shape* const> in, std::span<const layout> lie) {
    return max_pool_lays_out(op, op.geometry(), *in[0], lie[0]);
  }
};

}  // namespace axiograd
