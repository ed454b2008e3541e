#pragma once
// Numbers of the exact adjoint test: prime-field residues that know on which side of a branch they are.

#include <atomic>
#include <axiograd/core/random.hpp>
#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/prime_field.hpp>
#include <bit>
#include <cmath>
#include <numbers>

namespace axiograd::conformance {
class probe;
}  // namespace axiograd::conformance
template <>
inline constexpr axiograd::algebra axiograd::algebra_of<axiograd::conformance::probe>{
    .ring = true, .ordered = true, .division = true, .analytic = true};

namespace axiograd::conformance {

/// A residue modulo 2^61 - 1 and a double beside it. Arithmetic acts on both; comparisons, max, min, abs and select look at
/// the double only.
///
/// exp, log, ... are uninterpreted functions: a keyed hash of the residue. What is true of them is then true of any function
/// with the declared derivative. `sqrt` is a root in the field; where the residue is no square, the root of its negative, and
/// `met_non_square` is set: an identity that uses sqrt(x)^2 = x must be tried again elsewhere.
class probe {
 public:
  probe() = default;
  explicit(false) probe(int x) : residue_(x), shadow_(x) {}
  explicit(false) probe(double x)
      : residue_(std::isfinite(x) ? prime_field(x)
                                  : hashed(0, prime_field(x > 0   ? 1
                                                          : x < 0 ? 2
                                                                  : 3))),
        shadow_(x) {}
  probe(prime_field residue, double shadow) : residue_(residue), shadow_(shadow) {}

  prime_field residue() const { return residue_; }
  double shadow() const { return shadow_; }

  friend probe operator+(const probe& a, const probe& b) { return {a.residue_ + b.residue_, a.shadow_ + b.shadow_}; }
  friend probe operator-(const probe& a, const probe& b) { return {a.residue_ - b.residue_, a.shadow_ - b.shadow_}; }
  friend probe operator*(const probe& a, const probe& b) { return {a.residue_ * b.residue_, a.shadow_ * b.shadow_}; }
  friend probe operator/(const probe& a, const probe& b) { return {a.residue_ / b.residue_, a.shadow_ / b.shadow_}; }
  friend probe operator-(const probe& a) { return {-a.residue_, -a.shadow_}; }
  friend bool operator>(const probe& a, const probe& b) { return a.shadow_ > b.shadow_; }
  friend constexpr bool operator==(const probe& a, const probe& b) { return a.residue_ == b.residue_; }

  friend probe max(const probe& a, const probe& b) { return a.shadow_ > b.shadow_ ? a : b; }
  friend probe min(const probe& a, const probe& b) { return b.shadow_ > a.shadow_ ? a : b; }
  friend probe abs(const probe& x) { return x.shadow_ < 0 ? -x : x; }

  friend probe exp(const probe& x) { return {hashed(1, x.residue_), std::exp(x.shadow_)}; }
  friend probe expm1(const probe& x) { return {hashed(2, x.residue_), std::expm1(x.shadow_)}; }
  friend probe log(const probe& x) { return {hashed(3, x.residue_), std::log(x.shadow_)}; }
  friend probe log1p(const probe& x) { return {hashed(4, x.residue_), std::log1p(x.shadow_)}; }
  friend probe tanh(const probe& x) { return {hashed(5, x.residue_), std::tanh(x.shadow_)}; }
  friend probe erf(const probe& x) { return {hashed(6, x.residue_), std::erf(x.shadow_)}; }
  friend probe sin(const probe& x) { return {hashed(7, x.residue_), std::sin(x.shadow_)}; }
  friend probe cos(const probe& x) { return {hashed(8, x.residue_), std::cos(x.shadow_)}; }
  friend probe erfc(const probe& x) { return {hashed(9, x.residue_), std::erfc(x.shadow_)}; }
  friend probe pow(const probe& x, const probe& y) {
    return {hashed(10, x.residue_ + hashed(11, y.residue_)), std::pow(x.shadow_, y.shadow_)};
  }
  friend probe sqrt(const probe& x) {
    const double shadow = std::sqrt(x.shadow_);
    if (const auto root = sqrt_of(x.residue_)) return {*root, shadow};
    met_non_square.store(true, std::memory_order_relaxed);
    return {*sqrt_of(-x.residue_), shadow};
  }

  inline static std::atomic<bool> met_non_square = false;

 private:
  static prime_field hashed(std::uint64_t key, prime_field x) {
    return prime_field(static_cast<std::int64_t>(mix(mix(x.value()) ^ (key << 56)) >> 2));
  }

  prime_field residue_;
  double shadow_ = 0;
};

}  // namespace axiograd::conformance

template <>
struct axiograd::constant_pi<axiograd::conformance::probe> {
  static conformance::probe value() { return {prime_field(static_cast<std::int64_t>(mix(3) >> 2)), std::numbers::pi}; }
};
