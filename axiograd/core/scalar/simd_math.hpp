#pragma once
// Elementary functions on simd<V>, float and double. Included by simd.hpp.
//
// AVX2 and AVX-512 give the same bits: IEEE operations and fused multiply-adds in a fixed order, nothing approximate.
// docs/exhaustive.md has the largest error of each in float, over all inputs, on the processor that measured it; the operators'
// declared bounds hold on the baseline too, which has no fused multiply-add. Special values and subnormals are IEEE 754's
// throughout.
// Every polynomial is our own weighted minimax fit: Remez exchange in 240-bit arithmetic, one leading coefficient fixed where
// it is exact, the others rounded to nearest (for log and erf in float followed by a search over their last bits). Its comment
// gives the function, the interval and the relative error that it leaves in the result.

#include <axiograd/core/scalar/simd.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>

namespace axiograd {

/// What the functions below need to know of a binary format, and the bit operations on it.
template <class V>
struct simd_format {
  using number = simd<V>;
  using element = typename number::element;
  using bits_tag = hn::RebindToUnsigned<typename number::tag>;
  using bits = hn::Vec<bits_tag>;
  using word = hn::TFromD<bits_tag>;
  static constexpr bool single = sizeof(element) == 4;
  static constexpr int mantissa = std::numeric_limits<element>::digits - 1;
  static constexpr int bias = std::numeric_limits<element>::max_exponent - 1;
  static constexpr word one = static_cast<word>(bias) << mantissa;
  static constexpr word exponent_field = static_cast<word>(2 * bias + 1) << mantissa;
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  static bits to_bits(number x) { return hn::BitCast(bits_tag(), x.v); }
  static number from_bits(bits x) { return hn::BitCast(typename number::tag(), x); }
  static bits all(word x) { return hn::Set(bits_tag(), x); }
};

/// c0 + c1 x + c2 x^2 + ... with x2 = x^2, in groups of four terms so that the chain of dependent steps is short.
template <class V, class... C>
HWY_INLINE simd<V> grouped_polynomial(simd<V> x, simd<V> x2, double c0, C... c) {
  if constexpr (sizeof...(c) == 0) {
    return c0;
  } else if constexpr (sizeof...(c) < 3) {
    return mul_add(grouped_polynomial(x, x2, c...), x, simd<V>(c0));
  } else {
    return group_of_four(x, x2, c0, c...);
  }
}
template <class V, class... C>
HWY_INLINE simd<V> group_of_four(simd<V> x, simd<V> x2, double c0, double c1, double c2, double c3, C... c) {
  const simd<V> low = mul_add(simd<V>(c1), x, simd<V>(c0)), high = mul_add(simd<V>(c3), x, simd<V>(c2));
  const simd<V> group = mul_add(high, x2, low);
  if constexpr (sizeof...(c) == 0) {
    return group;
  } else {
    return mul_add(grouped_polynomial(x, x2, c...), x2 * x2, group);
  }
}
/// The same, ending in c0 + x (c1 + x (...)), which rounds least when x is small.
template <class V, class... C>
HWY_INLINE simd<V> polynomial(simd<V> x, double c0, double c1, C... c) {
  return mul_add(mul_add(grouped_polynomial(x, x * x, c...), x, simd<V>(c1)), x, simd<V>(c0));
}

// ---- exp, expm1, tanh: x = n ln 2 + r with |r| <= ln 2 / 2, then e^x = 2^n e^r

template <class V>
struct ln2_parts {
  static constexpr bool single = simd_format<V>::single;
  static constexpr double high = single ? 0x1.62e4p-1 : 0x1.62e42fefa38p-1;  // n times it is exact
  static constexpr double low = single ? 0x1.7f7d1cp-20 : 0x1.ef35793c7673p-45;
};

/// x = n ln 2 + r (Cody and Waite 1980: ln 2 in two parts), with n + offset in the low bits of `biased`.
template <class V>
struct exponent_split {
  simd<V> n, r_exact, r;
  typename simd_format<V>::bits biased;

