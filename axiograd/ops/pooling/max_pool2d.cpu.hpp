#pragma once
// A branch for each entry of a window costs more than the comparison (docs/decisions/kernels.md).

#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/ops/pooling/parts/max_windows.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<max_pool2d_op, T> {
  static void forward(const max_pool2d_op& op, const forward_run<T>& run) {
    max_pool_forward(op, op.general().geometry(), run);
  }
  static void vjp(const max_pool2d_op& op, const vjp_run<T>& run) { max_pool_vjp(op, op.general().geometry(), run); }
  static std::optional<layout> layout_rule(const max_pool2d_op& op, std::span<const shape* const> in,
                                           std::span<const layout> layouts) {
    return max_pool_layout_rule(op, op.general().geometry(), *in[0], layouts[0]);
  }
};

}  // namespace axiograd
