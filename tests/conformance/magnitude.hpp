#pragma once

#include <algorithm>
#include <axiograd/core/scalar/scalar.hpp>
#include <cmath>

namespace axiograd::conformance {

/// The size of a computation: every difference counts as a sum, so that the specification run on |x| gives the sum of the
/// absolute values of all terms, with the number of roundings on the longest way to it. Any order of summation errs by at most
/// gamma_depth times the size (Higham 2002, section 3.1).
class magnitude {
 public:
  magnitude() = default;
  explicit(false) magnitude(int x) : size_(std::abs(static_cast<double>(x))) {}
  explicit(false) magnitude(double x) : size_(std::abs(x)) {}

  double size() const { return size_; }
  int depth() const { return depth_; }

  friend magnitude operator+(const magnitude& a, const magnitude& b) {
    return {a.size_ + b.size_, std::max(a.depth_, b.depth_) + 1};
  }
  friend magnitude operator-(const magnitude& a, const magnitude& b) { return a + b; }
  friend magnitude operator-(const magnitude& a) { return a; }
  friend magnitude operator*(const magnitude& a, const magnitude& b) { return {a.size_ * b.size_, a.depth_ + b.depth_ + 1}; }
  friend magnitude operator/(const magnitude& a, const magnitude& b) { return {a.size_ / b.size_, a.depth_ + b.depth_ + 1}; }
  friend bool operator==(const magnitude&, const magnitude&) = default;

 private:
  magnitude(double size, int depth) : size_(size), depth_(depth) {}
  double size_ = 0;
  int depth_ = 0;
};

}  // namespace axiograd::conformance

template <>
inline constexpr axiograd::algebra axiograd::algebra_of<axiograd::conformance::magnitude>{.ring = true, .division = true};
