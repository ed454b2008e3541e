#pragma once
// What a kernel is given: plain pointers and shapes. Kernels know no operator; they are templates over what one says.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/tensor.hpp>
#include <axiograd/core/view.hpp>
#include <axiograd/kernels/epilogue.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/kernels/layout.hpp>
#include <optional>
#include <span>

namespace axiograd {

/// One forward run: y is written.
template <class T>
struct forward_run {
  std::span<const view<const T>> in;
  std::span<const index_tensor> side;
  view<T> y;
  T* saved = nullptr;                           ///< room for the numbers that the reverse run can use again, or null
  const epilogue_chain<T>* epilogue = nullptr;  ///< only where the operator's table says that it may be given
  const layout* layouts = nullptr;              ///< how each input lies; null: row-major
  layout y_layout{};
  memory_chunk* const* constant = nullptr;  ///< where each input lies if its entries never change, else null; null: unknown

  layout input_layout(std::size_t k) const { return layouts == nullptr ? layout{} : layouts[k]; }
};

/// One reverse run: adds to each `dx` that is not null, or writes it where it holds nothing yet.
template <class T>
struct vjp_run {
  std::span<const view<const T>> in;
  std::span<const index_tensor> side;
  view<const T> y;
  const T* dy;
  std::span<T* const> dx;
  unsigned fresh = 0;               ///< bit k: dx[k] holds nothing yet; never set where inputs share a dx
  const T* saved = nullptr;         ///< what the forward run left in its `saved`; null: to be computed again
  const layout* layouts = nullptr;  ///< how each input and its gradient lies; null: row-major
  layout y_layout{};                ///< y and dy

  layout input_layout(std::size_t k) const { return layouts == nullptr ? layout{} : layouts[k]; }
  /// Whether everything lies in the same way.
  bool same_layout() const {
    for (std::size_t k = 0; k < in.size(); ++k)
      if (input_layout(k) != y_layout) return false;
    return true;
  }
  /// Whether everything is row-major.
  bool row_major() const { return y_layout.row_major() && same_layout(); }
  bool adds(std::size_t k) const { return (fresh >> k & 1U) == 0; }
};

namespace impl {
/// x[0 .. n-1] = 0, on several threads if that pays.
template <class T>
void fill_zero(T* x, int64_t n) {
  static work_meter meter;
  meter.run(n, 1024, [x](int64_t begin, int64_t count) { std::fill_n(x + begin, count, T(0)); });
}
}  // namespace impl

/// For kernels that only add: whatever holds nothing yet becomes zero.
template <class T>
void clear_fresh(const vjp_run<T>& run) {
  for (std::size_t k = 0; k < run.dx.size(); ++k)
    if (!run.adds(k) && run.dx[k] != nullptr) impl::fill_zero(run.dx[k], run.in[k].dims->size());
}

}  // namespace axiograd
