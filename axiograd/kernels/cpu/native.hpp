#pragma once
// The fast kernels of an operator: one instantiation of its definition per instruction set, chosen at run time.

#include <axiograd/kernels/spans.hpp>

namespace axiograd {

enum class isa : unsigned char { baseline, avx2, avx512 };
/// The best instruction set of this processor that the library was built for; AXIOGRAD_ISA=baseline|avx2|avx512 lowers it.
isa best_isa();
const char* to_string(isa set);

/// f<Set>() for the best instruction set.
template <class F>
decltype(auto) with_best_isa(const F& f) {
  switch (best_isa()) {
#ifdef __x86_64__
    case isa::avx512: return f.template operator()<isa::avx512>();
    case isa::avx2: return f.template operator()<isa::avx2>();
#endif
    default: return f.template operator()<isa::baseline>();
  }
}

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
    static const span_kernels<T>& chosen = choose_spans();
    return chosen;
  }
  static const row_kernels<T>& rows() {
    static const row_kernels<T> chosen = with_best_isa([]<isa Set> { return native<Op, T, Set>::rows(); });
    return chosen;
  }

 private:
  // By itself: every small step calls spans(), which has nothing on its stack then.
  [[gnu::noinline]] static const span_kernels<T>& choose_spans() {
    static const span_kernels<T> made = with_best_isa([]<isa Set> { return native<Op, T, Set>::spans(); });
    return made;
  }
};

}  // namespace axiograd
