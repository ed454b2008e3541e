#pragma once
// Included only by the units of one instruction set: the operators' definitions over Highway vectors.

#include <axiograd/families/elementwise.hpp>
#include <axiograd/families/isa_kernels.hpp>
#include <axiograd/kernels/cpu/simd_packet.hpp>

namespace axiograd {

template <class Op, class T, isa Set>
kernels_type<Op, T> isa_kernels<Op, T, Set>::make() {
  if constexpr (std::same_as<kernels_type<Op, T>, no_kernels>)
    return {};
  else
    return kernels_by<Op, impl::native_simd<T>>();
}

}  // namespace axiograd
