#pragma once
// Products by matrices whose entries never change: packed once, as the library likes to read them (docs/decisions/gemm.md).

#include <axiograd/kernels/cpu/gemm.hpp>

namespace axiograd {

/// The product, if b is constant and the library has a packed form for it; else false, and nothing has happened. y is not
/// transposed. Like `gemm` it is cut by the sizes alone. The form is made at the first call and kept in the chunk of b.
bool packed_product(const gemm_call<float>& call);

}  // namespace axiograd
