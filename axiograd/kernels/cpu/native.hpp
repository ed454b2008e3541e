#pragma once
// The fast kernels of an operator: one instantiation of its definition per instruction set, chosen at run time.

#include <axiograd/kernels/spans.hpp>

namespace axiograd {

enum class isa : unsigned char { baseline, avx2, avx512 };
/// The best instruction set of this processor that the library was built for; AXIOGRAD_ISA=baseline|avx2|avx512 lowers it.
isa best_isa();
const char* to_string(isa set);

/// Kernels over SIMD vectors; defined and instantiated in the units of each instruction set (simd_kernels.hpp).
template <class Op, class T, isa Set>
struct native {
  static span_kernels<T> spans();
  static row_kernels<T> rows();
};

/// The choice for this processor, made at the first call.
template <class Op, class T>
struct native_kernels {
  static const span_kernels<T>& spans() {
    static const span_kernels<T> chosen = [] {
      switch (best_isa()) {
#ifdef AXG_BUILT_FOR_X86
        case isa::avx512: return native<Op, T, isa::avx512>::spans();
        case isa::avx2: return native<Op, T, isa::avx2>::spans();
#endif
        default: return native<Op, T, isa::baseline>::spans();
      }
    }();
    return chosen;
  }
  static const row_kernels<T>& rows() {
    static const row_kernels<T> chosen = [] {
      switch (best_isa()) {
#ifdef AXG_BUILT_FOR_X86
        case isa::avx512: return native<Op, T, isa::avx512>::rows();
        case isa::avx2: return native<Op, T, isa::avx2>::rows();
#endif
        default: return native<Op, T, isa::baseline>::rows();
      }
    }();
    return chosen;
  }
};

}  // namespace axiograd
