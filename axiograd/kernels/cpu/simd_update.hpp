#pragma once
// Included only by the units of one instruction set.

#include <axiograd/core/scalar/simd.hpp>
#include <axiograd/kernels/cpu/native_update.hpp>

namespace axiograd {

template <class Rule, isa Set>
void native_update<Rule, Set>::run(const Rule& given, float* x, const float* g, float* const* states, int64_t n) {
  using S = simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<float>>>;
  const Rule rule = given;  // its numbers stay in registers
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    float* const state[]{states[I]...};
    int64_t i = 0;
    for (; i + S::lanes <= n; i += S::lanes) {
      S value = S::load(x + i), s[]{S::load(state[I] + i)...};
      rule(value, S::load(g + i), s[I]...);
      value.store(x + i);
      (s[I].store(state[I] + i), ...);
    }
    if (const int left = static_cast<int>(n - i); left > 0) {
      S value = S::load_first(x + i, left), s[]{S::load_first(state[I] + i, left)...};
      rule(value, S::load_first(g + i, left), s[I]...);
      value.store_first(x + i, left);
      (s[I].store_first(state[I] + i, left), ...);
    }
  }(std::make_index_sequence<static_cast<std::size_t>(Rule::states)>{});
}

}  // namespace axiograd
