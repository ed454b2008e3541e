#pragma once
// Elementary functions on simd<V>, float and double. Included by simd.hpp.
//
// AVX2 and AVX-512 give the same bits: only IEEE operations and fused multiply-adds in a fixed order. The maximum errors
// stated are for those two; the baseline has no fused multiply-add and stays within 3 ULP (simd.test.cpp holds the numbers).
// Float errors come from all 2^32 inputs, double errors from 10^9 random ones of every exponent against 113-bit arithmetic.
// Every polynomial is our own weighted minimax fit (Remez exchange in 240-bit arithmetic, leading coefficient fixed, the rest
// rounded to nearest); its comment gives the function, the interval and the relative error that it leaves in the result.

#include <axiograd/core/scalar/simd.hpp>
#include <limits>
#include <type_traits>

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

/// c0 + x (c1 + x (c2 + ...)) by Horner's rule.
template <class V, class... C>
HWY_INLINE simd<V> polynomial(simd<V> x, double c0, C... c) {
  if constexpr (sizeof...(c) == 0) {
    return c0;
  } else {
    return mul_add(polynomial(x, c...), x, simd<V>(c0));
  }
}

// ---- exp, expm1, tanh: x = n ln 2 + r with |r| <= ln 2 / 2, then e^x = 2^n e^r

/// x split as n ln 2 + r (Cody and Waite 1980: ln 2 in two parts, the first short enough that n times it is exact).
template <class V>
struct exponent_split {
  simd<V> n;
  simd<V> r_exact;                     ///< x - n ln2_high, exact
  simd<V> r;                           ///< x - n ln 2, rounded
  typename simd_format<V>::bits biased;  ///< n + offset in the low bits
};

template <class V>
struct ln2_parts {
  static constexpr bool single = simd_format<V>::single;
  static constexpr double high = single ? 0x1.62e4p-1 : 0x1.62e42fefa38p-1;
  static constexpr double low = single ? 0x1.7f7d1cp-20 : 0x1.ef35793c7673p-45;
};

template <class V>
HWY_INLINE exponent_split<V> split_exponent(simd<V> x, int offset) {
  using format = simd_format<V>;
  // Adding 1.5 * 2^mantissa rounds to an integer and leaves it in the low bits.
  const simd<V> shift = (format::single ? 0x1.8p23 : 0x1.8p52) + offset;
  const simd<V> shifted = mul_add(x, simd<V>(std::numbers::log2e), shift);
  const simd<V> n = shifted - shift;
  const simd<V> r_exact = neg_mul_add(n, simd<V>(ln2_parts<V>::high), x);
  return {n, r_exact, neg_mul_add(n, simd<V>(ln2_parts<V>::low), r_exact), format::to_bits(shifted)};
}

/// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2; leaves 2^-26.0 (float) and 2^-58.9 (double) in e^r - 1.
template <class V>
HWY_INLINE simd<V> exp_tail(simd<V> r) {
  if constexpr (simd_format<V>::single) {
    return polynomial(r, 0.5, 0x1.5554b6p-3, 0x1.5555bap-5, 0x1.12237cp-7, 0x1.6c5652p-10);
  } else {
    return polynomial(r, 0.5, 0x1.5555555555559p-3, 0x1.5555555555548p-5, 0x1.111111110f7e3p-7, 0x1.6c16c16c1cd58p-10,
                      0x1.a01a01af79f46p-13, 0x1.a01a0182df3b1p-16, 0x1.71ddf94757f32p-19, 0x1.27e52b7f2c158p-22,
                      0x1.af5d387f01cf6p-26, 0x1.1ef4a9093c81fp-29);
  }
}

/// e^x.
template <class V>
HWY_INLINE simd<V> exp(simd<V> x) {
  using format = simd_format<V>;
  // Beyond these bounds the result is 0 or infinity anyway; a NaN passes as the second operand.
  const double least = format::single ? -104.5 : -746, most = format::single ? 89 : 710;
  x = lesser_or_second(simd<V>(most), greater_or_second(simd<V>(least), x));
  const auto [n, r_exact, r, biased] = split_exponent(x, 2 * format::bias);
  const simd<V> y = mul_add(mul_add(exp_tail(r), r, simd<V>(1)), r, simd<V>(1));
  // 2^n is applied as two factors, so that overflow and gradual underflow are those of the second product.
  const auto half = hn::And(hn::ShiftLeft<format::mantissa - 1>(biased), format::all(format::exponent_field));
  const auto rest = hn::Sub(hn::ShiftLeft<format::mantissa>(biased), half);
  return y * format::from_bits(half) * format::from_bits(rest);
}

