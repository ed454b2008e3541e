#pragma once
// Loops over the entries of a box.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/kernels/strided_copy.hpp>

namespace axiograd::impl {

// Calls body(from, to, count, from_stride, to_stride) for each innermost run of the box from `axis` on.
template <class F>
void for_each_line(const strided_copy& m, int axis, int64_t from, int64_t to, const F& body) {
  if (m.box.rank == 0) return body(from, to, int64_t{1}, int64_t{0}, int64_t{0});
  const auto a = static_cast<std::size_t>(axis);
  if (axis == m.box.rank - 1) return body(from, to, m.box[axis], m.from_stride[a], m.to_stride[a]);
  for (int64_t i = 0; i < m.box[axis]; ++i)
    for_each_line(m, axis + 1, from + i * m.from_stride[a], to + i * m.to_stride[a], body);
}

/// The axis along which neighbours lie side by side, -1 if there is none.
inline int contiguous_axis(const shape& box, const std::array<int64_t, max_rank>& stride) {
  for (int axis = 0; axis < box.rank; ++axis)
    if (box[axis] > 1 && stride[static_cast<std::size_t>(axis)] == 1) return axis;
  return -1;
}

/// A part of a transposition: entry (i, k) lies at from + i + k * from_step of the input, at to + i * to_step + k of the
/// output.
struct transposed_tile {
  static constexpr int64_t most = 32;
  int64_t from, to, from_step, to_step, rows, columns;
};

/// Calls body(from, to, count, from_stride, to_stride) for runs that make up the box; or, where input and output are contiguous
/// along different axes, tile_body(tile) for tiles of which both use whole cache lines.
template <class F, class G>
void for_each_run(const strided_copy& m, const F& body, const G& tile_body) {
  const int in = contiguous_axis(m.box, m.from_stride), out = contiguous_axis(m.box, m.to_stride);
  if (in < 0 || out < 0 || in == out) return for_each_line(m, 0, m.from, m.to, body);
  const int64_t rows = m.box[in], columns = m.box[out];
  const int64_t to_step = m.to_stride[static_cast<std::size_t>(in)], from_step = m.from_stride[static_cast<std::size_t>(out)];
  strided_copy others = m;
  others.box[in] = others.box[out] = 1;
  constexpr int64_t tile = transposed_tile::most;
  for_each_line(others, 0, m.from, m.to, [&](int64_t from, int64_t to, int64_t n, int64_t outer_from, int64_t outer_to) {
    for (int64_t k = 0; k < n; ++k, from += outer_from, to += outer_to)
      for (int64_t r = 0; r < rows; r += tile)
        for (int64_t c = 0; c < columns; c += tile)
          tile_body(transposed_tile{from + r + c * from_step, to + r * to_step + c, from_step, to_step,
                                    std::min(tile, rows - r), std::min(tile, columns - c)});
  });
}

/// out[j * out_step + i] = combine(what is there, in[i * in_step + j]) for i < rows, j < columns, both at most
/// transposed_tile::most: through a small copy, because neighbours that lie a power of two apart drive each other out of the
/// caches.
template <class T, class F>
void transpose_tile(const T* in, int64_t in_step, T* out, int64_t out_step, int64_t rows, int64_t columns, const F& combine) {
  constexpr int64_t step = transposed_tile::most;
  T local[static_cast<std::size_t>(step * step)];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) local[j * step + i] = in[i * in_step + j];
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = 0; i < rows; ++i) out[j * out_step + i] = combine(out[j * out_step + i], local[j * step + i]);
}

/// Calls body(part) for parts of the box, on several threads if that pays. Parts share no entry of what is written, by the
/// strides `written`; where those do not show it, the box is one part. The sizes alone say how it is cut.
template <class F>
void for_box_parts(work_meter& meter, const strided_copy& m, const std::array<int64_t, max_rank>& written, const F& body) {
  constexpr int64_t smallest_part = int64_t{1} << 15, enough = 8;
  const int64_t n = m.box.size();
  if (n == 0) return;  // some extents may be huge
  if (n < 2 * smallest_part) return body(m);
  strided_copy once{.box = m.box, .from_stride = written};  // without what is written again and again
  for (int axis = 0; axis < m.box.rank; ++axis)
    if (written[static_cast<std::size_t>(axis)] == 0) once.box[axis] = 1;
  int cut = 0;
  for (int axis = 1; axis < m.box.rank && once.box[cut] < enough; ++axis)
    if (once.box[axis] > once.box[cut]) cut = axis;
  const int64_t parts = std::min(once.box[cut], n / smallest_part);
  if (parts < 2 || !once.takes_once()) return body(m);
  meter.run_tasks(parts, n / parts, [&](int64_t p) {
    const int64_t begin = m.box[cut] * p / parts, end = m.box[cut] * (p + 1) / parts;
    strided_copy part = m;
    part.box[cut] = end - begin;
    part.from += begin * m.from_stride[static_cast<std::size_t>(cut)];
    part.to += begin * m.to_stride[static_cast<std::size_t>(cut)];
    body(part);
  });
}

}  // namespace axiograd::impl