  HWY_INLINE exponent_split(simd<V> x, int offset) {
    // Adding 1.5 * 2^mantissa rounds to an integer and leaves it in the low bits.
    const simd<V> shift = (simd_format<V>::single ? 0x1.8p23 : 0x1.8p52) + offset;
    const simd<V> shifted = mul_add(x, simd<V>(std::numbers::log2e), shift);
    biased = simd_format<V>::to_bits(shifted);
    n = shifted - shift;
    r_exact = neg_mul_add(n, simd<V>(ln2_parts<V>::high), x);
    r = neg_mul_add(n, simd<V>(ln2_parts<V>::low), r_exact);
  }
  /// The rounding error of r.
  HWY_INLINE simd<V> r_low() const { return neg_mul_add(n, simd<V>(ln2_parts<V>::low), r_exact - r); }
};

/// e^r for |r| <= ln 2 / 2 as 1 + r (1 + r p(r)); p leaves 2^-27.9 (float) and 2^-57.3 (double).
template <class V>
HWY_INLINE simd<V> exp_reduced(simd<V> r) {
  simd<V> p;
  if constexpr (simd_format<V>::single) {
    p = polynomial(r, 0.5, 0x1.5554a4p-3, 0x1.55568ap-5, 0x1.122f8ep-7, 0x1.6b6d3cp-10);
  } else {
    p = polynomial(r, 0.5, 0x1.5555555555501p-3, 0x1.55555555531fep-5, 0x1.111111112890fp-7, 0x1.6c16c17cc61fcp-10,
                   0x1.a01a011c005e5p-13, 0x1.a019ab2330a22p-16, 0x1.71df55712520bp-19, 0x1.289f9597005f6p-22,
                   0x1.ad1ff780f6490p-26);
  }
  return mul_add(mul_add(p, r, 1), r, 1);
}

/// Whether the processor scales by powers of two in one instruction.
template <class V>
inline constexpr bool scales = false;
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
template <>
inline constexpr bool scales<hn::Vec512<float>> = true;
template <>
inline constexpr bool scales<hn::Vec512<double>> = true;
#endif

/// x, or, where e^x rounds to 0, an argument for which times_power_of_two has that 0 at once. Processors take a hundred cycles
/// for results below the smallest normal number, and for what rounds to 0 from there: thirty times an exponential, for every
/// entry that is masked. The instruction does so down to 2^-512 (double: 2^-4096), the product of two factors while the first
/// is not 0.
template <class V>
HWY_INLINE simd<V> past_underflow(simd<V> x) {
  constexpr bool single = simd_format<V>::single;
  const double last = single ? -104.5 : -746, past = scales<V> ? (single ? -700 : -2900) : (single ? -176 : -1418.2);
  return select(simd<V>(last) > x, past, x);
}

/// 2^n y, rounded once; `biased` holds n + 2 bias.
template <class V>
HWY_INLINE simd<V> times_power_of_two(simd<V> y, [[maybe_unused]] simd<V> n, typename simd_format<V>::bits biased) {
  using format = simd_format<V>;
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  if constexpr (std::is_same_v<V, hn::Vec512<float>>) return V{_mm512_scalef_ps(y.v.raw, n.v.raw)};
  if constexpr (std::is_same_v<V, hn::Vec512<double>>) return V{_mm512_scalef_pd(y.v.raw, n.v.raw)};
#endif
  // In two factors, of which the first is exact, so that overflow and gradual underflow are those of the second.
  const auto half = hn::And(hn::ShiftLeft<format::mantissa - 1>(biased), format::all(format::exponent_field));
  const auto rest = hn::Sub(hn::ShiftLeft<format::mantissa>(biased), half);
  return y * format::from_bits(half) * format::from_bits(rest);
}

/// e^x.
template <class V>
HWY_INLINE simd<V> exp(simd<V> x) {
  using format = simd_format<V>;
  // Beyond this the result is infinity anyway; a NaN passes as the second operand.
  const double most = format::single ? 89 : 710;
  x = lesser_or_second(most, past_underflow(x));
  const exponent_split<V> split(x, 2 * format::bias);
  return times_power_of_two(exp_reduced(split.r), split.n, split.biased);
}

/// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2; leaves 2^-29.8 (float) and 2^-58.9 (double) in e^r - 1.
template <class V>
HWY_INLINE simd<V> expm1_tail(simd<V> r) {
  if constexpr (simd_format<V>::single) {
    return polynomial(r, 0.5, 0x1.555554p-3, 0x1.5554f2p-5, 0x1.1111cap-7, 0x1.6d408cp-10, 0x1.9fbeb6p-13);
  } else {
    return polynomial(r, 0.5, 0x1.5555555555559p-3, 0x1.5555555555548p-5, 0x1.111111110f7e3p-7, 0x1.6c16c16c1cd58p-10,
                      0x1.a01a01af79f46p-13, 0x1.a01a0182df3b1p-16, 0x1.71ddf94757f32p-19, 0x1.27e52b7f2c158p-22,
                      0x1.af5d387f01cf6p-26, 0x1.1ef4a9093c81fp-29);
  }
}

/// (e^x - 1) / 2 = high + low, nearly to twice the precision, where x is such that 2^(n - 1) is normal.
template <class V>
struct half_expm1 {
  simd<V> high, low;

