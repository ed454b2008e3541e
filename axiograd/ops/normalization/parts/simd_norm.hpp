#pragma once
// Included only by the units of one instruction set.

#include <axiograd/families/simd_kernels.hpp>
#include <axiograd/ops/normalization/parts/native_norm.hpp>

namespace axiograd {

template <class T, isa Set>
void native_norm<T, Set>::forward(const norm_groups& n, int64_t group, const T* x, const T* gamma, const T* beta, T epsilon,
                                  T* y) {
  n.forward_group(impl::along_runs<impl::native_simd<T>>{n.inner}, group, x, gamma, beta, epsilon, y);
}
template <class T, isa Set>
void native_norm<T, Set>::vjp(const norm_groups& n, int64_t group, const T* x, const T* gamma, T epsilon, const T* dy, T* dx,
                              bool adds, T* dgamma, T* dbeta) {
  n.vjp_group(impl::along_runs<impl::native_simd<T>>{n.inner}, group, x, gamma, epsilon, dy, dx, adds, dgamma, dbeta);
}
template <class T, isa Set>
void native_norm<T, Set>::forward_side_by_side(const norm_groups& n, int64_t from, int64_t to, const T* x, const T* gamma,
                                               const T* beta, T epsilon, T* y) {
  using S = impl::native_simd<T>;
  for (int64_t g = from; g < to; g += packet<S>::size)
    n.forward_group(impl::across_groups<S>{std::min(packet<S>::size, to - g)}, g, x, gamma, beta, epsilon, y);
}
template <class T, isa Set>
void native_norm<T, Set>::vjp_side_by_side(const norm_groups& n, int64_t from, int64_t to, const T* x, const T* gamma,
                                           T epsilon, const T* dy, T* dx, bool adds, T* dgamma, T* dbeta) {
  using S = impl::native_simd<T>;
  for (int64_t g = from; g < to; g += packet<S>::size)
    n.vjp_group(impl::across_groups<S>{std::min(packet<S>::size, to - g)}, g, x, gamma, epsilon, dy, dx, adds, dgamma, dbeta);
}

}  // namespace axiograd
