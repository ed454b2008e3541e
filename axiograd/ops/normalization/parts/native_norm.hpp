#pragma once
// Groups normalised by vectors: ops/normalization/parts/norm_groups.hpp over them.

#include <axiograd/kernels/cpu/isa.hpp>
#include <axiograd/ops/normalization/parts/norm_groups.hpp>

namespace axiograd {

/// One group on one thread. Defined and instantiated in the units of each instruction set (simd_norm.hpp).
template <class T, isa Set>
struct native_norm {
  static void forward(const norm_groups& n, int64_t group, const T* x, const T* gamma, const T* beta, T epsilon, T* y);
  /// Adds to dx, or writes it, and adds to dgamma and dbeta, each if it is not null.
  static void vjp(const norm_groups& n, int64_t group, const T* x, const T* gamma, T epsilon, const T* dy, T* dx, bool adds,
                  T* dgamma, T* dbeta);
  /// The same for the groups in [from, to), which lie side by side, one in each lane.
  static void forward_side_by_side(const norm_groups& n, int64_t from, int64_t to, const T* x, const T* gamma, const T* beta,
                                   T epsilon, T* y);
  static void vjp_side_by_side(const norm_groups& n, int64_t from, int64_t to, const T* x, const T* gamma, T epsilon,
                               const T* dy, T* dx, bool adds, T* dgamma, T* dbeta);
};

}  // namespace axiograd