  explicit HWY_INLINE half_expm1(simd<V> x) {
    using format = simd_format<V>;
    const exponent_split<V> split(x, format::bias - 1);
    const simd<V> r = split.r;
    const simd<V> tail = mul_add(expm1_tail(r), r * r, split.r_low());
    const simd<V> power = format::from_bits(hn::ShiftLeft<format::mantissa>(split.biased)), one = 0.5;
    // power (1 + r + tail) - one; both sums of large terms are kept with their error.
    const simd<V> constant = power - one;
    const simd<V> constant_low = (power - constant) - one;
    high = mul_add(power, r, constant);
    low = mul_add(power, tail, mul_add(power, r, constant - high) + constant_low);
  }
};

/// e^x (1 + low) in two parts, for |low| < 2^-20 or so.
template <class V>
HWY_INLINE double_word<simd<V>> exp_in_parts(simd<V> x, const auto&... low) {
  using format = simd_format<V>;
  const double least = format::single ? -104.5 : -746, most = format::single ? 89 : 710;
  const exponent_split<V> split(lesser_or_second(most, past_underflow(x)), 2 * format::bias);
  const auto reduced = [&] {
    // Where the argument is clamped its low part means nothing, and may be NaN.
    if constexpr (sizeof...(low) > 0)
      return double_word<simd<V>>::fast_sum(split.r, split.r_low() + select(simd<V>(-least) > abs(x), (low + ...), 0));
    else
      return double_word<simd<V>>(split.r, split.r_low());
  };
  const double_word<simd<V>> r = reduced(), sum = double_word<simd<V>>::fast_sum(1, r.high);
  const simd<V> tail = mul_add(expm1_tail(r.high), r.high * r.high, r.low);
  const auto y = double_word<simd<V>>::fast_sum(sum.high, sum.low + tail);
  return {times_power_of_two(y.high, split.n, split.biased), times_power_of_two(y.low, split.n, split.biased)};
}
template <class V>
HWY_INLINE double_word<simd<V>> exp_in_parts(const double_word<simd<V>>& x) {
  return exp_in_parts(x.high, x.low);
}

/// e^x - 1 without cancellation.
template <class V>
HWY_INLINE simd<V> expm1(simd<V> x) {
  using format = simd_format<V>;
  const double least = format::single ? -20 : -40, most = format::single ? 89 : 710;
  const half_expm1<V> half(lesser_or_second(most, greater_or_second(least, x)));
  const simd<V> y = half.high + half.low;
  // Where x is the nearest result, halving could have lost its last bit or the sign of zero.
  return select(simd<V>(format::single ? 0x1p-25 : 0x1p-54) > abs(x), x, y + y);
}

/// (tanh(a) / a - 1) / a^2 over a^2 in [0, 0.49]; leaves 2^-25.9 (float) and 2^-57.3 (double) in tanh.
template <class V>
HWY_INLINE simd<V> tanh_ratio(simd<V> square) {
  if constexpr (simd_format<V>::single) {
    return polynomial(square, -0x1.5554f6p-2, 0x1.10faeep-3, -0x1.b6c114p-5, 0x1.492fe0p-6, -0x1.50c4a2p-8);
  } else {
    return polynomial(square, -0x1.5555555555529p-2, 0x1.111111110e096p-3, -0x1.ba1ba1b7cc0d5p-5, 0x1.664f48115388dp-6,
                      -0x1.226e28952816cp-7, 0x1.d6d1f908f2b7ap-9, -0x1.7d8c93bf8d741p-10, 0x1.3495b571f895bp-11,
                      -0x1.ec7dd2683d777p-13, 0x1.719f60580e1a3p-14, -0x1.c61e7cf69a1c6p-16, 0x1.42258f7b05c60p-18);
  }
}
/// A polynomial below 0.7, 1 - 2 e / (1 + e) with e = exp(-2|x|) above: terms that the operator's derivative has too.
template <class V>
HWY_INLINE simd<V> tanh(simd<V> x) {
  const simd<V> a = abs(x), square = a * a, e = exp(simd<V>(-2) * a);
  const simd<V> large = 1 - 2 * e / (1 + e), small = mul_add(tanh_ratio(square), square * a, a);
  return hn::CopySign(select(a > 0.7, large, small).v, x.v);
}

/// The rounding error of a product, exactly (Dekker 1971 where there is no fused multiply-add; 0 where that overflows).
template <class V>
HWY_INLINE simd<V> product_error(simd<V> x, simd<V> y, simd<V> product) {
  if constexpr (HWY_NATIVE_FMA) return hn::MulSub(x.v, y.v, product.v);
  const simd<V> splitter = simd_format<V>::single ? 0x1p12 + 1 : 0x1p27 + 1;
  const auto high_part = [&](simd<V> a) {
    const simd<V> scaled = a * splitter;
    return scaled - (scaled - a);
  };
  const simd<V> x_high = high_part(x), x_low = x - x_high, y_high = high_part(y), y_low = y - y_high;
  const simd<V> error = (((x_high * y_high - product) + x_high * y_low) + x_low * y_high) + x_low * y_low;
  return select(simd<V>(simd_format<V>::infinity) > abs(error), error, 0);
}
/// a - x y, exactly where x is a / y rounded.
template <class V>
HWY_INLINE simd<V> residual(simd<V> a, simd<V> x, simd<V> y) {
  if constexpr (HWY_NATIVE_FMA) return hn::NegMulAdd(x.v, y.v, a.v);
  const simd<V> product = x * y;
  return (a - product) - product_error(x, y, product);
}

// ---- log, log1p: u = 2^k (1 + f) with 1 + f in [3/4, 3/2), then log u = k ln 2 + log(1 + f)

/// (log(1 + f) - f) / f^2 for -1/4 <= f <= 1/2; leaves 2^-27.5 (float) and 2^-55.8 (double) in log(1 + f).
template <class V>
HWY_INLINE simd<V> log_tail(simd<V> f) {
  if constexpr (simd_format<V>::single) {
    return polynomial(f, -0.5, 0x1.5555a4p-2, -0x1.000042p-2, 0x1.99699ap-3, -0x1.54ef98p-3, 0x1.288418p-3, -0x1.0d8ab0p-3,
                      0x1.ac94c6p-4, -0x1.714868p-5);
  } else {
    return polynomial(f, -0.5, 0x1.55555555555a0p-2, -0x1.0000000000772p-2, 0x1.999999998c6cep-3, -0x1.555555545925dp-3,
                      0x1.2492492974faap-3, -0x1.00000063e05bcp-3, 0x1.c71c70deaee5ep-4, -0x1.999972c9e0ae0p-4,
                      0x1.745cec1b4b762p-4, -0x1.55593964a7422p-4, 0x1.3b1f03a7c67f5p-4, -0x1.2465768a4785fp-4,
                      0x1.101cabe2dfe15p-4, -0x1.fffcbd7732b8bp-5, 0x1.f2529ea375c5dp-5, -0x1.e8e8920690bb8p-5,
                      0x1.9f4dc0ef1e40cp-5, -0x1.e1846a63343b2p-6, 0x1.092188047188bp-7);
  }
}

/// log(1 + f) - m ln 2; the sum of the two large terms is kept with its error. With m = +0 the sign of a zero f is kept.
template <class V>
HWY_INLINE simd<V> log_sum(simd<V> f, simd<V> m) {
  const simd<V> ln2_high = ln2_parts<V>::high;
  const simd<V> high = neg_mul_add(m, ln2_high, f);
  const simd<V> low = neg_mul_add(m, simd<V>(ln2_parts<V>::low), f - mul_add(m, ln2_high, high));
  return high + mul_add(log_tail(f), f * f, low);
}

/// u = 2^k (1 + f) with 1 + f in [3/4, 3/2), from the bits of a positive u; its exponent field may be as low as -64.
template <class V>
struct centred_exponent {
  using format = simd_format<V>;
  static constexpr int spare = 64;
  typename format::bits moved;  ///< the exponent field is k + bias

