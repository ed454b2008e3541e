#pragma once
// The fast kernels of an operator: one instantiation of its definition per instruction set, chosen at run time.

#include <axiograd/families/family.hpp>
#include <axiograd/kernels/cpu/isa.hpp>

namespace axiograd {

/// Kernels over SIMD vectors; defined and instantiated in the units of each instruction set (simd_kernels.hpp).
template <class Op, class T, isa Set>
struct isa_kernels {
  static kernels_type<Op, T> make();
};

/// The choice for this processor, made at the first call.
template <class Op, class T>
struct native_kernels {
  static const kernels_type<Op, T>& get() {
    static const kernels_type<Op, T>& chosen = choose();
    return chosen;
  }

 private:
  // By itself: every small step calls get(), which has nothing on its stack then.
  [[gnu::noinline]] static const kernels_type<Op, T>& choose() {
    static const kernels_type<Op, T> made = with_best_isa([]<isa Set> { return isa_kernels<Op, T, Set>::make(); });
    return made;
  }
};

}  // namespace axiograd
