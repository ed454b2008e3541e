#pragma once
// Included only by the units of one instruction set: the operators' definitions over Highway vectors.

#include <axiograd/core/scalar/simd.hpp>
#include <axiograd/kernels/across.hpp>
#include <axiograd/kernels/cpu/native.hpp>
#include <axiograd/kernels/parallel.hpp>

namespace axiograd {

/// Rows read as SIMD vectors. Running sums number 64 floats or 32 doubles whatever the vector length, and are folded by
/// halves, so AVX2 and AVX-512 build the same summation tree.
template <class V>
struct packet<simd<V>> {
  using S = simd<V>;
  using element = typename S::element;
  using source = const element*;
  using target = element*;
  static constexpr int64_t size = S::lanes;
  static constexpr int64_t unroll = 256 / static_cast<int64_t>(sizeof(element)) / size;
  static constexpr int64_t block_steps = 32;

  static S load(source p) { return S::load(p); }
  static S load_first(source p, int64_t n) { return S::load_first(p, static_cast<int>(n)); }
  static void store(const S& value, target p) { value.store(p); }
  static void store_first(const S& value, target p, int64_t n) { value.store_first(p, static_cast<int>(n)); }
  static S load_number(source p) { return same(*p); }
  static void store_number(const S& value, target p) { *p = value.first(); }
  static S same(element value) { return hwy::HWY_NAMESPACE::Set(typename S::tag(), value); }
  static S blend(const S& a, const S& b, int64_t n) { return select(S(static_cast<int>(n)) > S::iota(element(0)), a, b); }
  static S broadcast_first(const S& value) { return hwy::HWY_NAMESPACE::Set(typename S::tag(), value.first()); }
  static element first(const S& value) { return value.first(); }
  static bool all(const lane_mask<V>& condition) { return hwy::HWY_NAMESPACE::AllTrue(typename S::tag(), condition.m); }
  static S one_hot(int64_t k) {
    if (k < 0 || k >= size) return S(0);
    element lanes[static_cast<std::size_t>(size)] = {};
    lanes[k] = element(1);
    return S::load(lanes);
  }
  template <class F>
  static S fold(const S& value, const F& combine) {
    S folded = value;
    for (int64_t half = size / 2; half > 0; half /= 2) folded = combine(folded, lanes_from(folded, half));
    return broadcast_first(folded);
  }
  template <class F>
  static void share(int64_t parts, const F& body) {
    parallel_for(parts, body);
  }

 private:
  /// The lanes from `first` on in front; what follows them does not matter.
  static S lanes_from(const S& value, int64_t first) {
    using index = hwy::MakeSigned<element>;
    alignas(64) index order[static_cast<std::size_t>(size)];
    for (int64_t i = 0; i < size; ++i) order[i] = static_cast<index>((i + first) % size);
    return hwy::HWY_NAMESPACE::TableLookupLanes(value.v, hwy::HWY_NAMESPACE::SetTableIndices(typename S::tag(), order));
  }
};

namespace impl {
template <class Op, class S>
void simd_span_forward(const void* op, const typename S::element* const* in, typename S::element* y, int64_t n) {
  const Op& f = *static_cast<const Op*>(op);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    int64_t i = 0;
    for (; i + S::lanes <= n; i += S::lanes) evaluate(f, S::load(in[I] + i)...).store(y + i);
    if (const int left = static_cast<int>(n - i); left > 0)
      evaluate(f, S::load_first(in[I] + i, left)...).store_first(y + i, left);
  }(inputs_of<Op>{});
}

template <class Op, class S>
void simd_span_vjp(const void* op, const typename S::element* const* in, const typename S::element* y,
                   const typename S::element* dy, typename S::element* const* dx, unsigned fresh, int64_t n) {
  const Op& f = *static_cast<const Op*>(op);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    int64_t i = 0;
    for (; i + S::lanes <= n; i += S::lanes) {
      const auto slope = differentiate(f, S::load(y + i), S::load(in[I] + i)...);
      const S g = S::load(dy + i);
      const auto put = [&](typename S::element* to, bool adds, S gradient) {
        if (to != nullptr) (adds ? S::load(to + i) + gradient : gradient).store(to + i);
      };
      (put(dx[I], (fresh >> I & 1U) == 0, g * slope[I]), ...);
    }
    if (const int left = static_cast<int>(n - i); left > 0) {
      const auto slope = differentiate(f, S::load_first(y + i, left), S::load_first(in[I] + i, left)...);
      const S g = S::load_first(dy + i, left);
      const auto put = [&](typename S::element* to, bool adds, S gradient) {
        if (to != nullptr) (adds ? S::load_first(to + i, left) + gradient : gradient).store_first(to + i, left);
      };
      (put(dx[I], (fresh >> I & 1U) == 0, g * slope[I]), ...);
    }
  }(inputs_of<Op>{});
}

template <class Op, class S>
void simd_span_together(const void* op, const typename S::element* x, typename S::element* y, typename S::element* slope,
                        int64_t n) {
  const Op& f = *static_cast<const Op*>(op);
  int64_t i = 0;
  for (; i + S::lanes <= n; i += S::lanes) {
    const S at = S::load(x + i), value = evaluate(f, at);
    value.store(y + i);
    differentiate(f, value, at)[0].store(slope + i);
  }
  if (const int left = static_cast<int>(n - i); left > 0) {
    const S at = S::load_first(x + i, left), value = evaluate(f, at);
    value.store_first(y + i, left);
    differentiate(f, value, at)[0].store_first(slope + i, left);
  }
}
template <class S>
void simd_span_product(const typename S::element* slope, const typename S::element* dy, typename S::element* dx, bool adds,
                       int64_t n) {
  int64_t i = 0;
  for (; i + S::lanes <= n; i += S::lanes) {
    const S gradient = S::load(dy + i) * S::load(slope + i);
    (adds ? S::load(dx + i) + gradient : gradient).store(dx + i);
  }
  if (const int left = static_cast<int>(n - i); left > 0) {
    const S gradient = S::load_first(dy + i, left) * S::load_first(slope + i, left);
    (adds ? S::load_first(dx + i, left) + gradient : gradient).store_first(dx + i, left);
  }
}

template <class T>
using native_simd = simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>;
}  // namespace impl

template <class Op, class T, isa Set>
span_kernels<T> native<Op, T, Set>::spans() {
  if constexpr (elementwise<Op>) {
    using S = impl::native_simd<T>;
    span_kernels<T> kernels{&impl::simd_span_forward<Op, S>, &impl::simd_span_vjp<Op, S>};
    if constexpr (shares_terms<Op>) {
      kernels.together = &impl::simd_span_together<Op, S>;
      kernels.product = &impl::simd_span_product<S>;
    }
    return kernels;
  } else {
    return {};
  }
}
template <class Op, class T, isa Set>
row_kernels<T> native<Op, T, Set>::rows() {
  if constexpr (elementwise<Op>) {
    return {};
  } else if constexpr (Op::kind == family::rowwise) {
    row_kernels<T> kernels = rows_by<Op, impl::native_simd<T>>();
    if constexpr (impl::may_read_across<Op>) {
      kernels.forward_across = &impl::rows_forward<Op, across<impl::native_simd<T>>>;
      kernels.vjp_across = &impl::rows_vjp<Op, across<impl::native_simd<T>>>;
    }
    return kernels;
  } else {
    return {};
  }
}

}  // namespace axiograd
