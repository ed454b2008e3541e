#pragma once
// In-place updates of contiguous floats by a rule written over any number, one instantiation per instruction set.

#include <axiograd/core/shape.hpp>
#include <axiograd/kernels/cpu/isa.hpp>

namespace axiograd {

/// x and the states change by rule(x, g, states...) entry by entry; `states` holds Rule::states pointers.
/// Defined and instantiated in the units of each instruction set (simd_update.hpp).
template <class Rule, isa Set>
struct native_update {
  static void run(const Rule& rule, float* x, const float* g, float* const* states, int64_t n);
};

/// The update for this processor.
template <class Rule>
void update(const Rule& rule, float* x, const float* g, float* const* states, int64_t n) {
  with_best_isa([&]<isa Set> { native_update<Rule, Set>::run(rule, x, g, states, n); });
}

}  // namespace axiograd
