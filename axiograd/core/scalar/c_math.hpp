#pragma once
// The C library's functions of numbers. Not by <cmath>: with its special functions, which nobody needs here, including the
// library took the compiler a tenth longer.

#include <concepts>
#include <type_traits>
#ifdef __CUDACC__
#include <cmath>
#endif

namespace axiograd {

#ifdef __CUDACC__
#define AXG_C_FUNCTION(name) using std::name;
#define AXG_C_FUNCTION_2(name) using std::name;
#define AXG_C_FUNCTION_3(name) using std::name;
#define AXG_C_PREDICATE(name) using std::name;
#else
namespace impl {
template <class T>
concept c_number = std::is_arithmetic_v<T>;
/// What the functions compute in: double for whole numbers.
template <c_number... T>
using c_result = decltype((std::conditional_t<std::integral<T>, double, T>{} + ...));
}  // namespace impl

/// The compiler's own function for the type R.
#define AXG_C_CALL(name, ...)                 \
  if constexpr (std::same_as<R, float>)       \
    return __builtin_##name##f(__VA_ARGS__);  \
  else if constexpr (std::same_as<R, double>) \
    return __builtin_##name(__VA_ARGS__);     \
  else                                        \
    return __builtin_##name##l(__VA_ARGS__);
#define AXG_C_FUNCTION(name)              \
  template <impl::c_number T>             \
  constexpr impl::c_result<T> name(T x) { \
    using R = impl::c_result<T>;          \
    AXG_C_CALL(name, static_cast<R>(x))   \
  }
#define AXG_C_FUNCTION_2(name)                             \
  template <impl::c_number T, impl::c_number U>            \
  constexpr impl::c_result<T, U> name(T x, U y) {          \
    using R = impl::c_result<T, U>;                        \
    AXG_C_CALL(name, static_cast<R>(x), static_cast<R>(y)) \
  }
#define AXG_C_FUNCTION_3(name)      \
  template <std::floating_point R>  \
  constexpr R name(R x, R y, R z) { \
    AXG_C_CALL(name, x, y, z)       \
  }
#define AXG_C_PREDICATE(name)      \
  template <std::floating_point T> \
  constexpr bool name(T x) {       \
    return __builtin_##name(x);    \
  }
#endif

AXG_C_FUNCTION(cos)
AXG_C_FUNCTION(erf)
AXG_C_FUNCTION(erfc)
AXG_C_FUNCTION(exp)
AXG_C_FUNCTION(expm1)
AXG_C_FUNCTION(log)
AXG_C_FUNCTION(log1p)
AXG_C_FUNCTION_2(pow)
AXG_C_FUNCTION(sin)
AXG_C_FUNCTION(sqrt)
AXG_C_FUNCTION(tanh)

#ifndef __CUDACC__
/// The C library's for doubles is off by 3 ULP and more (glibc 2.36 at 1.236); its own for long doubles, rounded, by half of
/// one where those are longer.
inline double erfc(double x) { return static_cast<double>(__builtin_erfcl(x)); }
#endif

/// Those that are no words of operators.
namespace c_math {
AXG_C_FUNCTION(fabs)
AXG_C_FUNCTION_2(copysign)
AXG_C_FUNCTION_2(fmax)
AXG_C_FUNCTION_2(fmin)
AXG_C_FUNCTION_3(fma)
AXG_C_PREDICATE(isfinite)
AXG_C_PREDICATE(isinf)
AXG_C_PREDICATE(isnan)
AXG_C_PREDICATE(signbit)
}  // namespace c_math

#undef AXG_C_CALL
#undef AXG_C_FUNCTION
#undef AXG_C_FUNCTION_2
#undef AXG_C_FUNCTION_3
#undef AXG_C_PREDICATE

}  // namespace axiograd
