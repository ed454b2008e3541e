#pragma once
// Rung 8 beyond single operators: random programs of many, on one tape.

#include "check.hpp"

namespace axiograd::conformance {

/// Random programs over the prime field: for random u and v, <v, J u> by forward mode, run without a tape, equals <J^T v, u>
/// by the tape's reverse pass, exactly. So many programs; the figure counts what was decided.
outcome adjoint_programs(std::span<const subject* const> operators, const settings& set, int programs);

/// Random programs of floats: values and gradients have the same bits on 1, 2, 3 and 7 threads and, for elementwise and rowwise
/// operators, on AVX2 and AVX-512.
outcome same_bits_programs(std::span<const subject* const> operators, const settings& set, int programs);

}  // namespace axiograd::conformance
