#pragma once

#include <axiograd/core/scalar/smooth.hpp>

namespace axiograd {

/// (e^x + e^-x) / 2 from e^(|x|/2), which overflows no sooner than the result.
template <analytic T>
AXG_HD constexpr T hyperbolic_cosine(const T& x) {
  const T half = exp(abs_by_branch(x) / T(2));
  return T(0.5) * half * half + T(0.5) / half / half;
}

/// (e^x - e^-x) / 2: from expm1 near 0, where the exponentials cancel, and from e^(|x|/2) far out. Of a zero, that zero.
template <analytic T>
AXG_HD constexpr T hyperbolic_sine(const T& x) {
  const T a = abs_by_branch(x);
  const T half = exp(a / T(2));
  const T m = expm1(a);
  const T y = select(a > T(40), T(0.5) * half * half - T(0.5) / half / half, T(0.5) * (m + m / (m + T(1))));
  T with_sign = select(x > T(0), y, -y);
  if constexpr (rounds<T>)
    return select(a > T(0), with_sign, x);
  else
    return with_sign;
}

// On duals each is the other's derivative: no branch is differentiated, and nothing overflows before the result.
template <analytic T>
AXG_HD constexpr dual<T> hyperbolic_cosine(const dual<T>& x) {
  return {hyperbolic_cosine(x.v), hyperbolic_sine(x.v) * x.d};
}
template <analytic T>
AXG_HD constexpr dual<T> hyperbolic_sine(const dual<T>& x) {
  return {hyperbolic_sine(x.v), hyperbolic_cosine(x.v) * x.d};
}

}  // namespace axiograd
