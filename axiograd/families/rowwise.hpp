#pragma once
// The rowwise family: an operator's `forward` and `vjp` over rows, run for every row of a tensor.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/block_sum.hpp>
#include <axiograd/core/reduction.hpp>
#include <axiograd/core/scratch.hpp>
#include <axiograd/families/across.hpp>
#include <axiograd/families/family.hpp>
#include <axiograd/families/row_kernels.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/kernels/sum_run.hpp>
#include <optional>

namespace axiograd {

namespace impl {
/// Which axis the rows lie along: the whole tensor is (outer, n, inner) with n along the row.
struct row_layout {
  int64_t outer, n, inner;
};

template <class Op>
row_layout layout_of(const Op& op, const shape& x) {
  int axis = x.rank - 1;
  if constexpr (requires { op.row_axis(x.rank); }) axis = op.row_axis(x.rank);
  if (axis == whole_tensor) return {1, x.size(), 1};
  return {x.first(axis).size(), x[axis], x.from(axis + 1).size()};
}

/// Rows one thread takes at a time: about 32,768 numbers. Depends on the shape only.
inline int64_t rows_per_block(int64_t n) { return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, n)); }

/// Rows along an outer axis, copied to where they lie close together: each row contiguous or, for a kernel that reads across
/// rows, side by side as they were. Where they come from, neighbours in a row may drive each other out of the caches.
struct row_tiles {
  row_layout at;
  bool across;
  int64_t rows;  ///< of the largest tile; 0 when rows are contiguous as they are

  row_tiles(const row_layout& layout, bool kernel_reads_across)
      : at(layout),
        across(kernel_reads_across && at.inner > 1 && at.n <= longest_across),
        rows(at.inner == 1 ? 0 : rows_of_a_tile()) {}
  /// Numbers that one tile of one tensor needs.
  int64_t size() const { return rows * at.n; }
  /// Numbers that a kernel needs for each row that it keeps.
  int64_t kept() const { return across ? most_rows_across * at.n : at.n; }
  /// Calls body(row, place of its first number, rows) for the tiles of some rows.
  template <class F>
  void for_each(int64_t first, int64_t count, const F& body) const {
    for (int64_t r = first; r < first + count;) {
      const int64_t within = r % at.inner;
      const int64_t n = std::min({rows, at.inner - within, first + count - r});
      body(r, r / at.inner * at.n * at.inner + within, n);
      r += n;
    }
  }
  // Through a small copy: neighbours that lie a power of two apart drive each other out of the caches.
  template <class T>
  T* gather(const T* from, int64_t count, T* to) const {
    if (across) {
      for (int64_t i = 0; i < at.n; ++i) std::copy_n(from + i * at.inner, count, to + i * rows);
      return to;
    }
    for_each_part(count, [&](int64_t first, auto rows_here, auto length) {
      T local[most][most];
      for (int64_t i = 0; i < length; ++i)
        for (int64_t j = 0; j < rows_here; ++j) local[j][i] = from[(first + i) * at.inner + j];
      for (int64_t j = 0; j < rows_here; ++j)
        for (int64_t i = 0; i < length; ++i) to[j * at.n + first + i] = local[j][i];
    });
    return to;
  }
  template <class T>
  void scatter(const T* from, int64_t count, T* to) const {
    if (across) {
      for (int64_t i = 0; i < at.n; ++i) std::copy_n(from + i * rows, count, to + i * at.inner);
      return;
    }
    for_each_part(count, [&](int64_t first, auto rows_here, auto length) {
      T local[most][most];
      for (int64_t j = 0; j < rows_here; ++j)
        for (int64_t i = 0; i < length; ++i) local[i][j] = from[j * at.n + first + i];
      for (int64_t i = 0; i < length; ++i)
        for (int64_t j = 0; j < rows_here; ++j) to[(first + i) * at.inner + j] = local[i][j];
    });
  }