  HWY_INLINE explicit centred_exponent(typename format::bits u)
      : moved(hn::Add(u, format::all(typename format::word{1} << (format::mantissa - 1)))) {}
  /// 1 + f.
  HWY_INLINE simd<V> significand() const {
    const auto fraction = hn::And(moved, format::all((typename format::word{1} << format::mantissa) - 1));
    return format::from_bits(hn::Add(fraction, format::to_bits(0.75)));
  }
  /// -k as a number, +0 for 0.
  HWY_INLINE simd<V> negated() const {
    const simd<V> unit = format::single ? 0x1p23 : 0x1p52;
    const auto spared = hn::Add(moved, format::all(typename format::word{spare} << format::mantissa));
    const auto number = hn::Or(hn::ShiftRight<format::mantissa>(spared), format::to_bits(unit));
    return (unit + simd<V>(format::bias + spare)) - format::from_bits(number);
  }
};

/// True if least <= x < infinity in every lane; the branches that depend on it are rare.
template <class V>
HWY_INLINE bool all_usual(simd<V> x, double least) {
  const auto finite = hn::Lt(x.v, simd<V>(simd_format<V>::infinity).v);
  return hn::AllTrue(typename simd<V>::tag(), hn::And(hn::Ge(x.v, simd<V>(least).v), finite));
}
/// y where x > pole; -infinity at the pole, NaN below it, x where x is infinity or NaN.
template <class V>
HWY_INLINE simd<V> with_pole(simd<V> y, simd<V> x, double pole) {
  using format = simd_format<V>;
  y = select(pole > x, format::nan, select(x > pole, y, -format::infinity));
  return select(simd<V>(format::infinity) > x, y, x);
}

/// log x.
template <class V>
HWY_INLINE simd<V> log(simd<V> x) {
  using format = simd_format<V>;
  const double least = format::single ? 0x1p-126 : 0x1p-1022;
  const bool usual = all_usual(x, least);
  auto u = format::to_bits(x);
  if (!usual) [[unlikely]] {
    // Subnormals are scaled by 2^53 and their exponent field lowered by as much.
    const auto scaled = hn::Sub(format::to_bits(x * 0x1p53), format::all(typename format::word{53} << format::mantissa));
    u = format::to_bits(select(least > x, format::from_bits(scaled), x));
  }
  const centred_exponent<V> k(u);
  const simd<V> y = log_sum(k.significand() - 1, k.negated());
  return usual ? y : with_pole(y, x, 0);
}

/// log(1 + x) without cancellation.
template <class V>
HWY_INLINE simd<V> log1p(simd<V> x) {
  using format = simd_format<V>;
  const centred_exponent<V> k(format::to_bits(x + 1));
  const auto field = hn::And(k.moved, format::all(format::exponent_field));
  // f = x / 2^k - (1 - 1 / 2^k) is exact where it matters; 2^k is bounded so that its reciprocal has a normal exponent.
  const simd<V> power = lesser_or_second(format::from_bits(field), 0x1p64);
  const simd<V> reciprocal = format::from_bits(hn::Sub(format::all(2 * format::one), format::to_bits(power)));
  const simd<V> scaled = format::from_bits(hn::Sub(hn::Add(format::to_bits(x), format::all(format::one)), field));
  const simd<V> y = log_sum(scaled - (1 - reciprocal), k.negated());
  const double least = format::single ? -0x1.fffffep-1 : -0x1.fffffffffffffp-1;
  return all_usual(x, least) ? y : with_pole(y, x, -1);
}

// ---- what has no kernel of ours is the C library's, lane by lane; in double for float, so that it is correctly rounded but
// for rare ties

template <class V, class F, class... Vs>
simd<V> lane_by_lane(const F& f, const simd<V>& x, const Vs&... xs) {
  using element = typename simd<V>::element;
  alignas(V) element y[static_cast<std::size_t>(simd<V>::lanes)];
  alignas(V) element in[1 + sizeof...(Vs)][static_cast<std::size_t>(simd<V>::lanes)];
  std::size_t k = 0;
  x.store(in[k++]);
  (xs.store(in[k++]), ...);
  for (std::size_t i = 0; i < static_cast<std::size_t>(simd<V>::lanes); ++i)
    y[i] = [&]<std::size_t... K>(std::index_sequence<K...>) {
      return static_cast<element>(f(static_cast<double>(in[K][i])...));
    }(std::make_index_sequence<1 + sizeof...(Vs)>{});
  return simd<V>::load(y);
}
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128  // the one has no halves of vectors, the other clamps
/// e^(y log x) of floats x > 0 through vectors of doubles, whose error is less than 2^-20 ULP.
template <class V>
HWY_INLINE simd<V> pow_of_positive(simd<V> x, simd<V> y) {
  using tag = typename simd<V>::tag;
  using wide_tag = hn::RepartitionToWide<tag>;
  using wide = simd<hn::Vec<wide_tag>>;
  const hn::Half<tag> half;
  const auto part = [&](auto a, auto b) {
    const wide base = hn::PromoteTo(wide_tag(), a), exponent = hn::PromoteTo(wide_tag(), b);
    return hn::DemoteTo(half, exp(exponent * log(base)).v);
  };
  return hn::Combine(tag(), part(hn::UpperHalf(half, x.v), hn::UpperHalf(half, y.v)),
                     part(hn::LowerHalf(half, x.v), hn::LowerHalf(half, y.v)));
}
#endif
/// x^y. Lanes with zeros, infinities or NaN are the C library's, as is all of double.
template <class V>
simd<V> pow(simd<V> x, simd<V> y) {
  const auto library = [](double a, double b) { return ::pow(a, b); };
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
  if constexpr (simd_format<V>::single) {
    const typename simd<V>::tag d;
    const simd<V> size = abs(x), infinity = simd_format<V>::infinity, half = y * 0.5;
    const auto whole = hn::Eq(hn::Round(y.v), y.v), odd = hn::AndNot(hn::Eq(hn::Round(half.v), half.v), whole);
    const auto negative = hn::Lt(x.v, simd<V>(0).v);
    const auto usual = hn::And(hn::And(hn::Gt(size.v, simd<V>(0).v), hn::Lt(size.v, infinity.v)),
                               hn::And(hn::Lt(hn::Abs(y.v), infinity.v), hn::Or(hn::Not(negative), whole)));
    const lane_mask<V> is_usual{usual}, turns{hn::And(negative, odd)};
    const simd<V> z = pow_of_positive(select(is_usual, size, 1), select(is_usual, y, 0));
    const simd<V> signed_z = select(turns, -z, z);
    return hn::AllTrue(d, usual) ? signed_z : select(is_usual, signed_z, lane_by_lane(library, x, y));
  }
#endif
  return lane_by_lane(library, x, y);
}

// ---- sin, cos: |x| = n pi / 2 + r + r_low with |r| <= pi / 4 and a little

/// sin(r) = r + r^3 p(r^2), cos(r) = 1 - r^2 / 2 + r^4 q(r^2); leave 2^-28.1, 2^-30.8 (float), 2^-56.8, 2^-58.8 (double).
template <class V>
HWY_INLINE simd<V> sin_tail(simd<V> square) {
  if constexpr (simd_format<V>::single) {
    return polynomial(square, -0x1.555556p-3, 0x1.11110ap-7, -0x1.a00ff6p-13, 0x1.6ce36cp-19);
  } else {
    return polynomial(square, -0x1.5555555555550p-3, 0x1.111111110ff73p-7, -0x1.a01a019caa73bp-13, 0x1.71de35d4d3a1ep-19,
                      -0x1.ae5e995466551p-26, 0x1.5d9d1593ae564p-33);
  }
}
template <class V>
HWY_INLINE simd<V> cos_tail(simd<V> square) {
  if constexpr (simd_format<V>::single) {
    return polynomial(square, 0x1.555550p-5, -0x1.6c0f40p-10, 0x1.9aa342p-16);
  } else {
    return polynomial(square, 0x1.5555555555555p-5, -0x1.6c16c16c163abp-10, 0x1.a01a019e53d16p-16, -0x1.27e4f91d2dd33p-22,
                      0x1.1eea95ec6a273p-29, -0x1.8ffe985b202aep-37);
  }
}

/// y, with f of the C library in the lanes where `far` holds.
template <class V>
HWY_NOINLINE simd<V> with_library_lanes(simd<V> y, simd<V> x, lane_mask<V> far, double (*f)(double)) {
  using element = typename simd<V>::element;
  element in[static_cast<std::size_t>(simd<V>::lanes)], out[static_cast<std::size_t>(simd<V>::lanes)];
  element use[static_cast<std::size_t>(simd<V>::lanes)];
  x.store(in);
  y.store(out);
  select(far, simd<V>(1), simd<V>(0)).store(use);
  for (int i = 0; i < simd<V>::lanes; ++i) {
    if (use[i] != 0) out[i] = static_cast<element>(f(static_cast<double>(in[i])));
  }
  return simd<V>::load(out);
}

/// sin(|x| + turns pi / 2), and the lanes where the reduction is not good enough.
template <class V>
struct sine {
  simd<V> y;
  lane_mask<V> far;

