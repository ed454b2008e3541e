#pragma once
// The reverse of a box that repeats entries: sums over the axes along which it does.

#include <axiograd/kernels/column_sums.hpp>
#include <axiograd/kernels/strided_runs.hpp>
#include <axiograd/kernels/sum_run.hpp>
#include <optional>

namespace axiograd::impl {

/// Whether the box has several entries along an axis and takes the same one again and again.
inline bool repeats(const strided_copy& m, int axis) {
  return m.box[axis] > 1 && m.from_stride[static_cast<std::size_t>(axis)] == 0;
}

/// A box as outer x n x inner entries of dy, row-major, that are summed along n.
struct summed_columns {
  int64_t outer = 1, n = 1, inner = 1;
};
/// The box as such a sum, if it is one and the result is row-major too.
inline std::optional<summed_columns> as_columns(const strided_copy& m) {
  summed_columns c;
  int64_t of_dy = 1, of_dx = 1;
  for (int axis = m.box.rank; axis-- > 0;) {
    const auto a = static_cast<std::size_t>(axis);
    if (m.box[axis] == 1) continue;
    if (m.to_stride[a] != of_dy) return std::nullopt;
    of_dy *= m.box[axis];
    if (repeats(m, axis)) {
      if (c.outer > 1) return std::nullopt;
      c.n *= m.box[axis];
      continue;
    }
    if (m.from_stride[a] != of_dx) return std::nullopt;
    of_dx *= m.box[axis];
    (c.n > 1 ? c.outer : c.inner) *= m.box[axis];
  }
  return c;
}

/// dx += dy back along the box, one term after the other but for runs of one entry.
template <class T>
void add_back_in_turn(const strided_copy& m, const T* dy, T* dx) {
  const auto run = [&](int64_t from, int64_t to, int64_t n, int64_t from_step, int64_t to_step) {
    if (from_step == 1 && to_step == 1)
      for (int64_t i = 0; i < n; ++i) dx[from + i] = dx[from + i] + dy[to + i];
    else if (from_step == 0)
      dx[from] = dx[from] + sum_run(dy + to, n, to_step);
    else
      for (int64_t i = 0; i < n; ++i) dx[from + i * from_step] = dx[from + i * from_step] + dy[to + i * to_step];
  };
  for_each_run(m, run, [&](const transposed_tile& t) {
    transpose_tile(dy + t.to, t.to_step, dx + t.from, t.from_step, t.rows, t.columns,
                   [](const T& before, const T& value) { return before + value; });
  });
}

/// The same where entries are taken more often than a block has terms: blocks of positions of the repeated axes but the last
/// one are summed by themselves, and joined.
template <class T>
void add_back_by_blocks(const strided_copy& m, const T* dy, T* dx) {
  strided_copy one = m, positions = m, kept = m;  // one position's entries; all positions; the entries of dx, those of the sums
  int64_t width = 1, terms = 1;
  one.from = 0;
  for (int axis = m.box.rank; axis-- > 0;) {
    const auto a = static_cast<std::size_t>(axis);
    const bool here = repeats(m, axis) && axis + 1 < m.box.rank;
    (here ? one : positions).box[axis] = 1;
    if (here) terms *= m.box[axis];
    if (repeats(m, axis)) {
      kept.box[axis] = 1;
      kept.to_stride[a] = 0;
    } else {
      one.from_stride[a] = kept.to_stride[a] = width;
      width *= m.box[axis];
    }
  }
  joined_rows<T> sums(width, terms / sum_block + 1);
  T* block = nullptr;
  int64_t position = 0;
  for_each_line(positions, 0, 0, m.to, [&](int64_t, int64_t to, int64_t n, int64_t, int64_t step) {
    for (int64_t i = 0; i < n; ++i) {
      if (position++ % sum_block == 0) block = sums.next_zeros();
      one.to = to + i * step;
      add_back_in_turn(one, dy, block);
    }
  });
  const T* const total = sums.total();
  for_each_line(kept, 0, m.from, 0, [&](int64_t from, int64_t at, int64_t n, int64_t from_step, int64_t step) {
    for (int64_t i = 0; i < n; ++i) dx[from + i * from_step] = dx[from + i * from_step] + total[at + i * step];
  });
}

/// dx += dy back along the box.
template <class T>
[[gnu::noinline]] void add_box_back(const strided_copy& m, const T* dy, T* dx) {
  static work_meter meter, column_meter;
  if (m.box.size() == 0) return;
  int64_t terms = 1;  // of each sum, in turn
  for (int axis = 0; axis + 1 < m.box.rank; ++axis)
    if (repeats(m, axis)) terms *= m.box[axis];
  const bool by_blocks = sums_by_blocks<T> && terms > sum_block;
  if (by_blocks)
    if (const auto c = as_columns(m)) {
      if (c->inner == 1) {
        for (int64_t i = 0; i < c->outer; ++i) dx[m.from + i] = dx[m.from + i] + sum_run(dy + m.to + i * c->n, c->n, 1);
        return;
      }
      scratch_memory<T> sums(c->outer * c->inner);
      sum_columns(column_meter, dy + m.to, c->outer, c->n, c->inner, sums.data());
      for (int64_t i = 0; i < c->outer * c->inner; ++i) dx[m.from + i] = dx[m.from + i] + sums.data()[i];
      return;
    }
  for_box_parts(meter, m, m.from_stride,
                [&](const strided_copy& part) { (by_blocks ? add_back_by_blocks<T> : add_back_in_turn<T>)(part, dy, dx); });
}

}  // namespace axiograd::impl
