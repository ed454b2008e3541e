#include <atomic>
#include <axiograd/kernels/cpu/tile_product.hpp>
#include <axiograd/kernels/precision.hpp>
#include <cstdio>

namespace axiograd {
namespace {
thread_local precision chosen = precision::fp32;
}  // namespace

const char* to_string(precision p) {
  constexpr const char* names[]{"fp32", "reproducible_fp32", "fp32_split6", "fp32_split3", "bf16"};
  return names[static_cast<unsigned>(p)];
}

precision current_precision() { return chosen; }

precision available(precision wanted) {
  if (wanted == precision::fp32 || wanted == precision::reproducible_fp32 || has_tiles()) return wanted;
  static std::atomic<bool> said{false};
  if (!said.exchange(true))
    std::fprintf(stderr, "axiograd: this processor has no matrix tiles (AMX): products run in fp32 where %s was asked for\n",
                 to_string(wanted));
  return precision::fp32;
}

precision_scope::precision_scope(precision p) : before_(chosen) { chosen = p; }
precision_scope::~precision_scope() { chosen = before_; }

}  // namespace axiograd
