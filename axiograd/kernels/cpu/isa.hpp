#pragma once
// Instruction sets that the library is built for; which one this processor has is asked at run time.

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

}  // namespace axiograd