 private:
  static constexpr int64_t most = 16;
  // Sixteen longer rows at a time, and those that a kernel keeps, would need too much memory.
  static constexpr int64_t longest_across = int64_t{1} << 16;
  int64_t rows_of_a_tile() const {
    const int64_t n = std::max<int64_t>(1, at.n);
    if (across) return std::clamp<int64_t>(65536 / n / most_rows_across, 1, 32) * most_rows_across;
    return std::clamp<int64_t>(65536 / n, 1, most);
  }
  /// Calls body(first, count, length) for parts of `count` rows; whole parts have sizes that the compiler knows.
  template <class F>
  void for_each_part(int64_t count, const F& body) const {
    using whole = std::integral_constant<int64_t, most>;
    int64_t first = 0;
    if (count == most)
      for (; first + most <= at.n; first += most) body(first, whole(), whole());
    for (; first < at.n; first += most) body(first, count, std::min(most, at.n - first));
  }
};

/// Whether threads share each row, one row after another, instead of taking rows of their own.
template <class T>
bool threads_share_rows(const row_kernels<T>& kernels, int64_t rows, int64_t n) {
  return kernels.by_packets && rows < num_threads() && n >= shortest_shared_row;
}

/// Calls body(first, count) for all rows, on several threads if that pays; exact numbers stay on this one.
template <class T, class F>
void run_rows(const row_kernels<T>& kernels, work_meter& meter, const row_tiles& tiles, int64_t rows, const F& body) {
  if (rows == 0) return;
  if (threads_share_rows(kernels, rows, tiles.at.n)) return body(0, rows);
  if constexpr (std::floating_point<T>) {
    const int64_t n = std::max<int64_t>(1, tiles.at.n), unit = n * std::max<int64_t>(1, tiles.rows);
    meter.run(rows * n, unit, [&](int64_t begin, int64_t count) { body(begin / n, count / n); });
  } else {
    body(int64_t{0}, rows);
  }
}
}  // namespace impl

/// What the sum over rows is divided by where an operator gives the mean of its rows: their number, without those that the
/// operator does not count, or 1 for a sum.
template <class Op>
int64_t rows_in_mean(const void* bytes, std::span<const index_tensor> side, int64_t rows) {
  [[maybe_unused]] const Op& op = *static_cast<const Op*>(bytes);
  if constexpr (requires { op.reduction; })
    if (op.reduction == reduction::sum) return 1;
  if constexpr (requires { op.counts(int64_t{}); })
    rows = std::count_if(side[0].begin(), side[0].end(), [&](int64_t label) { return op.counts(label); });
  return std::max<int64_t>(rows, 1);
}

namespace impl {
/// How many rows have to be looked at for a mean: rows of nothing are alike unless labels tell them apart, and there may be
/// more of them than memory holds numbers.
template <class Op>
int64_t distinct_rows(const row_layout& at) {
  const int64_t rows = at.outer * at.inner;
  return result_of<Op> == row_result::mean && at.n == 0 && arity_of<Op>.side == 0 ? std::min<int64_t>(rows, 1) : rows;
}
/// The mean of rows from the results of each. The reference sums from left to right (contract G4).
template <class Op, class T>
T mean_of_rows(const row_kernels<T>& kernels, const void* op, const forward_run<T>& run, const T* each, const row_layout& at) {
  const int64_t rows = at.outer * at.inner, distinct = distinct_rows<Op>(at);
  T total = kernels.by_packets ? sum_run(each, distinct, 1) : sum(memory_row<T>{each, distinct});
  if (distinct < rows) total = total * T(static_cast<double>(rows));
  return total / T(static_cast<double>(rows_in_mean<Op>(op, run.side, rows)));
}
/// The cotangent of each row's result where the mean of the rows has `dy`.
template <class Op, class T>
T cotangent_of_rows(const void* op, const vjp_run<T>& run, int64_t rows) {
  return *run.dy / T(static_cast<double>(rows_in_mean<Op>(op, run.side, rows)));
}
}  // namespace impl

/// How many numbers a forward run saves.
template <class Op>
int64_t rowwise_saved(const Op& op, const shape& x) {
  const impl::row_layout at = impl::layout_of(op, x);
  return impl::distinct_rows<Op>(at) * saved_of<Op>;
}

