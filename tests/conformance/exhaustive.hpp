#pragma once
// All 2^32 floats: rung 4 without gaps.

#include "check.hpp"

namespace axiograd::conformance {

/// What one pass over the floats found.
struct exhaustive_result {
  std::uint64_t inputs = 0;             ///< compared
  double value_ulp = 0, slope_ulp = 0;  ///< the largest errors among those beyond the floor
  std::uint64_t beside_zeros = 0;       ///< errors above the declared ULP, below the floor
  outcome found;
};

/// Whether the operator has the form: one tensor input, elementwise.
bool can_be_exhausted(const subject& s);
/// Compares the library's float kernels of the value and of the derivative with the double kernels on the floats with the bit
/// patterns from `first` up to `first + count`. What looks wrong, and one input in 2^14, is computed again in 300-bit balls,
/// which decide.
void exhaust(const subject& s, std::uint64_t first, std::uint64_t count, exhaustive_result& r);

}  // namespace axiograd::conformance
