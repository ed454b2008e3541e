#pragma once
// What the optimisers do to one entry, written over any number: `update(x, g, states...)` changes x and the states.

#include <axiograd/core/scalar/scalar.hpp>

namespace axiograd::nn {

/// b <- momentum b + (g + decay x), x <- x - rate b.
struct sgd_update {
  static constexpr int states = 1;
  float rate, momentum, decay;

  template <class T>
  void operator()(T& x, const T& g, T& b) const {
    b = T(static_cast<double>(momentum)) * b + (g + T(static_cast<double>(decay)) * x);
    x = x - T(static_cast<double>(rate)) * b;
  }
};

/// m <- keep1 m + (1 - keep1) g, v <- keep2 v + (1 - keep2) g^2, x <- shrink x - rate m / (sqrt(correction v) + epsilon).
struct adamw_update {
  static constexpr int states = 2;
  float keep1, keep2;
  float rate;        ///< the learning rate over the bias correction of m
  float correction;  ///< the bias correction of v
  float shrink, epsilon;

  template <class T>
  void operator()(T& x, const T& g, T& m, T& v) const {
    const auto number = [](float value) { return T(static_cast<double>(value)); };
    m = number(keep1) * m + number(1 - keep1) * g;
    v = number(keep2) * v + number(1 - keep2) * g * g;
    x = number(shrink) * x - number(rate) * m / (sqrt(v * number(correction)) + number(epsilon));
  }
};

}  // namespace axiograd::nn