  HWY_INLINE sine(simd<V> x, unsigned turns) {
    using format = simd_format<V>;
    constexpr bool single = format::single;
    const simd<V> part[3] = {single ? 0x1.921fb6p+0 : 0x1.921fb54442d18p+0, single ? -0x1.777a5cp-25 : 0x1.1a62633145c07p-54,
                             single ? -0x1.ee59dap-50 : -0x1.f1976b7ed8fbcp-110};
    const simd<V> shift = single ? 0x1.8p23 : 0x1.8p52;
    const simd<V> shifted = mul_add(abs(x), simd<V>(2 / std::numbers::pi), shift), n = shifted - shift;
    const simd<V> exact = neg_mul_add(n, part[0], abs(x));
    const simd<V> r = neg_mul_add(n, part[1], exact);
    const simd<V> r_low = neg_mul_add(n, part[2], neg_mul_add(n, part[1], exact - r));
    // r_low holds if r is not much smaller than what was subtracted last.
    const auto cancelled = hn::Lt(hn::Abs(r.v), (n * simd<V>(single ? 0x1p-22 : 0x1p-51)).v);
    const auto near = hn::Le(hn::Abs(x.v), simd<V>(single ? 0x1p15 : 0x1p30).v);
    far = {hn::Or(cancelled, hn::Not(near))};

    const simd<V> square = r * r, half = square * 0.5, whole = 1 - half;
    const simd<V> sin = r + mul_add(sin_tail(square), square * r, r_low);
    const simd<V> cos_rest = mul_add(cos_tail(square), square * square, neg_mul_add(r, r_low, (1 - whole) - half));
    const auto quarter = hn::Add(format::to_bits(shifted), format::all(turns));
    const auto odd = hn::TestBit(quarter, format::all(1));
    const auto sign = hn::ShiftLeft<8 * sizeof(typename format::word) - 2>(hn::And(quarter, format::all(2)));
    const simd<V> value = hn::IfThenElse(hn::RebindMask(typename simd<V>::tag(), odd), (whole + cos_rest).v, sin.v);
    y = format::from_bits(hn::Xor(format::to_bits(value), sign));
  }
  HWY_INLINE bool any_far() const { return !hn::AllFalse(typename simd<V>::tag(), far.m); }
};

/// sin x. Lanes beyond 2^15 (float), 2^30 (double) or very near a zero are the C library's,
/// as are all lanes without fused multiply-add.
template <class V>
HWY_INLINE simd<V> sin(simd<V> x) {
  if constexpr (!HWY_NATIVE_FMA) return with_library_lanes(x, x, {hn::Eq(x.v, x.v)}, &std::sin);
  const sine<V> s(x, 0);
  const simd<V> y = hn::Xor(s.y.v, hn::And(x.v, hn::SignBit(typename simd<V>::tag())));
  return s.any_far() ? with_library_lanes(y, x, s.far, &std::sin) : y;
}

/// cos x. Lanes as for sin.
template <class V>
HWY_INLINE simd<V> cos(simd<V> x) {
  if constexpr (!HWY_NATIVE_FMA) return with_library_lanes(x, x, {hn::Eq(x.v, x.v)}, &std::cos);
  const sine<V> s(x, 1);
  return s.any_far() ? with_library_lanes(s.y, x, s.far, &std::cos) : s.y;
}

}  // namespace axiograd

#include <axiograd/core/scalar/simd_erf.hpp>