template <class Op, class T>
void rowwise_forward(const row_kernels<T>& kernels, work_meter& meter, const void* op, const forward_run<T>& run) {
  constexpr int inputs = arity_of<Op>.tensors;
  constexpr bool whole = result_of<Op> == row_result::row;
  const impl::row_layout at = impl::layout_of(*static_cast<const Op*>(op), *run.in[0].dims);
  const impl::row_tiles tiles(at, kernels.forward_across != nullptr);
  const int64_t rows = impl::distinct_rows<Op>(at);
  if (whole && at.n == 0) return;
  std::optional<scratch_memory<T>> each;
  T* y = run.y.data;
  if (result_of<Op> == row_result::mean) y = each.emplace(std::max<int64_t>(rows, 1)).data();

  impl::run_rows(kernels, meter, tiles, rows, [&](int64_t first, int64_t count) {
    scratch_memory<T> scratch(max_kept_rows * tiles.kept() + (inputs + 1) * tiles.size());
    const T* in[inputs];
    const auto call = [&](int64_t row, int64_t n, T* to) {
      const int64_t* const side = arity_of<Op>.side > 0 ? run.side[0].data() + row : nullptr;
      T* const saved = run.saved == nullptr ? nullptr : run.saved + row * (tiles.across ? 1 : saved_of<Op>);
      (tiles.across ? kernels.forward_across : kernels.forward)(
          op, {in, side, to, nullptr, nullptr, 0, scratch.data(), n, at.n, saved, tiles.rows, rows});
    };
    if (at.inner == 1) {
      for (int k = 0; k < inputs; ++k)
        in[k] = run.in[static_cast<std::size_t>(k)].data + (shared_of<Op>.contains(k) ? 0 : first * at.n);
      return call(first, count, y + first * (whole ? at.n : 1));
    }
    T* const copies = scratch.data() + max_kept_rows * tiles.kept();
    tiles.for_each(first, count, [&](int64_t row, int64_t place, int64_t n) {
      for (int k = 0; k < inputs; ++k) {
        const T* const from = run.in[static_cast<std::size_t>(k)].data;
        in[k] = shared_of<Op>.contains(k) ? from : tiles.gather(from + place, n, copies + (k + 1) * tiles.size());
      }
      call(row, n, whole ? copies : y + row);
      if (whole) tiles.scatter(copies, n, y + place);
    });
  });
  if constexpr (result_of<Op> == row_result::mean) *run.y.data = impl::mean_of_rows<Op>(kernels, op, run, y, at);
}

