#pragma once

#include <axiograd/core/scalar/scalar.hpp>

namespace axiograd {

/// (e^x + e^-x) / 2 from e^(|x|/2), which overflows no sooner than the result.
template <analytic T>
AXG_HD constexpr T hyperbolic_cosine(const T& x) {
  const T half = exp(abs(x) / T(2));
  return T(0.5) * half * half + T(0.5) / half / half;
}

/// (e^x - e^-x) / 2: from expm1 near 0, where the exponentials cancel, and from e^(|x|/2) far out.
template <analytic T>
AXG_HD constexpr T hyperbolic_sine(const T& x) {
  const T a = abs(x);
  const T half = exp(a / T(2));
  const T m = expm1(a);
  const T y = select(a > T(40), T(0.5) * half * half - T(0.5) / half / half, T(0.5) * (m + m / (m + T(1))));
  return select(x > T(0), y, -y);
}

}  // namespace axiograd
