#pragma once

#include <axiograd/core/scalar/scalar.hpp>
#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>

namespace axiograd {

class prime_field;
template <>
inline constexpr algebra algebra_of<prime_field>{.ring = true, .division = true};

/// An integer modulo the prime p = 2^61 - 1: exact arithmetic of fixed size, for identity tests at random points.
///
/// Rational numbers map into the field as long as p does not divide their denominator. A false identity between polynomials
/// of degree D holds at a random point with probability at most D / p.
/// Division is total: a / 0 is 0. There is no order.
/// Source: Schwartz 1980, lemma 1 (the probability).
class prime_field {
 public:
  static constexpr std::uint64_t modulus = (std::uint64_t{1} << 61) - 1;

  constexpr prime_field() = default;
  constexpr explicit(false) prime_field(int x) : prime_field(std::int64_t{x}) {}
  /// m * 2^e mod p, the exact dyadic value of a double. Errors: throws std::domain_error when it is not finite.
  constexpr explicit(false) prime_field(double x) : r_(residue_of(x)) {}
  constexpr explicit prime_field(std::int64_t x) : r_(reduce(x < 0 ? -static_cast<wide>(x) : static_cast<wide>(x))) {
    if (x < 0) *this = -*this;
  }

  /// The residue in [0, p).
  constexpr std::uint64_t value() const { return r_; }
  /// The floating-point number nearest to the residue.
  template <std::floating_point F>
  constexpr explicit operator F() const {
    return static_cast<F>(r_);
  }

  friend constexpr prime_field operator+(prime_field a, prime_field b) { return residue(subtract_modulus(a.r_ + b.r_)); }
  friend constexpr prime_field operator-(prime_field a) { return residue(a.r_ == 0 ? 0 : modulus - a.r_); }
  friend constexpr prime_field operator-(prime_field a, prime_field b) { return a + -b; }
  friend constexpr prime_field operator*(prime_field a, prime_field b) {
    return residue(reduce(static_cast<wide>(a.r_) * b.r_));
  }
  /// a * inverse(b), so a / 0 is 0.
  friend constexpr prime_field operator/(prime_field a, prime_field b) { return a * inverse(b); }
  friend constexpr bool operator==(prime_field, prime_field) = default;

  /// x^n; x^0 is 1, and a negative n takes the inverse.
  friend constexpr prime_field pow(prime_field x, std::int64_t n) {
    if (n < 0) x = inverse(x);
    std::uint64_t bits = n < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
    prime_field y = 1;
    for (; bits != 0; bits >>= 1, x = x * x) {
      if ((bits & 1) != 0) y = y * x;
    }
    return y;
  }
  /// 1 / x by Fermat's little theorem, x^(p-2); the inverse of 0 is 0.
  friend constexpr prime_field inverse(prime_field x) { return pow(x, static_cast<std::int64_t>(modulus - 2)); }
  /// The square root of x that is a square itself, x^((p+1)/4); none for a non-residue (half of the field).
  friend constexpr std::optional<prime_field> sqrt_of(prime_field x) {
    static_assert(modulus % 4 == 3);
    const prime_field root = pow(x, static_cast<std::int64_t>((modulus + 1) / 4));
    if (root * root == x) return root;
    return std::nullopt;
  }

 private:
  __extension__ using wide = unsigned __int128;

  static constexpr prime_field residue(std::uint64_t r) {
    prime_field x;
    x.r_ = r;
    return x;
  }
  static constexpr std::uint64_t subtract_modulus(std::uint64_t r) { return r >= modulus ? r - modulus : r; }
  /// 2^61 = 1 mod p, so the bits above the 61st are added to those below; the argument is below 2^122.
  static constexpr std::uint64_t reduce(wide x) {
    return subtract_modulus(static_cast<std::uint64_t>(x & modulus) + static_cast<std::uint64_t>(x >> 61));
  }
  static constexpr std::uint64_t residue_of(double x) {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const int biased = static_cast<int>((bits >> 52) & 0x7ff);
    if (biased == 0x7ff) throw std::domain_error("prime_field: a double that is not finite has no residue");
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    const std::uint64_t m = biased == 0 ? fraction : fraction | (std::uint64_t{1} << 52);
    const int e = (biased == 0 ? 1 : biased) - 1075;
    // 2 has order 61, hence 2^e = 2^(e mod 61) also for negative e; 61 * 18 brings every e above 0.
    const prime_field y = residue(m) * residue(std::uint64_t{1} << ((e + 61 * 18) % 61));
    return (bits >> 63) != 0 ? (-y).r_ : y.r_;
  }

  std::uint64_t r_ = 0;
};

}  // namespace axiograd
