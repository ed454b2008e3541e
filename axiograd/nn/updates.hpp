#pragma once
// What the optimisers do to one entry, written over any number: `update(x, g, states...)` changes x and the states.
//
// Each constant is computed in double and rounded once. A factor beta that a state is multiplied by at every step is kept as
// the sum of two floats: rounded to one, 0.9 would move the mean of equal gradients by four times the rounding of its result,
// and 1 - 0.999 taken of a rounded 0.999 is wrong by 1.3e-5.

#include <axiograd/core/scalar/scalar.hpp>

namespace axiograd::nn {

/// A double as the sum of two floats.
struct float_pair {
  float high, low;

  explicit constexpr float_pair(double x)
      : high(static_cast<float>(x)), low(static_cast<float>(x - static_cast<double>(high))) {}
  /// this x + rest
  template <class T>
  T times_plus(const T& x, const T& rest) const {
    return T(static_cast<double>(high)) * x + (T(static_cast<double>(low)) * x + rest);
  }
};

/// b <- momentum b + (g + decay x), x <- x - rate b.
struct sgd_update {
  static constexpr int states = 1;
  float_pair momentum;
  float rate, decay;

  template <class T>
  void operator()(T& x, const T& g, T& b) const {
    b = momentum.times_plus(b, g + T(static_cast<double>(decay)) * x);
    x = x - T(static_cast<double>(rate)) * b;
  }
};

/// m <- keep1 m + take1 g, v <- keep2 v + take2 g^2, x <- x - (decay x + rate m / (sqrt(correction v) + epsilon)).
struct adamw_update {
  static constexpr int states = 2;
  float take1, take2;  ///< 1 - beta
  float_pair keep1{1 - static_cast<double>(take1)}, keep2{1 - static_cast<double>(take2)};
  float rate;        ///< the learning rate over the bias correction of m
  float correction;  ///< the bias correction of v
  float decay;       ///< the learning rate times the weight decay
  float epsilon;

  template <class T>
  void operator()(T& x, const T& g, T& m, T& v) const {
    const auto number = [](float value) { return T(static_cast<double>(value)); };
    m = keep1.times_plus(m, number(take1) * g);
    v = keep2.times_plus(v, number(take2) * g * g);
    x = x - (number(decay) * x + number(rate) * m / (sqrt(v * number(correction)) + number(epsilon)));
  }
};

struct sgd_options;
struct adamw_options;
/// The rule with its constants, for step 1, 2, ...
sgd_update rule_of(const sgd_options& o);
adamw_update rule_of(const adamw_options& o, std::int64_t step);

}  // namespace axiograd::nn
