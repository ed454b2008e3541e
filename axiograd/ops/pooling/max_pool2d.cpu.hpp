#pragma once
// A branch for each entry of a window costs more than the comparison (docs/decisions/kernels.md).

#include <axiograd/kernels/max_windows.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/runtime/operator_of.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<max_pool2d_op, T> {
  static void forward(const max_pool2d_op& op, const forward_run<T>& run) {
    max_pool_forward(op, op.general().geometry(), run);
  }
  static void vjp(const max_pool2d_op& op, const vjp_run<T>& run) { max_pool_vjp(op, op.general().geometry(), run); }
  static std::optional<layout> lays_out(const max_pool2d_op& op, std::span<const shape* const> in,
                                        std::span<const layout> lie) {
    return max_pool_lays_out(op, op.general().geometry(), *in[0], lie[0]);
  }
};

}  // namespace axiograd
