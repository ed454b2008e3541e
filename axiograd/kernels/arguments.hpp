#pragma once
// What a kernel is given: plain pointers and shapes. Kernels know no operator; they are templates over what one says.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/tensor.hpp>
#include <axiograd/core/view.hpp>
#include <axiograd/kernels/follow_up.hpp>
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
  T* saved = nullptr;                  ///< room for the numbers that the reverse run can use again, or null
  const follow_up<T>* then = nullptr;  ///< only where the operator's table says that it may be given
  const layout* lie = nullptr;         ///< how each input lies; null: row-major
  layout y_lies{};
  memory_chunk* const* constant = nullptr;  ///< where each input lies if its entries never change, else null; null: unknown

  layout input_lies(std::size_t k) const { return lie == nullptr ? layout{} : lie[k]; }
};

/// One reverse run: adds to each `dx` that is not null, or writes it where it holds nothing yet.
template <class T>
struct vjp_run {
  std::span<const view<const T>> in;
  std::span<const index_tensor> side;
  view<const T> y;
  const T* dy;
  std::span<T* const> dx;
  unsigned fresh = 0;           ///< bit k: dx[k] holds nothing yet; never set where inputs share a dx
  const T* saved = nullptr;     ///< what the forward run left in its `saved`; null: to be computed again
  const layout* lie = nullptr;  ///< how each input and its gradient lies; null: row-major
  layout y_lies{};              ///< y and dy

  layout input_lies(std::size_t k) const { return lie == nullptr ? layout{} : lie[k]; }
  /// Whether everything lies in the same way.
  bool lies_alike() const {
    for (std::size_t k = 0; k < in.size(); ++k)
      if (input_lies(k) != y_lies) return false;
    return true;
  }
  /// Whether everything is row-major.
  bool row_major() const { return y_lies.row_major() && lies_alike(); }
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

template <class T>
struct span_kernels;

/// An operator for one number type, its type erased; `op` points to the operator's attributes.
template <class T>
struct operator_table {
  const char* name;
  arity in;
  std::uint32_t attribute_bytes;  ///< 0 for operators without attributes
  bool relabels;                  ///< the result is the input under another shape
  bool keeps_shape;               ///< inputs of one shape give a result of that shape, whatever the shape
  int64_t followed;               ///< `forward` may be given what follows where the result has at most so many entries
  /// How the result may lie where the inputs lie as said; nothing if they have to be row-major. Null: always. An operator
  /// that may be followed says how its result lies best.
  std::optional<layout> (*lays_out)(const void* op, std::span<const shape* const> in, std::span<const layout> lie);
  shape_result (*infer)(const void* op, std::span<const shape* const> in);
  /// Neither of these is called for a result without entries: extents may be huge then.
  void (*forward)(const void* op, const forward_run<T>&);
  void (*vjp)(const void* op, const vjp_run<T>&);
  /// Both in one pass, with the bits of one after the other; null where that gains nothing.
  void (*together)(const void* op, const forward_run<T>&, const vjp_run<T>&);
  /// The kernels that run over numbers, one thread; null where the operator is not elementwise.
  const span_kernels<T>& (*spans)();
  /// How many numbers a forward run saves for the reverse run; null for none.
  int64_t (*saved)(const void* op, std::span<const shape* const> in);
  /// Whether the inputs lie in the operator's checked domain; null where nothing is checked.
  bool (*in_domain)(const void* op, std::span<const view<const T>> in);
};

}  // namespace axiograd
