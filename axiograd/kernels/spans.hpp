#pragma once
// The innermost kernels: an operator over contiguous numbers or rows, one thread, written for any packet. Units of one
// instruction set include this file, so nothing here may define a function that does not depend on the packet type.

#include <axiograd/core/row.hpp>
#include <tuple>

namespace axiograd {

/// An elementwise operator over contiguous numbers.
template <class T>
struct span_kernels {
  void (*forward)(const void* op, const T* const* in, T* y, int64_t n);
  /// Adds to each dx that is not null; writes those whose bit in `fresh` is set.
  void (*vjp)(const void* op, const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n);
};

namespace impl {
template <class Op, class T>
void plain_span_forward(const void* op, const T* const* in, T* y, int64_t n) {
  const Op& f = *static_cast<const Op*>(op);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    for (int64_t i = 0; i < n; ++i) y[i] = evaluate(f, in[I][i]...);
  }(inputs_of<Op>{});
}
template <class Op, class T>
void plain_span_vjp(const void* op, const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n) {
  const Op& f = *static_cast<const Op*>(op);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    for (int64_t i = 0; i < n; ++i) {
      const auto slope = differentiate(f, y[i], in[I][i]...);
      const auto put = [&](T* to, bool adds, const T& gradient) {
        if (to != nullptr) to[i] = adds ? to[i] + gradient : gradient;
      };
      (put(dx[I], (fresh >> I & 1U) == 0, dy[i] * slope[I]), ...);
    }
  }(inputs_of<Op>{});
}
}  // namespace impl

/// The specification run number by number.
template <class Op, class T>
inline constexpr span_kernels<T> plain_spans{&impl::plain_span_forward<Op, T>, &impl::plain_span_vjp<Op, T>};

/// Contiguous rows of `n` numbers. Pointers are those of the first row; inputs that rows share stay where they are.
template <class T>
struct row_run {
  const T* const* in;
  const int64_t* side;  ///< one number a row, or null
  T* y;                 ///< a row or a number for each row
  const T* dy;          ///< the same; one number for all rows when the result is a mean
  T* const* dx;         ///< null entries are not wanted
  unsigned fresh;       ///< bit k: dx[k] is written, not added to
  T* scratch;           ///< max_kept_rows rows
  int64_t rows;
  int64_t n;
  T* saved = nullptr;  ///< the numbers that the operator saves of each row, or null
};

/// A rowwise operator over contiguous rows.
template <class T>
struct row_kernels {
  void (*forward)(const void* op, const row_run<T>&);
  void (*vjp)(const void* op, const row_run<T>&);
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
template <class Op>
inline constexpr input_set shared_of = [] {
  if constexpr (requires { Op::shared; }) return input_set{Op::shared};
  return input_set{};
}();

namespace impl {
template <class S, std::size_t N>
struct row_cursor {
  using element = typename packet<S>::element;
  template <class Op>
  static std::array<memory_row<S>, N> at(const row_run<element>& run, int64_t r) {
    std::array<memory_row<S>, N> rows;
    for (std::size_t k = 0; k < N; ++k)
      rows[k] = {run.in[k] + (shared_of<Op>.contains(static_cast<int>(k)) ? 0 : r * run.n), run.n};
    return rows;
  }
};

template <class S, class E, class Out>
void put_result(const Out& value, E* to, bool adds) {
  if (to == nullptr) return;
  if (adds)
    add_row(value, to);
  else
    store_row(value, to);
}

// S is the packet: T itself for the specification, simd<V> for the fast kernel.
template <class Op, class S>
void rows_forward(const void* op_bytes, const row_run<typename packet<S>::element>& run) {
  const Op& op = *static_cast<const Op*>(op_bytes);
  constexpr std::size_t inputs = static_cast<std::size_t>(arity_of<Op>.tensors);
  for (int64_t r = 0; r < run.rows; ++r) {
    const auto x = row_cursor<S, inputs>::template at<Op>(run, r);
    typename packet<S>::element* const saved = run.saved == nullptr ? nullptr : run.saved + r * saved_of<Op>;
    const auto call = [&]<std::size_t... I>(std::index_sequence<I...>, auto& keep) {
      if constexpr (arity_of<Op>.side > 0)
        return op.forward(x[I]..., run.side[r], keep);
      else
        return op.forward(x[I]..., keep);
    };
    if constexpr (result_of<Op> == row_result::row) {
      row_keeper<S> keep(run.y + r * run.n, run.scratch, saved, saving::writes);
      store_row(call(inputs_of<Op>{}, keep), run.y + r * run.n);
    } else {
      row_keeper<S> keep(run.scratch, run.scratch + run.n, saved, saving::writes);
      run.y[r] = packet<S>::first(call(inputs_of<Op>{}, keep));
    }
  }
}

template <class Op, class S>
void rows_vjp(const void* op_bytes, const row_run<typename packet<S>::element>& run) {
  const Op& op = *static_cast<const Op*>(op_bytes);
  constexpr std::size_t inputs = static_cast<std::size_t>(arity_of<Op>.tensors);
  for (int64_t r = 0; r < run.rows; ++r) {
    const auto x = row_cursor<S, inputs>::template at<Op>(run, r);
    row_keeper<S> keep(run.scratch, run.scratch + run.n, run.saved == nullptr ? nullptr : run.saved + r * saved_of<Op>,
                       saving::reads);
    const auto call = [&]<std::size_t... I>(std::index_sequence<I...>) {
      if constexpr (result_of<Op> == row_result::row) {
        const memory_row<S> y{run.y + r * run.n, run.n};
        const memory_row<S> dy{run.dy + r * run.n, run.n};
        if constexpr (arity_of<Op>.side > 0)
          return op.vjp(x[I]..., run.side[r], y, dy, keep);
        else
          return op.vjp(x[I]..., y, dy, keep);
      } else {
        const S dy = packet<S>::broadcast_first(packet<S>::load_first(run.dy + (result_of<Op> == row_result::mean ? 0 : r), 1));
        if constexpr (arity_of<Op>.side > 0)
          return op.vjp(x[I]..., run.side[r], dy, keep);
        else
          return op.vjp(x[I]..., dy, keep);
      }
    };
    const auto out = [&](std::size_t k) {
      return run.dx[k] == nullptr ? nullptr : run.dx[k] + (shared_of<Op>.contains(static_cast<int>(k)) ? 0 : r * run.n);
    };
    const auto adds = [&](std::size_t k) { return (run.fresh >> k & 1U) == 0; };
    const auto gradients = call(inputs_of<Op>{});
    if constexpr (row<std::remove_cvref_t<decltype(gradients)>>) {
      put_result<S>(gradients, out(0), adds(0));
    } else {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (put_result<S>(std::get<I>(gradients), out(I), adds(I)), ...);
      }(inputs_of<Op>{});
    }
  }
}
}  // namespace impl

/// The specification run number by number.
template <class Op, class T>
inline constexpr row_kernels<T> plain_rows{&impl::rows_forward<Op, T>, &impl::rows_vjp<Op, T>};

}  // namespace axiograd