/// e^x - 1 as high + low, times `scale` (1 or 1/2, as the power of two in `offset` says).
template <class V>
struct two_sum {
  simd<V> high, low;
};

template <class V>
HWY_INLINE two_sum<V> expm1_parts(simd<V> x, double scale) {
  using format = simd_format<V>;
  const auto [n, r_exact, r, biased] = split_exponent(x, scale == 1 ? format::bias : format::bias - 1);
  const simd<V> r_low = neg_mul_add(n, simd<V>(ln2_parts<V>::low), r_exact - r);
  const simd<V> tail = mul_add(exp_tail(r), r * r, r_low);
  const simd<V> power = format::from_bits(hn::ShiftLeft<format::mantissa>(biased));
  // power (1 + r + tail) - scale; the first sum is kept with its error.
  const simd<V> constant = power - simd<V>(scale);
  const simd<V> high = mul_add(power, r, constant);
  const simd<V> constant_low = power - (constant + simd<V>(scale));
  return {high, mul_add(power, tail, mul_add(power, r, constant - high) + constant_low)};
}

/// e^x - 1 without cancellation.
template <class V>
HWY_INLINE simd<V> expm1(simd<V> x) {
  using format = simd_format<V>;
  const double least = format::single ? -20 : -40, most = format::single ? 89 : 710;
  const simd<V> bounded = lesser_or_second(simd<V>(most), greater_or_second(simd<V>(least), x));
  const auto [high, low] = expm1_parts(bounded, 0.5);  // halved: 2^n may be 2^128
  const simd<V> half = high + low;
  const double tiny = format::single ? 0x1p-25 : 0x1p-54;
  return select(abs(x) > simd<V>(tiny), half + half, x);
}

/// tanh(x) = -e / (2 + e) with e = exp(-2|x|) - 1, all in two parts and the quotient corrected once.
template <class V>
HWY_INLINE simd<V> tanh(simd<V> x) {
  using format = simd_format<V>;
  const simd<V> bounded = greater_or_second(simd<V>(format::single ? -20 : -40), abs(x) * simd<V>(-2));
  const auto [sum, rest] = expm1_parts(bounded, 1);
  const simd<V> high = sum + rest, low = rest - (high - sum);
  const simd<V> below = high + simd<V>(2), below_low = (high - (below - simd<V>(2))) + low;
  const simd<V> reciprocal = simd<V>(-1) / below;
  const simd<V> quotient = high * reciprocal;
  const simd<V> error = mul_add(quotient, below_low, mul_add(quotient, below, high) + low);
  return hn::CopySign(mul_add(error, reciprocal, quotient).v, x.v);
}

// ---- log, log1p: u = 2^k (1 + f) with 1 + f in [3/4, 3/2), then log u = k ln 2 + log(1 + f)

/// (log(1 + f) - f) / f^2 for -1/4 <= f <= 1/2; leaves 2^-26.5 (float) and 2^-55.8 (double) in log(1 + f).
template <class V>
HWY_INLINE simd<V> log_tail(simd<V> f) {
  if constexpr (simd_format<V>::single) {
    return polynomial(f, -0.5, 0x1.5555a4p-2, -0x1.00004p-2, 0x1.9969b2p-3, -0x1.54efcep-3, 0x1.288446p-3, -0x1.0d8aeep-3,
                      0x1.ac94dcp-4, -0x1.714872p-5);
  } else {
    return polynomial(f, -0.5, 0x1.55555555555a0p-2, -0x1.0000000000772p-2, 0x1.999999998c6cep-3, -0x1.555555545925dp-3,
                      0x1.2492492974faap-3, -0x1.00000063e05bcp-3, 0x1.c71c70deaee5ep-4, -0x1.999972c9e0ae0p-4,
                      0x1.745cec1b4b762p-4, -0x1.55593964a7422p-4, 0x1.3b1f03a7c67f5p-4, -0x1.2465768a4785fp-4,
                      0x1.101cabe2dfe15p-4, -0x1.fffcbd7732b8bp-5, 0x1.f2529ea375c5dp-5, -0x1.e8e8920690bb8p-5,
                      0x1.9f4dc0ef1e40cp-5, -0x1.e1846a63343b2p-6, 0x1.092188047188bp-7);
  }
}