template <class Op, class T>
void rowwise_vjp(const row_kernels<T>& kernels, work_meter& meter, const void* op, const vjp_run<T>& run) {
  constexpr std::size_t inputs = static_cast<std::size_t>(arity_of<Op>.tensors);
  constexpr bool whole = result_of<Op> == row_result::row, is_mean = result_of<Op> == row_result::mean;
  const auto is_shared = [](std::size_t k) { return shared_of<Op>.contains(static_cast<int>(k)); };
  const impl::row_layout at = impl::layout_of(*static_cast<const Op*>(op), *run.in[0].dims);
  const impl::row_tiles tiles(at, kernels.vjp_across != nullptr);
  const int64_t rows = at.outer * at.inner;
  if (at.n == 0 || rows == 0) return clear_fresh(run);
  T mean_dy(0);
  if constexpr (is_mean) mean_dy = impl::cotangent_of_rows<Op>(op, run, rows);

  // Each block of rows sums the gradients that rows share by itself; the sums are added in order, whatever the threads did.
  std::array<int64_t, inputs> place_in_sums{};
  int64_t shared = 0;
  unsigned fresh = run.fresh;  // sums begin at zero and are added to
  for (std::size_t k = 0; k < inputs; ++k)
    if (is_shared(k) && run.dx[k] != nullptr) {
      place_in_sums[k] = at.n * shared++;
      fresh &= ~(1U << k);
    }
  const int64_t block = std::max(impl::rows_per_block(at.n), (rows + 15) / 16);
  const int64_t blocks = (rows + block - 1) / block;
  scratch_memory<T> sums(std::max<int64_t>(1, blocks * shared * at.n));
  std::fill_n(sums.data(), blocks * shared * at.n, T(0));

  const auto body = [&](T* shared_sums, int64_t first, int64_t count) {
    scratch_memory<T> scratch((max_kept_rows + 1) * tiles.kept() + (2 * static_cast<int64_t>(inputs) + 2) * tiles.size());
    const T* in[inputs];
    T* dx[inputs];
    for (std::size_t k = 0; k < inputs; ++k) {
      in[k] = run.in[k].data;
      dx[k] = run.dx[k] == nullptr || !is_shared(k) ? run.dx[k] : shared_sums + place_in_sums[k];
    }
    const auto call = [&](int64_t row, int64_t n, const T* y, const T* dy) {
      const int64_t* const side = arity_of<Op>.side > 0 ? run.side[0].data() + row : nullptr;
      T* const saved = run.saved == nullptr ? nullptr : const_cast<T*>(run.saved) + row * (tiles.across ? 1 : saved_of<Op>);
      (tiles.across ? kernels.vjp_across : kernels.vjp)(op, {in, side, const_cast<T*>(y), is_mean ? &mean_dy : dy, dx, fresh,
                                                             scratch.data(), n, at.n, saved, tiles.rows, rows});
    };
    if (at.inner == 1) {
      for (std::size_t k = 0; k < inputs; ++k)
        if (!is_shared(k)) {
          in[k] += first * at.n;
          if (dx[k] != nullptr) dx[k] += first * at.n;
        }
      if (whole) return call(first, count, run.y.data + first * at.n, run.dy + first * at.n);
      return call(first, count, nullptr, run.dy + first);
    }
    T* const copies = scratch.data() + (max_kept_rows + 1) * tiles.kept();
    const auto copy = [&](std::size_t slot) { return copies + static_cast<int64_t>(slot) * tiles.size(); };
    tiles.for_each(first, count, [&](int64_t row, int64_t place, int64_t n) {
      for (std::size_t k = 0; k < inputs; ++k) {
        if (is_shared(k)) continue;
        in[k] = tiles.gather(run.in[k].data + place, n, copy(k));
        if (run.dx[k] == nullptr) continue;
        dx[k] = copy(inputs + k);
        if (run.adds(k)) tiles.gather(run.dx[k] + place, n, dx[k]);
      }
      if (whole)
        call(row, n, tiles.gather(run.y.data + place, n, copy(2 * inputs)),
             tiles.gather(run.dy + place, n, copy(2 * inputs + 1)));
      else
        call(row, n, nullptr, run.dy + row);
      for (std::size_t k = 0; k < inputs; ++k)
        if (dx[k] != nullptr && !is_shared(k)) tiles.scatter(dx[k], n, run.dx[k] + place);
    });
  };
  if (shared == 0)
    return impl::run_rows(kernels, meter, tiles, rows, [&](int64_t first, int64_t count) { body(sums.data(), first, count); });
  const auto one = [&](int64_t b) {
    T* const to = sums.data() + b * shared * at.n;
    const int64_t first = b * block, count = std::min(block, rows - first);
    if (!sums_by_blocks<T> || count <= sum_block) return body(to, first, count);
    joined_rows<T> parts(shared * at.n, count / sum_block + 1);
    for (int64_t i = 0; i < count; i += sum_block) body(parts.next_zeros(), first + i, std::min(sum_block, count - i));
    std::copy_n(parts.total(), shared * at.n, to);
  };
  if (impl::threads_share_rows(kernels, rows, at.n))
    for (int64_t b = 0; b < blocks; ++b) one(b);
  else
    meter.run_tasks(blocks, block * at.n, one);
  for (std::size_t k = 0; k < inputs; ++k)
    if (is_shared(k) && run.dx[k] != nullptr) {
      T* const to = run.dx[k];
      if (!run.adds(k)) std::fill_n(to, at.n, T(0));
      for (int64_t b = 0; b < blocks; ++b) {
        const T* const part = sums.data() + b * shared * at.n + place_in_sums[k];
        for (int64_t i = 0; i < at.n; ++i) to[i] = to[i] + part[i];
      }
    }
}

