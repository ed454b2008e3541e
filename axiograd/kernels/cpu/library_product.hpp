#pragma once
// The library for large products and convolutions of floats: oneDNN, or none (AXIOGRAD_ONEDNN=OFF, without_library.cpp).

#include <axiograd/kernels/cpu/gemm.hpp>
#include <string>

namespace axiograd {

/// The product on this thread; y is not transposed. False if the library cannot: then nothing has happened. Throws
/// std::bad_alloc.
bool library_product(const gemm_call<float>& call);

/// Name and version of the library in use, such as "oneDNN 2.6.3"; empty for none.
std::string library_in_use();

}  // namespace axiograd
