#pragma once
// simd<V>: the lanes of one Highway vector as a number, so that operator text written for `float` runs on vectors.

#include <hwy/highway.h>

#include <axiograd/core/scalar/precise.hpp>
#include <cstddef>

// A unit that includes this header is compiled once per instruction set. Everything here is a template over V, whose type
// names the set, so no two sets share a symbol. Do not add a function that is not: the linker would keep one copy for all.
namespace axiograd {

namespace hn = hwy::HWY_NAMESPACE;

/// The answers of one comparison per lane; a condition for `select`.
template <class V>
struct lane_mask {
  hn::Mask<hn::DFromV<V>> m;
};

/// A vector of numbers; arithmetic is lane by lane, a scalar operand stands for all lanes.
template <class V>
struct simd {
  using vector = V;
  using tag = hn::DFromV<V>;
  using element = hn::TFromV<V>;
  static constexpr int lanes = static_cast<int>(hn::MaxLanes(tag()));

  V v;

  simd() = default;
  explicit(false) simd(V x) : v(x) {}
  explicit(false) simd(int x) : v(hn::Set(tag(), static_cast<element>(x))) {}
  explicit(false) simd(double x) : v(hn::Set(tag(), static_cast<element>(x))) {}

  /// The lanes start, start + 1, ...
  static simd iota(element start) { return hn::Iota(tag(), start); }
  static simd load(const element* from) { return hn::LoadU(tag(), from); }
  /// Reads n elements and nothing beyond them; the other lanes are zero. Valid for 0 <= n <= lanes.
  static simd load_first(const element* from, int n) {
    if constexpr (HWY_MEM_OPS_MIGHT_FAULT) {
      alignas(V) element copy[static_cast<std::size_t>(lanes)] = {};
      for (int i = 0; i < n; ++i) copy[i] = from[i];
      return load(copy);
    } else {
      return hn::MaskedLoad(hn::FirstN(tag(), static_cast<std::size_t>(n)), tag(), from);
    }
  }
  void store(element* to) const { hn::StoreU(v, tag(), to); }
  /// Writes the first n lanes and touches nothing beyond them. Valid for 0 <= n <= lanes.
  void store_first(element* to, int n) const {
    if constexpr (HWY_MEM_OPS_MIGHT_FAULT) {
      alignas(V) element copy[static_cast<std::size_t>(lanes)];
      store(copy);
      for (int i = 0; i < n; ++i) to[i] = copy[i];
    } else {
      hn::BlendedStore(v, hn::FirstN(tag(), static_cast<std::size_t>(n)), tag(), to);
    }
  }
  element first() const { return hn::GetLane(v); }

  friend simd operator+(simd a, simd b) { return hn::Add(a.v, b.v); }
  friend simd operator-(simd a, simd b) { return hn::Sub(a.v, b.v); }
  friend simd operator*(simd a, simd b) { return hn::Mul(a.v, b.v); }
  friend simd operator/(simd a, simd b) { return hn::Div(a.v, b.v); }
  friend simd operator-(simd a) { return hn::Neg(a.v); }
  friend lane_mask<V> operator>(simd a, simd b) { return {hn::Gt(a.v, b.v)}; }

  friend simd select(lane_mask<V> condition, simd a, simd b) { return hn::IfThenElse(condition.m, a.v, b.v); }
  /// As `max` of scalar.hpp, bit for bit: NaN of either operand wins, zeros of either sign are equal.
  friend simd max(simd a, simd b) { return hn::IfThenElse(hn::IsNaN(a.v), a.v, greater_or_second(a, b).v); }
  friend simd min(simd a, simd b) { return hn::IfThenElse(hn::IsNaN(a.v), a.v, lesser_or_second(a, b).v); }
  friend simd abs(simd x) { return hn::Abs(x.v); }
  friend simd sqrt(simd x) { return hn::Sqrt(x.v); }

  /// `a > b ? a : b`, one instruction on x86: the second operand where either is NaN.
  friend simd greater_or_second(simd a, simd b) {
    if constexpr (one_instruction_max) return hn::Max(a.v, b.v);
    return hn::IfThenElse(hn::Gt(a.v, b.v), a.v, b.v);
  }
  /// `b > a ? a : b`, likewise.
  friend simd lesser_or_second(simd a, simd b) {
    if constexpr (one_instruction_max) return hn::Min(a.v, b.v);
    return hn::IfThenElse(hn::Gt(b.v, a.v), a.v, b.v);
  }
  /// a * b + c, rounded once where the instruction set has it (AVX2, AVX-512), twice in the baseline.
  friend simd mul_add(simd a, simd b, simd c) { return hn::MulAdd(a.v, b.v, c.v); }
  /// c - a * b, likewise.
  friend simd neg_mul_add(simd a, simd b, simd c) { return hn::NegMulAdd(a.v, b.v, c.v); }

 private:
  static constexpr bool one_instruction_max = HWY_ARCH_X86 && HWY_TARGET <= HWY_SSSE3;
};

template <class V>
inline constexpr algebra algebra_of<simd<V>>{.ring = true, .ordered = true, .division = true, .analytic = true};
template <class V>
inline constexpr bool rounds<simd<V>> = true;
template <class V>
struct constant_pi<simd<V>> {
  static simd<V> value() { return std::numbers::pi; }
};

}  // namespace axiograd

#include <axiograd/core/scalar/simd_math.hpp>
