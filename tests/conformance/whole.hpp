#pragma once

#include <axiograd/core/scalar/scalar.hpp>
#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace axiograd::conformance {

/// A whole number or a fraction with denominator 256, exact: overflow and results off that grid throw std::range_error.
class whole {
 public:
  whole() = default;
  explicit(false) whole(int x) : units_(std::int64_t{x} * unit) {}
  explicit(false) whole(double x) : units_(static_cast<std::int64_t>(x * unit)) {
    if (static_cast<double>(units_) != x * unit) throw std::range_error("whole: a constant is not a multiple of 1/256");
  }
  double to_double() const { return static_cast<double>(units_) / unit; }

  friend whole operator+(whole a, whole b) { return narrowed(wide{a.units_} + b.units_); }
  friend whole operator-(whole a, whole b) { return narrowed(wide{a.units_} - b.units_); }
  friend whole operator-(whole a) { return narrowed(-wide{a.units_}); }
  friend whole operator*(whole a, whole b) {
    const wide product = wide{a.units_} * b.units_;
    if (product % unit != 0) throw std::range_error("whole: a product is not a multiple of 1/256");
    return narrowed(product / unit);
  }
  friend bool operator>(whole a, whole b) { return a.units_ > b.units_; }
  friend bool operator==(whole a, whole b) = default;
  friend whole max(whole a, whole b) { return a > b ? a : b; }
  friend whole min(whole a, whole b) { return b > a ? a : b; }
  friend whole abs(whole x) { return x.units_ < 0 ? -x : x; }

 private:
  __extension__ using wide = __int128;
  static constexpr std::int64_t unit = 256;
  static whole narrowed(wide units) {
    whole x;
    x.units_ = static_cast<std::int64_t>(units);
    if (x.units_ != units) throw std::range_error("whole: overflow");
    return x;
  }
  std::int64_t units_ = 0;
};

}  // namespace axiograd::conformance

template <>
inline constexpr axiograd::algebra axiograd::algebra_of<axiograd::conformance::whole>{.ring = true, .ordered = true};
