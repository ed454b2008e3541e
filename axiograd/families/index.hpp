#pragma once
// The index family: an operator says which boxes of which input land where in the output. The forward copies them, the
// reverse pass adds back along the same boxes, so the adjoint cannot disagree with the forward.

#include <axiograd/families/family.hpp>
#include <axiograd/families/samples.hpp>
#include <axiograd/kernels/strided_copies.hpp>

namespace axiograd {

namespace impl {
/// Whether some of y may belong to no box.
template <class Op>
bool leaves_gaps(const Op& op) {
  if constexpr (requires { op.leaves_gaps(); })
    return op.leaves_gaps();
  else
    return requires { Op::leaves_gaps; };
}

template <class Op, class Emit>
void copies_of(const Op& op, std::span<const shape> in, const shape& y, std::span<const index_view> side, const Emit& emit) {
  if constexpr (arity_of<Op>.side > 0)
    op.copies(in, y, side, emit);
  else
    op.copies(in, y, emit);
}
}  // namespace impl

/// One sample: y is written, zero where no box lands; the sum of the boxes where the operator says that it adds up.
template <class Op, class T>
void boxes_forward(const Op& op, std::span<const shape> in, const shape& y_dims, std::span<const index_view> side,
                   const T* const* x, T* y) {
  constexpr bool adds_up = requires { Op::adds_up; };  // boxes may overlap and are summed
  if (adds_up || impl::leaves_gaps(op)) impl::fill_zero(y, y_dims.size());
  if constexpr (adds_up) {
    impl::copies_of(op, in, y_dims, side, [&](const strided_copy& m) { impl::add_box(m, x[m.input], y); });
  } else if constexpr (arity_of<Op>.side > 0) {
    // A box for each index: threads take those that begin in their part of y.
    constexpr int64_t smallest_part = int64_t{1} << 15, large_box = 64;
    static work_meter meter;
    const int64_t n = y_dims.size(), boxes = std::max<int64_t>(1, side[0].dims->size());
    const int64_t parts = n / boxes < large_box ? 1 : std::clamp<int64_t>(n / smallest_part, 1, num_threads());
    meter.run_tasks(parts, n / parts, [&](int64_t part) {
      const int64_t begin = n * part / parts, end = n * (part + 1) / parts;
      impl::copies_of(op, in, y_dims, side, [&](const strided_copy& m) {
        if (parts == 1 || (m.to >= begin && m.to < end)) impl::copy_box(m, x[m.input], y);
      });
    });
  } else {
    impl::copies_of(op, in, y_dims, side, [&](const strided_copy& m) { impl::copy_box(m, x[m.input], y); });
  }
}

namespace impl {
/// One sample: adds dy back along boxes of one size that begin where indices say, so that many may begin at one place.
template <class Op, class T>
void add_indexed_boxes(const Op& op, std::span<const shape> in, const shape& y_dims, std::span<const index_view> side,
                       const T* dy, T* dx) {
  place_counts counts(side[0].dims->size());
  int64_t width = 0;
  copies_of(op, in, y_dims, side, [&](const strided_copy& m) {
    counts.count(m.from);
    width = m.box.size();
  });
  compensated_places<T> often(dx, width);
  copies_of(op, in, y_dims, side, [&](const strided_copy& m) {
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
  impl::copies_of(op, in, y_dims, side, [&](const strided_copy& m) {
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
    impl::copies_of(op, in, y_dims, {}, [&](const strided_copy& m) {
      const unsigned bit = 1U << m.input;
      if ((seen & bit) != 0 || !m.takes_once()) bad |= bit;
      if (m.box.size() == in[static_cast<std::size_t>(m.input)].size()) whole |= bit;
      seen |= bit;
    });
    at_most_once = ~bad;
    whole &= at_most_once;
  }
};

namespace impl {
template <class Op, class T>
void run_boxes_forward(const Op& op, const forward_run<T>& run) {
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(op, run.in, *run.y.dims);
  for_sample_blocks(at.samples, at.y_step, true, [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i) {
      const T* x[at.inputs];
      for (std::size_t k = 0; k < at.inputs; ++k) x[k] = run.in[k].data + i * at.step[k];
      boxes_forward(op, at.in, at.y, side.views, x, run.y.data + i * at.y_step);
    }
  });
}
template <class Op, class T>
void run_boxes_vjp(const Op& op, const vjp_run<T>& run) {
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(op, run.in, *run.y.dims);
  unsigned writes = 0;
  vjp_run<T> cleared = run;
  if constexpr (arity_of<Op>.side == 0)
    if (run.fresh != 0) {
      const box_cover cover(op, at.in, at.y);
      for (std::size_t k = 0; k < at.inputs; ++k)
        if (at.step[k] != 0 || at.samples == 1) writes |= 1U << k;
      writes &= run.fresh & cover.at_most_once;
      cleared.fresh &= ~(writes & cover.whole);
    }
  clear_fresh(cleared);
  const auto one = [&](int64_t i, const auto& dx_of) {
    T* dx[at.inputs];
    for (std::size_t k = 0; k < at.inputs; ++k) dx[k] = dx_of(k, i);
    boxes_vjp(op, at.in, at.y, side.views, run.dy + i * at.y_step, dx, writes);
  };
  for_each_gradient(at, run, at.y_step, one);
}
}  // namespace impl

namespace family {
struct index {
  static constexpr family_facts facts{.name = "index", .linear = true};
  template <class Op, class T>
  static constexpr bool runs_on = ring<T>;

  template <class Op>
  static constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
    return infer_by_samples(op, in);
  }

  template <class Op, class T, class Kernels>
  struct on {
    static void forward(const void* op, const forward_run<T>& run) {
      impl::run_boxes_forward(impl::attributes_at<Op>(op), run);
    }
    static void vjp(const void* op, const vjp_run<T>& run) { impl::run_boxes_vjp(impl::attributes_at<Op>(op), run); }
    static constexpr void complete(operator_table<T>&) {}
  };
};
}  // namespace family

}  // namespace axiograd
