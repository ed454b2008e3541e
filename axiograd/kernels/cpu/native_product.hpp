#pragma once
// Our own matrix product: every entry is one chain of fused multiply-adds over k, in blocks of fixed length, whatever the
// instruction set, the tile or the size of the matrices around it.

#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/cpu/isa.hpp>

namespace axiograd {

/// One product on one thread, y row-major. Defined and instantiated in the units of each instruction set (simd_product.hpp).
template <class T, isa Set>
struct native_product {
  static void run(const gemm_call<T>& c);
};

/// The product for this processor.
template <class T>
void product(const gemm_call<T>& c) {
  with_best_isa([&]<isa Set> { native_product<T, Set>::run(c); });
}

}  // namespace axiograd
