#pragma once
// By vectors and channels instead of chains of single numbers (docs/decisions/kernels.md).

#include <axiograd/ops/normalization/batch_norm_channel_first.hpp>
#include <axiograd/ops/normalization/parts/norms.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<batch_norm_channel_first_op, T> {
  static void forward(const batch_norm_channel_first_op& op, const forward_run<T>& run) { norm_forward(op, run); }
  static void vjp(const batch_norm_channel_first_op& op, const vjp_run<T>& run) { norm_vjp(op, run); }
};

}  // namespace axiograd
