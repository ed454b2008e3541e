#pragma once
// Included only by the units of one instruction set.

#include <axiograd/kernels/cpu/native_norm.hpp>
#include <axiograd/kernels/cpu/simd_kernels.hpp>

namespace axiograd::impl {

template <class S>
struct norm_kernel {
  using T = typename S::element;

  struct moments {
    S mean, r;
  };
  template <class F>
  static void for_each_run(const norm_groups& n, int64_t group, const F& body) {
    for (int64_t b = 0; b < n.blocks; ++b)
      for (int64_t c = 0; c < n.channels; ++c)
        body(group * n.group_step + b * n.block_step + c * n.inner, group % n.cycle * n.channels + c);
  }
  static S number(T x) { return hn::Set(typename S::tag(), x); }
  static S count(const norm_groups& n) { return static_cast<double>(n.blocks * n.channels * n.inner); }

  // The mean is corrected by the mean of what remains.
  static moments moments_of(const norm_groups& n, int64_t group, const T* x, T epsilon) {
    const auto total = [&](const auto& term) {
      S all(0);
      for_each_run(n, group, [&](int64_t first, int64_t) { all = all + sum(term(memory_row<S>{x + first, n.inner})); });
      return all;
    };
    S mean = total([](const auto& row) { return row; }) / count(n);
    mean = mean + total([&](const auto& row) { return row - mean; }) / count(n);
    const S square = total([&](const auto& row) { return (row - mean) * (row - mean); });
    return {mean, S(1) / sqrt(square / count(n) + number(epsilon))};
  }
};

}  // namespace axiograd::impl

namespace axiograd {

template <class T, isa Set>
void native_norm<T, Set>::forward(const norm_groups& n, int64_t group, const T* x, const T* gamma, const T* beta, T epsilon,
                                  T* y) {
  using kernel = impl::norm_kernel<impl::native_simd<T>>;
  const auto m = kernel::moments_of(n, group, x, epsilon);
  kernel::for_each_run(n, group, [&](int64_t first, int64_t c) {
    const memory_row<impl::native_simd<T>> row{x + first, n.inner};
    store_row(kernel::number(gamma[c]) * ((row - m.mean) * m.r) + kernel::number(beta[c]), y + first);
  });
}

template <class T, isa Set>
void native_norm<T, Set>::vjp(const norm_groups& n, int64_t group, const T* x, const T* gamma, T epsilon, const T* dy, T* dx,
                              bool adds, T* dgamma, T* dbeta) {
  using S = impl::native_simd<T>;
  using kernel = impl::norm_kernel<S>;
  const auto m = kernel::moments_of(n, group, x, epsilon);
  const auto z = [&](int64_t first) { return (memory_row<S>{x + first, n.inner} - m.mean) * m.r; };
  S total(0), along(0);
  kernel::for_each_run(n, group, [&](int64_t first, int64_t c) {
    const memory_row<S> g{dy + first, n.inner};
    const S one = sum(g), with_z = sum(g * z(first)), scale = kernel::number(gamma[c]);
    total = total + one * scale;
    along = along + with_z * scale;
    if (dgamma != nullptr) dgamma[c] = dgamma[c] + with_z.first();
    if (dbeta != nullptr) dbeta[c] = dbeta[c] + one.first();
  });
  if (dx == nullptr) return;
  const S mean = total / kernel::count(n), slope = along / kernel::count(n);
  kernel::for_each_run(n, group, [&](int64_t first, int64_t c) {
    const memory_row<S> g{dy + first, n.inner};
    impl::put_result<S>((g * kernel::number(gamma[c]) - mean - z(first) * slope) * m.r, dx + first, adds);
  });
}

}  // namespace axiograd
