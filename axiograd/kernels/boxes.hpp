#pragma once
// The index family: an operator says which boxes of which input land where in the output. The forward copies them, the
// reverse pass adds back along the same boxes, so the adjoint cannot disagree with the forward.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/box_move.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/box_sums.hpp>
#include <axiograd/kernels/repeated_places.hpp>

namespace axiograd {

namespace impl {
// What is done along one box. Compiled once for float and double (boxes.cpp), not in every operator's unit.

/// y = x along the box.
template <class T>
[[gnu::noinline]] void copy_box(const box_move& m, const T* x, T* y) {
  static work_meter meter;
  const auto run = [&](int64_t from, int64_t to, int64_t n, int64_t from_step, int64_t to_step) {
    if (from_step == 1 && to_step == 1)
      std::copy_n(x + from, n, y + to);
    else if (from_step == 0 && to_step == 1)
      std::fill_n(y + to, n, x[from]);
    else
      for (int64_t i = 0; i < n; ++i) y[to + i * to_step] = x[from + i * from_step];
  };
  for_box_parts(meter, m, m.to_stride, [&](const box_move& part) {
    for_each_run(part, run, [&](const transposed_tile& t) {
      transpose_tile(x + t.from, t.from_step, y + t.to, t.to_step, t.columns, t.rows,
                     [](const T&, const T& value) { return value; });
    });
  });
}
/// y += x along the box.
template <class T>
[[gnu::noinline]] void add_box(const box_move& m, const T* x, T* y) {
  static work_meter meter;
  const auto run = [&](int64_t from, int64_t to, int64_t n, int64_t from_step, int64_t to_step) {
    for (int64_t i = 0; i < n; ++i) y[to + i * to_step] = y[to + i * to_step] + x[from + i * from_step];
  };
  for_box_parts(meter, m, m.to_stride, [&](const box_move& part) {
    for_each_run(part, run, [&](const transposed_tile& t) {
      transpose_tile(x + t.from, t.from_step, y + t.to, t.to_step, t.columns, t.rows,
                     [](const T& before, const T& value) { return before + value; });
    });
  });
}
extern template void copy_box(const box_move&, const float*, float*);
extern template void copy_box(const box_move&, const double*, double*);
extern template void add_box(const box_move&, const float*, float*);
extern template void add_box(const box_move&, const double*, double*);
extern template void add_box_back(const box_move&, const float*, float*);
extern template void add_box_back(const box_move&, const double*, double*);

/// Whether some of y may belong to no box.
template <class Op>
bool leaves_gaps(const Op& op) {
  if constexpr (requires { op.leaves_gaps(); })
    return op.leaves_gaps();
  else
    return requires { Op::leaves_gaps; };
}

template <class Op, class Emit>
void moves_of(const Op& op, std::span<const shape> in, const shape& y, std::span<const index_view> side, const Emit& emit) {
  if constexpr (arity_of<Op>.side > 0)
    op.moves(in, y, side, emit);
  else
    op.moves(in, y, emit);
}
}  // namespace impl

/// One sample: y is written, zero where no box lands; the sum of the boxes where the operator says that it adds up.
template <class Op, class T>
void boxes_forward(const Op& op, std::span<const shape> in, const shape& y_dims, std::span<const index_view> side,
                   const T* const* x, T* y) {
  constexpr bool adds_up = requires { Op::adds_up; };  // boxes may overlap and are summed
  if (adds_up || impl::leaves_gaps(op)) impl::fill_zero(y, y_dims.size());
  if constexpr (adds_up) {
    impl::moves_of(op, in, y_dims, side, [&](const box_move& m) { impl::add_box(m, x[m.input], y); });
  } else if constexpr (arity_of<Op>.side > 0) {
    // A box for each index: threads take those that begin in their part of y.
    constexpr int64_t smallest_part = int64_t{1} << 15, large_box = 64;
    static work_meter meter;
    const int64_t n = y_dims.size(), boxes = std::max<int64_t>(1, side[0].dims->size());
    const int64_t parts = n / boxes < large_box ? 1 : std::clamp<int64_t>(n / smallest_part, 1, num_threads());
    meter.run_tasks(parts, n / parts, [&](int64_t part) {
      const int64_t begin = n * part / parts, end = n * (part + 1) / parts;
      impl::moves_of(op, in, y_dims, side, [&](const box_move& m) {
        if (parts == 1 || (m.to >= begin && m.to < end)) impl::copy_box(m, x[m.input], y);
      });
    });
  } else {
    impl::moves_of(op, in, y_dims, side, [&](const box_move& m) { impl::copy_box(m, x[m.input], y); });
  }
}

namespace impl {
/// One sample: adds dy back along boxes of one size that begin where indices say, so that many may begin at one place.
template <class Op, class T>
void add_indexed_boxes(const Op& op, std::span<const shape> in, const shape& y_dims, std::span<const index_view> side,
                       const T* dy, T* dx) {
  place_counts counts(side[0].dims->size());
  int64_t width = 0;
  moves_of(op, in, y_dims, side, [&](const box_move& m) {
    counts.count(m.from);
    width = m.box.size();
  });
  compensated_places<T> often(dx, width);
  moves_of(op, in, y_dims, side, [&](const box_move& m) {
    const bool is_run = m.box.rank == 1 && m.box[0] == width && (width == 1 || (m.from_stride[0] == 1 && m.to_stride[0] == 1));
    if (is_run && counts.more_than_a_block(m.from)) return often.add(m.from, dy + m.to);
    add_box_back(m, dy, dx);
  });
  often.finish();
}
}  // namespace impl

/// One sample: adds dy back along every box, or writes it where the input's bit in `writes` is set.
template <class Op, class T>
void boxes_vjp(const Op& op, std::span<const shape> in, const shape& y_dims, std::span<const index_view> side, const T* dy,
               T* const* dx, unsigned writes = 0) {
  if constexpr (std::floating_point<T> && arity_of<Op>.side > 0 && arity_of<Op>.tensors == 1)
    if (writes == 0 && side[0].dims->size() > sum_block) {
      if (dx[0] != nullptr) impl::add_indexed_boxes(op, in, y_dims, side, dy, dx[0]);
      return;
    }
  impl::moves_of(op, in, y_dims, side, [&](const box_move& m) {
    if (dx[m.input] == nullptr) return;
    if ((writes >> m.input & 1U) != 0)
      impl::copy_box(m.reversed(), dy, dx[m.input]);
    else
      impl::add_box_back(m, dy, dx[m.input]);
  });
}

/// How the boxes of one sample lie in the inputs, a bit for each input.
struct box_cover {
  unsigned at_most_once = 0;  ///< no entry is taken twice: a gradient can be written instead of added to
  unsigned whole = 0;         ///< and every entry is taken

  template <class Op>
  box_cover(const Op& op, std::span<const shape> in, const shape& y_dims) {
    unsigned seen = 0, bad = 0;  // that several boxes do not overlap is not looked into
    impl::moves_of(op, in, y_dims, {}, [&](const box_move& m) {
      const unsigned bit = 1U << m.input;
      if ((seen & bit) != 0 || !m.takes_once()) bad |= bit;
      if (m.box.size() == in[static_cast<std::size_t>(m.input)].size()) whole |= bit;
      seen |= bit;
    });
    at_most_once = ~bad;
    whole &= at_most_once;
  }
};

}  // namespace axiograd
