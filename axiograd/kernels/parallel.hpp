#pragma once
// Threads: one `parallel_for` for every kernel.

#include <cstdint>

namespace axiograd {

/// Threads that kernels may use; at first the number of processors, or AXIOGRAD_NUM_THREADS.
int num_threads();
/// Sets it; less than 1 means 1. Results do not depend on it.
void set_num_threads(int n);

namespace impl {
void parallel_blocks(std::int64_t blocks, void (*body)(const void* context, std::int64_t block), const void* context);
}

/// Calls body(block) for each of 0 .. blocks-1, in any order and on several threads. Blocks must not write to the same place.
template <class F>
void parallel_for(std::int64_t blocks, const F& body) {
  if (blocks <= 1) {
    if (blocks == 1) body(std::int64_t{0});
    return;
  }
  impl::parallel_blocks(
      blocks, [](const void* context, std::int64_t block) { (*static_cast<const F*>(context))(block); }, &body);
}

}  // namespace axiograd
