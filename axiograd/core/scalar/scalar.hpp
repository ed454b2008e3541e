#pragma once
// The number lattice: which algebra a type offers, and the vocabulary that operators are written in.

#include <axiograd/core/scalar/c_math.hpp>
#include <concepts>
#include <cstdint>
#include <numbers>
#include <optional>
#include <stdexcept>

/// Marks a function that must also compile for the CUDA device.
#ifdef __CUDACC__
#define AXG_HD __host__ __device__
#else
#define AXG_HD
#endif

namespace axiograd {

/// What a number type offers beyond copying. Each type specialises `algebra_of` beside its definition.
struct algebra {          // structural: archetypes are templates over it
  bool ring = false;      ///< 0, 1, + - * and negation
  bool ordered = false;   ///< a > b, select, max, min, abs
  bool division = false;  ///< a / b
  bool analytic = false;  ///< exp, log, tanh, ... and pi
};

template <class T>
inline constexpr algebra algebra_of{};
template <std::floating_point T>
inline constexpr algebra algebra_of<T>{.ring = true, .ordered = true, .division = true, .analytic = true};

/// A number of any kind the library knows; what operators are templates over.
template <class T>
concept scalar = algebra_of<T>.ring;

/// Numbers with + - * and negation, constructible from integers.
template <class T>
concept ring = scalar<T> && std::constructible_from<T, int> && requires(const T& a, const T& b) {
  { a + b } -> std::convertible_to<T>;
  { a - b } -> std::convertible_to<T>;
  { a* b } -> std::convertible_to<T>;
  { -a } -> std::convertible_to<T>;
};

/// A ring with an order; `a > b` gives a condition for `select` (a bool, a lane mask, or "maybe").
template <class T>
concept ordered_ring = ring<T> && algebra_of<T>.ordered && requires(const T& a, const T& b) { a > b; };

/// A ring with division.
template <class T>
concept field = ring<T> && algebra_of<T>.division && requires(const T& a, const T& b) {
  { a / b } -> std::convertible_to<T>;
};

/// An ordered field with the elementary functions.
template <class T>
concept analytic = field<T> && ordered_ring<T> && algebra_of<T>.analytic;

/// Branch on numbers, `condition ? a : b`: SIMD lanes blend, an undecided interval returns the hull.
template <class T>
AXG_HD constexpr T select(bool condition, const T& a, const T& b) {
  return condition ? a : b;
}

/// IEEE 754-2019 maximum, except that zeros of either sign are equal: NaN wins.
template <std::floating_point T>
AXG_HD constexpr T max(T a, T b) {
  return a != a || a > b ? a : b;
}
/// IEEE 754-2019 minimum, except that zeros of either sign are equal: NaN wins.
template <std::floating_point T>
AXG_HD constexpr T min(T a, T b) {
  return a != a || b > a ? a : b;
}
template <std::floating_point T>
AXG_HD constexpr T abs(T x) {
  return c_math::fabs(x);
}

/// x y - product, where `product` is x y rounded. Types that round have one; the others need none.
template <std::floating_point T>
AXG_HD constexpr T product_error(T x, T y, T product) {
  return c_math::fma(x, y, -product);
}
/// a - x y, exactly where x is a / y rounded.
template <std::floating_point T>
AXG_HD constexpr T residual(T a, T x, T y) {
  return c_math::fma(-x, y, a);
}

/// exp(-c x^2) for c > 0, a power of two. The rounding of a large square would cost its result as many ULP: it is undone.
template <class T>
AXG_HD constexpr T gaussian(const T& x, const T& c) {
  const T square = x * x;
  T y = exp(-(c * square));
  if constexpr (requires { product_error(x, x, square); })
    return select(y > T(0), y - y * (c * product_error(x, x, square)), y);
  else
    return y;
}

/// The value of pi in T. Each analytic type specialises it.
template <class T>
struct constant_pi;
template <std::floating_point T>
struct constant_pi<T> {
  AXG_HD static constexpr T value() { return std::numbers::pi_v<T>; }
};
template <analytic T>
AXG_HD constexpr T pi() {
  return constant_pi<T>::value();
}

/// An exact constant n / d; converted by division in T, so that rational runs mean the same number.
struct ratio {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;

  AXG_HD constexpr ratio() {}
  AXG_HD constexpr ratio(std::int64_t above, std::int64_t below) : numerator(above), denominator(below) {}
  /// That of the number's shortest decimal: 1e-5 is 1 / 100'000. Throws std::invalid_argument where it has more than 18 digits
  /// behind the point, or 15 altogether, as no decimal that is written down has.
  template <std::floating_point T>
  constexpr ratio(T decimal) : ratio(of_decimal_or_throw(decimal)) {}

  /// The same; nothing where it throws.
  template <std::floating_point T>
  static constexpr std::optional<ratio> of_decimal(T number) {
    const auto x = static_cast<double>(number);
    if (!(x > -1e15 && x < 1e15)) return std::nullopt;
    std::int64_t power = 1;
    for (int digits = 0; digits <= 18; ++digits, power *= 10) {
      const double scaled = x * static_cast<double>(power);
      if (!(scaled > -1e15 && scaled < 1e15)) break;
      const auto above = static_cast<std::int64_t>(scaled + (x < 0 ? -0.5 : 0.5));
      if (static_cast<T>(static_cast<double>(above) / static_cast<double>(power)) == number) return ratio(above, power);
      if (digits == 18) break;
    }
    return std::nullopt;
  }

  template <field T>
  AXG_HD constexpr T as() const {
    return T(static_cast<double>(numerator)) / T(static_cast<double>(denominator));
  }
  friend constexpr bool operator==(ratio, ratio) = default;

 private:
  template <std::floating_point T>
  static constexpr ratio of_decimal_or_throw(T x) {
    const auto found = of_decimal(x);
    if (!found) throw std::invalid_argument("ratio: the number is no short decimal");
    return *found;
  }
};

/// The default stabiliser of the contract, 1e-6.
inline constexpr ratio default_epsilon{1, 1'000'000};

}  // namespace axiograd
