#pragma once
// How a tensor's entries lie in memory.

#include <axiograd/core/shape.hpp>
#include <axiograd/kernels/grain.hpp>

namespace axiograd {

/// Row-major, or as convolution libraries like images (N, C, n...): with their channels in blocks, (N, C/block, n..., block).
/// Only the engine sees the second (docs/decisions/fusion.md); C is a multiple of the block then.
struct layout {
  std::uint8_t block = 0;  ///< channels side by side; 0: row-major

  constexpr bool row_major() const { return block == 0; }
  friend constexpr bool operator==(const layout&, const layout&) = default;
};

namespace impl {
/// Calls each(place in row-major order, place in blocks) for all entries, several images' blocks side by side.
template <class F>
void for_places_in_blocks(const shape& images, layout in_blocks, const F& each) {
  const int64_t block = in_blocks.block, positions = images.from(2).size(), blocks = images[0] * images[1] / block;
  static work_meter meter;
  meter.run_tasks(blocks, block * positions, [&](int64_t b) {
    for (int64_t p = 0; p < positions; ++p)
      for (int64_t c = 0; c < block; ++c) each((b * block + c) * positions + p, (b * positions + p) * block + c);
  });
}
}  // namespace impl

/// Images in blocks from row-major ones; adds to what is there if `adds`.
template <class T>
void into_blocks(const T* x, T* y, const shape& images, layout in_blocks, bool adds = false) {
  if (adds)
    impl::for_places_in_blocks(images, in_blocks, [&](int64_t from, int64_t to) { y[to] = y[to] + x[from]; });
  else
    impl::for_places_in_blocks(images, in_blocks, [&](int64_t from, int64_t to) { y[to] = x[from]; });
}
/// Row-major images from those in blocks.
template <class T>
void out_of_blocks(const T* x, T* y, const shape& images, layout in_blocks) {
  impl::for_places_in_blocks(images, in_blocks, [&](int64_t to, int64_t from) { y[to] = x[from]; });
}

}  // namespace axiograd
