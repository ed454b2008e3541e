#pragma once
// erf and erfc on simd<V>. Included by simd_math.hpp.

#include <axiograd/core/scalar/simd_math.hpp>

namespace axiograd {

// ---- erf: a polynomial below 15/16, 1 - exp(polynomial) above

/// erf(x) / x - 1 over x^2 in [0, 1]; leaves 2^-28.9 (float) and 2^-56.3 (double) in erf.
template <class V>
HWY_INLINE simd<V> erf_ratio(simd<V> square) {
  if constexpr (simd_format<V>::single) {
    return polynomial(square, 0x1.06eba8p-3, -0x1.81273ep-2, 0x1.ce2cf8p-4, -0x1.b7f910p-6, 0x1.5405c2p-8, -0x1.a3f772p-11,
                      0x1.496b58p-14);
  } else {
    return polynomial(square, 0x1.06eba8214db69p-3, -0x1.812746b0379e6p-2, 0x1.ce2f21a042b20p-4, -0x1.b82ce3128499cp-6,
                      0x1.565bcd0db02d0p-8, -0x1.c02db3d8ecf4bp-11, 0x1.f9a321a119264p-14, -0x1.f4d1df38f8677p-17,
                      0x1.b9def199c835bp-20, -0x1.5f1d369c89c81p-23, 0x1.f7a4106d0c3f0p-27, -0x1.386abaae217e2p-30,
                      0x1.0579983432eedp-34);
  }
}
/// log(1 - erf(c + t)) for 15/16 <= c + t <= 4 (float), 6 (double); leaves 2^-28.7 and 2^-55.4 in erf. Near 1, c is the
/// number of 12 bits for which the constant term is best representable in both formats.
template <class V>
HWY_INLINE simd<V> log_erfc(simd<V> x) {
  const simd<V> t = x - 0x1.ff2p-1;
  if constexpr (simd_format<V>::single) {
    return polynomial(t, -0x1.d85858p+0, -0x1.516b46p+1, -0x1.af9006p-1, -0x1.54d5f6p-5, 0x1.469a82p-7, -0x1.ea6c94p-10,
                      0x1.9ba75ap-13);
  } else {
    return polynomial(t, -0x1.d85857fcb5980p+0, -0x1.516b457ca014cp+1, -0x1.af8fcd5c3398bp-1, -0x1.5507e7f053c13p-5,
                      0x1.4957b10597d0cp-7, -0x1.039100e82b250p-9, 0x1.f1099b70f3445p-13, 0x1.bf26f7f3d74d1p-16,
                      -0x1.ca4b9ad4569f7p-16, 0x1.4452d1052c329p-17, -0x1.191cb043439a8p-19, 0x1.75aa286335652p-23,
                      0x1.3edacc73cf494p-24, -0x1.529d7cabf0431p-25, 0x1.5a7b4e1a54f77p-27, -0x1.b4bbb5e949edbp-30,
                      0x1.43381a2c0a8a6p-33, -0x1.b00498195001dp-38);
  }
}

/// The error function. Accuracy: 1 [2] ULP, double 1.5 [2].
template <class V>
HWY_INLINE simd<V> erf(simd<V> x) {
  using format = simd_format<V>;
  const simd<V> small = mul_add(x, erf_ratio(x * x), x);
  const simd<V> most = format::single ? 4 : 6;  // erf rounds to 1 from here
  const exponent_split<V> split(log_erfc(lesser_or_second(most, abs(x))), format::bias);
  const simd<V> power = format::from_bits(hn::ShiftLeft<format::mantissa>(split.biased));
  const simd<V> large = neg_mul_add(exp_reduced(split.r), power, 1);
  return hn::CopySign(select(abs(x) > 0.9375, large, small).v, x.v);
}

// ---- erfc: e^(-x^2) times one of fourteen polynomials

/// e^(a^2) (1 - erf(a)) for a from 0 to 11 as polynomials of a - centre, one for each quarter of an octave of a + 1; a centre
/// is a float at which the function is nearly one, too. Least squares of the relative error at 40 Chebyshev points,
/// coefficients rounded one after the other; they leave 2^-27.
struct scaled_erfc {
  static constexpr float centre[16] = {0x0p+0F,        0x1.80009cp-2F, 0x1.3ffd6ep-1F, 0x1.c00248p-1F,
                                       0x1.4002d8p+0F, 0x1.bfffaap+0F, 0x1.2002cap+1F, 0x1.5ffe34p+1F,
                                       0x1.bfff5p+1F,  0x1.1ffdaap+2F, 0x1.60023ap+2F, 0x1.a00204p+2F,
                                       0x1.fffefp+2F,  0x1.3fff3p+3F,  0x1.3fff3p+3F,  0x1.3fff3p+3F};
  static constexpr float coefficient[7][16] = {
      {0x1p+0F, 0x1.5f287ep-1F, 0x1.1d17d2p-1F, 0x1.db730ep-2F, 0x1.78a432p-2F, 0x1.23cffp-2F, 0x1.d94054p-3F, 0x1.8ca088p-3F,
       0x1.3e0b0ep-3F, 0x1.f5b684p-4F, 0x1.9d8806p-4F, 0x1.5f741ap-4F, 0x1.1ea95ap-4F, 0x1.cbe95ap-5F, 0x1.cbe95ap-5F,
       0x1.cbe95ap-5F},
      {-0x1.20dd72p+0F, -0x1.3a5c2p-1F, -0x1.bacp-2F, -0x1.43684p-2F, -0x1.aba5f6p-3F, -0x1.0c3da2p-3F, -0x1.6a6b1ep-4F,
       -0x1.0307bep-4F, -0x1.5286cap-5F, -0x1.aa4534p-6F, -0x1.238922p-6F, -0x1.a6dedap-7F, -0x1.1a59aep-7F, -0x1.6c579ep-8F,
       -0x1.6c579ep-8F, -0x1.6c579ep-8F},
      {0x1.fffe6cp-1F, 0x1.d28b8p-2F, 0x1.2579dcp-2F, 0x1.80ecdp-3F, 0x1.b56868p-4F, 0x1.c8d188p-5F, 0x1.060f82p-5F,
       0x1.43bda4p-6F, 0x1.5d5978p-7F, 0x1.62c91cp-8F, 0x1.951decp-9F, 0x1.f757fap-10F, 0x1.14123cp-10F, 0x1.1f4018p-11F,
       0x1.1f4018p-11F, 0x1.1f4018p-11F},
      {-0x1.8101ccp-1F, -0x1.2e8296p-2F, -0x1.59c776p-3F, -0x1.9d50d8p-4F, -0x1.9b524p-5F, -0x1.6cb02p-6F, -0x1.68760ap-7F,
       -0x1.84ee1ap-8F, -0x1.5e5094p-9F, -0x1.21909ep-10F, -0x1.158d9ep-11F, -0x1.286fb4p-12F, -0x1.0bf318p-13F,
       -0x1.c2c32ep-15F, -0x1.c2c32ep-15F, -0x1.c2c32ep-15F},
      {0x1.fcac6ap-2F, 0x1.611f5ap-3F, 0x1.72daf6p-4F, 0x1.98219ep-5F, 0x1.68988ep-6F, 0x1.13626ep-7F, 0x1.da485ep-9F,
       0x1.c2ce1cp-10F, 0x1.562d9cp-11F, 0x1.d00f98p-13F, 0x1.7742c4p-14F, 0x1.59a4ccp-15F, 0x1.024e5ep-16F, 0x1.60109p-18F,
       0x1.60109p-18F, 0x1.60109p-18F},
      {-0x1.204e5p-2F, -0x1.7b865ep-4F, -0x1.70df28p-5F, -0x1.7b94f2p-6F, -0x1.2e4204p-7F, -0x1.9138aep-9F, -0x1.2ef68cp-10F,
       -0x1.fd95ecp-12F, -0x1.4d9b38p-13F, -0x1.739b64p-15F, -0x1.faf8ccp-17F, -0x1.93c678p-18F, -0x1.fb2fep-20F,
       -0x1.167878p-21F, -0x1.167878p-21F, -0x1.167878p-21F},
      {0x1.b4f0d6p-4F, 0x1.763c8ep-5F, 0x1.54c52cp-6F, 0x1.4e4cc4p-7F, 0x1.d69bb6p-9F, 0x1.136ce8p-10F, 0x1.6ffcd6p-12F,
       0x1.15317p-13F, 0x1.351f0cp-15F, 0x1.1f4992p-17F, 0x1.4d41ccp-19F, 0x1.cf2296p-21F, 0x1.e0ffa8p-23F, 0x1.ae9548p-25F,
       0x1.ae9548p-25F, 0x1.ae9548p-25F}};
};
/// table[i] for the i < 16 of each lane.
template <class V>
HWY_INLINE simd<V> look_up(const float (&table)[16], typename simd_format<V>::bits index) {
  const typename simd<V>::tag d;
  if constexpr (simd<V>::lanes == 16) {
    return hn::TableLookupLanes(hn::LoadU(d, table), hn::IndicesFromVec(d, index));
  } else if constexpr (simd<V>::lanes == 8) {
    const hn::RebindToSigned<typename simd<V>::tag> whole;
    const auto within = hn::IndicesFromVec(d, hn::And(index, simd_format<V>::all(7)));
    const auto upper = hn::RebindMask(d, hn::Gt(hn::BitCast(whole, index), hn::Set(whole, 7)));
    return hn::IfThenElse(upper, hn::TableLookupLanes(hn::LoadU(d, table + 8), within),
                          hn::TableLookupLanes(hn::LoadU(d, table), within));
  } else {
    return hn::GatherIndex(d, table, hn::BitCast(hn::RebindToSigned<typename simd<V>::tag>(), index));
  }
}

/// 1 - erf(x), without its cancellation: in float e^(-x^2) times a smooth function, in double lane by lane. Accuracy: 1.6 [2]
/// ULP, double 0.5.
template <class V>
HWY_INLINE simd<V> erfc(simd<V> x) {
  using format = simd_format<V>;
  if constexpr (!format::single) {
    return lane_by_lane([](double a) { return axiograd::erfc(a); }, x);
  } else {
    const lane_mask<V> negative = simd<V>(0) > x;
    const simd<V> a = lesser_or_second(select(negative, simd<V>(4), simd<V>(10.25)), abs(x));  // the result is 2 or 0 from here
    // 127 << 2 is -4 modulo 16; a NaN takes any polynomial.
    const auto quarter =
        hn::And(hn::Add(hn::ShiftRight<format::mantissa - 2>(format::to_bits(a + 1)), format::all(4)), format::all(15));
    const auto c = [&](int k) { return look_up<V>(scaled_erfc::coefficient[k], quarter); };
    const simd<V> t = a - look_up<V>(scaled_erfc::centre, quarter);
    const simd<V> high = mul_add(mul_add(mul_add(c(6), t, c(5)), t, c(4)), t, c(3));
    const simd<V> scaled = mul_add(mul_add(mul_add(high, t, c(2)), t, c(1)), t, c(0));
    // e^(-a^2) = 2^n (1 + m), with what rounding a^2 left out.
    const simd<V> square = a * a;
    const exponent_split<V> split(past_underflow(-square), 2 * format::bias);
    const auto r = double_word<simd<V>>::fast_sum(split.r, split.r_low() - product_error(a, a, square));
    const simd<V> m = r.high + mul_add(expm1_tail(r.high), r.high * r.high, r.low);
    const simd<V> y = times_power_of_two(mul_add(scaled, m, scaled), split.n, split.biased);
    return select(negative, 2 - y, y);
  }
}

}  // namespace axiograd
