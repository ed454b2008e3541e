#pragma once
// By vectors and channels instead of chains of single numbers (docs/decisions/kernels.md).

#include <axiograd/ops/normalization/group_norm.hpp>
#include <axiograd/ops/normalization/parts/norms.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<group_norm_op, T> {
  static void forward(const group_norm_op& op, const forward_run<T>& run) { norm_forward(op, run); }
  static void vjp(const group_norm_op& op, const vjp_run<T>& run) { norm_vjp(op, run); }
};

}  // namespace axiograd
