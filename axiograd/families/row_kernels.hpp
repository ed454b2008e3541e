#pragma once
// The innermost kernels of the rowwise family: an operator over rows, one thread, written for any packet. Units of one
// instruction set include this file, so nothing here may define a function that does not depend on the packet type.

#include <axiograd/families/row.hpp>
#include <tuple>

namespace axiograd {

/// No vector has more lanes.
inline constexpr int64_t most_rows_across = 16;

/// Rows of `n` numbers. Pointers are those of the first row; inputs that rows share stay where they are.
template <class T>
struct row_run {
  const T* const* in;
  const int64_t* side;  ///< one number a row, or null
  T* y;                 ///< a row or a number for each row
  const T* dy;          ///< the same; one number for all rows when the result is a mean
  T* const* dx;         ///< null entries are not wanted
  unsigned fresh;       ///< bit k: dx[k] is written, not added to
  T* scratch;           ///< max_kept_rows rows, together: one more, across: of most_rows_across times the length
  int64_t rows;
  int64_t n;
  T* saved = nullptr;       ///< the numbers that the operator saves of each row, or null
  int64_t apart = 0;        ///< across: the distance of neighbours in a row
  int64_t rows_in_all = 0;  ///< across: the distance of the numbers that are saved of a row
};

/// A rowwise operator: over contiguous rows, and across rows that lie side by side (null where that is not possible).
template <class T>
struct row_kernels {
  void (*forward)(const void* op, const row_run<T>&);
  void (*vjp)(const void* op, const row_run<T>&);
  void (*forward_across)(const void* op, const row_run<T>&) = nullptr;
  void (*vjp_across)(const void* op, const row_run<T>&) = nullptr;
  /// Both for each row while it is in the caches, where the cotangent is known before the value: a mean of rows.
  void (*forward_vjp)(const void* op, const row_run<T>&) = nullptr;
  bool by_packets = false;  ///< rows are read by vectors: sums are trees, and threads may share a long row
};

template <class Op>
inline constexpr row_result result_of = [] {
  if constexpr (requires { Op::gives; }) return row_result{Op::gives};
  return row_result::row;
}();
/// Numbers of each row that `forward` saves for `vjp`.
template <class Op>
inline constexpr int64_t saved_of = [] {
  if constexpr (requires { Op::saved; }) return int64_t{Op::saved};
  return int64_t{0};
}();

namespace impl {
/// Where the rows of a run lie that are read together: here one contiguous row.
template <class S>
struct row_access {
  using E = typename packet<S>::element;
  static constexpr int64_t rows = 1;
  template <class T>
  static T* row(T* base, const row_run<E>& run, int64_t r) {
    return base + r * run.n;
  }
  /// The numbers of row r where each row has `each`.
  template <class T>
  static T* numbers(T* base, const row_run<E>&, int64_t r, int64_t each) {
    return base + r * each;
  }
  static E* scratch(const row_run<E>& run) { return run.scratch; }
};

template <class Op, class S>
auto inputs_at(const row_run<typename packet<S>::element>& run, int64_t r) {
  constexpr std::size_t inputs = static_cast<std::size_t>(arity_of<Op>.tensors);
  std::array<memory_row<S>, inputs> rows;
  for (std::size_t k = 0; k < inputs; ++k) {
    if constexpr (shared_of<Op>.bits == 0)
      rows[k] = {row_access<S>::row(run.in[k], run, r), run.n};
    else
      rows[k] = {run.in[k] + (shared_of<Op>.contains(static_cast<int>(k)) ? 0 : r * run.n), run.n};
  }
  return rows;
}
/// Where the numbers lie that are saved of row r.
template <class Op, class S>
typename packet<S>::target saved_at(const row_run<typename packet<S>::element>& run, int64_t r) {
  if (run.saved == nullptr) return {};
  return row_access<S>::numbers(run.saved, run, r, saved_of<Op>);
}

template <class S, class Out>
void put_result(const Out& value, typename packet<S>::target to, bool adds) {
  if (to == nullptr) return;
  if (adds)
    add_row(value, to);
  else
    store_row(value, to);
}

// S is the packet: T itself for the specification, simd<V> for the fast kernel, across<simd<V>> where rows are its lanes.

/// The operator's `forward` or `vjp` of row r: f(inputs, what the row alone has).
template <class Op, class S, class F>
[[gnu::always_inline]] inline auto with_row(const row_run<typename packet<S>::element>& run, int64_t r, const F& f) {
  const auto x = inputs_at<Op, S>(run, r);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    if constexpr (arity_of<Op>.side > 0)
      return f(x[I]..., run.side[r]);
    else
      return f(x[I]...);
  }(inputs_of<Op>{});
}

/// Writes the result of row r.
template <class Op, class S>
[[gnu::always_inline]] inline void forward_row(const Op& op, const row_run<typename packet<S>::element>& run, int64_t r,
                                               auto& keep) {
  const auto y = with_row<Op, S>(run, r, [&](const auto&... x) { return op.forward(x..., keep); });
  if constexpr (result_of<Op> == row_result::row)
    store_row(y, row_access<S>::row(run.y, run, r));
  else
    packet<S>::store_number(y, row_access<S>::numbers(run.y, run, r, 1));
}

/// Adds to the gradients of row r, or writes them.
template <class Op, class S>
[[gnu::always_inline]] inline void vjp_row(const Op& op, const row_run<typename packet<S>::element>& run, int64_t r,
                                           auto& keep) {
  using access = row_access<S>;
  const auto gradients = with_row<Op, S>(run, r, [&](const auto&... x) {
    if constexpr (result_of<Op> == row_result::row) {
      const memory_row<S> y{access::row(run.y, run, r), run.n};
      const memory_row<S> dy{access::row(run.dy, run, r), run.n};
      return op.vjp(x..., y, dy, keep);
    } else {
      const S dy = result_of<Op> == row_result::mean ? packet<S>::same(*run.dy)
                                                     : packet<S>::load_number(access::numbers(run.dy, run, r, 1));
      return op.vjp(x..., dy, keep);
    }
  });
  const auto out = [&](std::size_t k) -> typename packet<S>::target {
    if (run.dx[k] == nullptr) return {};
    if constexpr (shared_of<Op>.bits != 0)
      if (shared_of<Op>.contains(static_cast<int>(k))) return run.dx[k];
    return access::row(run.dx[k], run, r);
  };
  const auto adds = [&](std::size_t k) { return (run.fresh >> k & 1U) == 0; };
  if constexpr (row<std::remove_cvref_t<decltype(gradients)>>) {
    put_result<S>(gradients, out(0), adds(0));
  } else {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (put_result<S>(std::get<I>(gradients), out(I), adds(I)), ...);
    }(inputs_of<Op>{});
  }
}

