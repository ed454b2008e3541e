#pragma once

#include <axiograd/core/scalar/smooth.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>

namespace axiograd::impl {

/// sigmoid(-|x|): what keeps its digits of sigmoid(x) and of 1 - sigmoid(x) far out.
template <analytic T>
AXG_HD constexpr T smaller_sigmoid(const T& x) {
  const T e = exp(-abs_by_branch(x));
  return e / (T(1) + e);
}

}  // namespace axiograd::impl
