#pragma once
// Products of floats on the processor's matrix tiles (AMX): operands as sums of bf16 numbers, products added up in float.

#include <axiograd/kernels/cpu/gemm.hpp>

namespace axiograd {

/// Whether this processor, this system and this build have matrix tiles.
bool has_tiles();
/// One product on one thread, y row-major; every operand is cut into `parts` bf16 numbers: with 1 part one product of bf16,
/// with 2 three of them, with 3 six. Only where has_tiles().
void tile_product(const gemm_call<float>& c, int parts);

}  // namespace axiograd