template <class Op, class S>
void rows_forward(const void* op, const row_run<typename packet<S>::element>& run) {
  using access = row_access<S>;
  for (int64_t r = 0; r < run.rows; r += access::rows) {
    const auto scratch = access::scratch(run);
    constexpr bool whole = result_of<Op> == row_result::row;
    const auto first = whole ? access::row(run.y, run, r) : scratch;
    row_keeper<S> keep(first, whole ? scratch : scratch + run.n, saved_at<Op, S>(run, r), saving::writes);
    forward_row<Op, S>(*static_cast<const Op*>(op), run, r, keep);
  }
}

template <class Op, class S>
void rows_vjp(const void* op, const row_run<typename packet<S>::element>& run) {
  using access = row_access<S>;
  for (int64_t r = 0; r < run.rows; r += access::rows) {
    const auto scratch = access::scratch(run);
    row_keeper<S> keep(scratch, scratch + run.n, saved_at<Op, S>(run, r), saving::reads);
    vjp_row<Op, S>(*static_cast<const Op*>(op), run, r, keep);
  }
}

template <class Op, class S>
void rows_forward_vjp(const void* op, const row_run<typename packet<S>::element>& run) {
  static_assert(result_of<Op> == row_result::mean && shared_of<Op>.bits == 0 && row_access<S>::rows == 1);
  for (int64_t r = 0; r < run.rows; ++r) {
    const auto others = run.scratch + run.n;
    // A single gradient is computed position by position over the row that it is computed from.
    const bool in_place = arity_of<Op>.tensors == 1 && run.dx[0] != nullptr && (run.fresh & 1U) != 0;
    const auto shared = in_place ? row_access<S>::row(run.dx[0], run, r) : run.scratch;
    const auto keep = [&](saving what) {
      return joint_row_keeper<S>(shared, {others, others + run.n, saved_at<Op, S>(run, r), what}, what);
    };
    auto written = keep(saving::writes), read = keep(saving::reads);
    forward_row<Op, S>(*static_cast<const Op*>(op), run, r, written);
    vjp_row<Op, S>(*static_cast<const Op*>(op), run, r, read);
  }
}
}  // namespace impl

/// All there are for one packet.
template <class Op, class S>
constexpr row_kernels<typename packet<S>::element> rows_by() {
  row_kernels<typename packet<S>::element> kernels{&impl::rows_forward<Op, S>, &impl::rows_vjp<Op, S>};
  kernels.by_packets = impl::shares_rows<S>;
  if constexpr (result_of<Op> == row_result::mean) kernels.forward_vjp = &impl::rows_forward_vjp<Op, S>;
  return kernels;
}
}  // namespace axiograd
