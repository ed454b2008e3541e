#pragma once
// Included only by the units of one instruction set: Highway vectors as packets.

#include <axiograd/core/scalar/simd.hpp>
#include <axiograd/kernels/packet.hpp>
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
template <class T>
using native_simd = simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>;
}  // namespace impl

}  // namespace axiograd