/// k ln 2 + log(1 + f); the sum of the two large terms is kept with its error.
template <class V>
HWY_INLINE simd<V> log_sum(simd<V> k, simd<V> f) {
  const simd<V> ln2_high = ln2_parts<V>::high;
  const simd<V> high = mul_add(k, ln2_high, f);
  const simd<V> low = mul_add(k, simd<V>(ln2_parts<V>::low), f - neg_mul_add(k, ln2_high, high));
  return high + mul_add(log_tail(f), f * f, low);
}

/// The bits of u moved so that the exponent field holds k + bias, for 2^k (1 + f) as above.
template <class V>
HWY_INLINE typename simd_format<V>::bits centred_bits(simd<V> u) {
  using format = simd_format<V>;
  return hn::Add(format::to_bits(u), format::all(typename format::word{1} << (format::mantissa - 1)));
}
/// k as a number.
template <class V>
HWY_INLINE simd<V> centred_exponent(typename simd_format<V>::bits centred) {
  using format = simd_format<V>;
  const simd<V> unit = format::single ? 0x1p23 : 0x1p52;
  const simd<V> biased = format::from_bits(hn::Or(hn::ShiftRight<format::mantissa>(centred), format::to_bits(unit)));
  return biased - (unit + simd<V>(format::bias));
}

/// log x.
template <class V>
HWY_INLINE simd<V> log(simd<V> x) {
  using format = simd_format<V>;
  const double least = format::single ? 0x1p-126 : 0x1p-1022, scale = format::single ? 0x1p24 : 0x1p53;
  const auto subnormal = simd<V>(least) > x;
  const auto centred = centred_bits(select(subnormal, x * simd<V>(scale), x));
  const auto fraction = hn::And(centred, format::all((typename format::word{1} << format::mantissa) - 1));
  const simd<V> f = format::from_bits(hn::Add(fraction, format::to_bits(simd<V>(0.75)))) - simd<V>(1);
  simd<V> k = centred_exponent<V>(centred);
  k = select(subnormal, k - simd<V>(format::mantissa + 1), k);
  const simd<V> y = log_sum(k, f);
  const simd<V> not_positive = hn::IfThenElse(hn::Eq(x.v, hn::Zero(typename simd<V>::tag())), simd<V>(-format::infinity).v,
                                              simd<V>(format::nan).v);
  return select(x > simd<V>(0), select(simd<V>(format::infinity) > x, y, x), not_positive);
}

/// log(1 + x) without cancellation.
template <class V>
HWY_INLINE simd<V> log1p(simd<V> x) {
  using format = simd_format<V>;
  const auto centred = centred_bits(x + simd<V>(1));
  const auto field = hn::And(centred, format::all(format::exponent_field));
  // f = x / 2^k + (1 / 2^k - 1) is exact where it matters; 2^k is bounded so that its reciprocal has a normal exponent.
  const simd<V> power = lesser_or_second(format::from_bits(field), simd<V>(0x1p64));
  const simd<V> reciprocal = format::from_bits(hn::Sub(format::all(2 * format::one), format::to_bits(power)));
  const simd<V> scaled = format::from_bits(hn::Sub(hn::Add(format::to_bits(x), format::all(format::one)), field));
  const simd<V> y = log_sum(centred_exponent<V>(centred), scaled + (reciprocal - simd<V>(1)));
  const auto minus_one = hn::Eq(x.v, simd<V>(-1).v);
  const simd<V> not_above = hn::IfThenElse(minus_one, simd<V>(-format::infinity).v, simd<V>(format::nan).v);
  const auto itself = hn::Or(hn::Eq(x.v, hn::Zero(typename simd<V>::tag())), hn::Eq(x.v, simd<V>(format::infinity).v));
  return select(x > simd<V>(-1), simd<V>(hn::IfThenElse(itself, x.v, y.v)), not_above);
}

}  // namespace axiograd
