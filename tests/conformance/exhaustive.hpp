#pragma once
// All 2^32 floats: rung 4 without gaps.

#include "check.hpp"

namespace axiograd::conformance {

/// The largest errors of one kernel, in ULP.
struct largest_error {
  double anywhere = 0;               ///< without a floor
  double above_floor = 0;            ///< among errors above the floor beside zeros: the least bound that could be declared
  std::uint64_t at = ~0ull;          ///< bits of the float with the error above the floor
  std::uint64_t saved_by_floor = 0;  ///< errors above the declared ULP, below the floor
  void merge(const largest_error& e);
};

/// What one pass over floats found.
struct exhaustive_result {
  std::uint64_t inputs = 0;  ///< compared
  std::uint64_t poles = 0;   ///< of them without a number to compare with, such as 1/0; more than a few are a failure
  largest_error value, derivative;
  outcome found;
  void merge(const exhaustive_result& r);
};

/// Floats in one block of neighbours.
inline constexpr std::uint64_t floats_in_block = 4096;

/// Whether the operator has the form: one tensor input, elementwise.
bool can_be_exhausted(const subject& s);
/// Compares the library's float kernels of the value and of the derivative with enclosures of the exact ones on the floats with
/// the bit patterns from `first` (a multiple of 4,096) up to `first + count`, of which only one block in `stride` is taken; on
/// num_threads() threads.
exhaustive_result exhaust(const subject& s, std::uint64_t first, std::uint64_t count, std::uint64_t stride = 1);

}  // namespace axiograd::conformance
