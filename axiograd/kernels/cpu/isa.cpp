#include <axiograd/kernels/cpu/isa.hpp>
#include <cstdlib>
#include <string_view>

namespace axiograd {

const char* to_string(isa set) {
  constexpr const char* names[]{"baseline", "avx2", "avx512"};
  return names[static_cast<int>(set)];
}

isa best_isa() {
  static const isa best = [] {
    isa found = isa::baseline;
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) found = isa::avx2;
    if (found == isa::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
      found = isa::avx512;
#endif
    if (const char* wanted = std::getenv("AXIOGRAD_ISA"); wanted != nullptr)
      for (const isa set : {isa::baseline, isa::avx2})
        if (std::string_view(wanted) == to_string(set) && set < found) found = set;
    return found;
  }();
  return best;
}

}  // namespace axiograd