/// A mean of rows and its gradients in one pass over the rows: the bits of rowwise_forward and rowwise_vjp.
template <class Op, class T>
void rowwise_forward_vjp(const row_kernels<T>& kernels, work_meter& meter, const void* op, const forward_run<T>& run,
                         const vjp_run<T>& back) {
  constexpr std::size_t inputs = static_cast<std::size_t>(arity_of<Op>.tensors);
  const impl::row_layout at = impl::layout_of(*static_cast<const Op*>(op), *run.in[0].dims);
  if (at.n == 0) {
    rowwise_forward<Op>(kernels, meter, op, run);
    return clear_fresh(back);
  }
  const impl::row_tiles tiles(at, false);
  const int64_t rows = at.outer * at.inner;
  scratch_memory<T> each(std::max<int64_t>(rows, 1));
  const T dy = impl::cotangent_of_rows<Op>(op, back, rows);
  impl::run_rows(kernels, meter, tiles, rows, [&](int64_t first, int64_t count) {
    scratch_memory<T> scratch((max_kept_rows + 1) * at.n);
    const T* in[inputs];
    T* dx[inputs];
    for (std::size_t k = 0; k < inputs; ++k) {
      in[k] = run.in[k].data + first * at.n;
      dx[k] = back.dx[k] == nullptr ? nullptr : back.dx[k] + first * at.n;
    }
    kernels.forward_vjp(op, {.in = in,
                             .side = arity_of<Op>.side > 0 ? run.side[0].data() + first : nullptr,
                             .y = each.data() + first,
                             .dy = &dy,
                             .dx = dx,
                             .fresh = back.fresh,
                             .scratch = scratch.data(),
                             .rows = count,
                             .n = at.n,
                             .saved = run.saved == nullptr ? nullptr : run.saved + first * saved_of<Op>});
  });
  *run.y.data = impl::mean_of_rows<Op>(kernels, op, run, each.data(), at);
}

namespace family {
/// Operators over rows: `forward` and `vjp` of one row, written with families/row.hpp.
struct rowwise {
  static constexpr family_facts facts{.name = "rowwise", .by_rows = true};
  template <class Op, class T>
  static constexpr bool runs_on = ring<T>;

  template <class Op>
  static constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
    return infer_equal(op, in);
  }

  template <class Op, class S>
  static constexpr row_kernels<typename packet<S>::element> kernels() {
    auto all = rows_by<Op, S>();
    if constexpr (requires { S::lanes; } && impl::may_read_across<Op>) {
      all.forward_across = &impl::rows_forward<Op, across<S>>;
      all.vjp_across = &impl::rows_vjp<Op, across<S>>;
    }
    return all;
  }

  template <class Op, class T, class Kernels>
  struct on {
    static inline work_meter forward_meter, vjp_meter, forward_vjp_meter;

    static void forward(const void* op, const forward_run<T>& run) {
      rowwise_forward<Op>(Kernels::get(), forward_meter, op, run);
    }
    static void vjp(const void* op, const vjp_run<T>& run) { rowwise_vjp<Op>(Kernels::get(), vjp_meter, op, run); }
    static void forward_vjp(const void* op, const forward_run<T>& run, const vjp_run<T>& back) {
      rowwise_forward_vjp<Op>(Kernels::get(), forward_vjp_meter, op, run, back);
    }
    static int64_t saved(const void* op, std::span<const shape* const> in) {
      return rowwise_saved(impl::attributes_at<Op>(op), *in[0]);
    }
    static constexpr void complete(operator_table<T>& table) {
      if constexpr (saved_of<Op> > 0) table.saved = &saved;
      if constexpr (result_of<Op> == row_result::mean) table.forward_vjp = &forward_vjp;
    }
  };
};
}  // namespace family

}  // namespace axiograd
