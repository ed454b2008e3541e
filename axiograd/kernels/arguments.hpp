#pragma once
// What a kernel is given: plain pointers and shapes. Kernels know no operator; they are templates over what one says.

#include <axiograd/core/tensor.hpp>
#include <axiograd/core/view.hpp>
#include <span>

namespace axiograd {

/// One forward run: y is written.
template <class T>
struct forward_run {
  std::span<const view<const T>> in;
  std::span<const index_tensor> side;
  view<T> y;
};

/// One reverse run: adds into each `dx` that is not null.
template <class T>
struct vjp_run {
  std::span<const view<const T>> in;
  std::span<const index_tensor> side;
  view<const T> y;
  const T* dy;
  std::span<T* const> dx;
};

/// An operator for one number type, its type erased; `op` points to the operator's attributes.
template <class T>
struct operator_table {
  const char* name;
  arity in;
  std::uint32_t attribute_bytes;  ///< 0 for operators without attributes
  bool relabels;                  ///< the result is the input under another shape
  shape_result (*infer)(const void* op, std::span<const shape* const> in);
  void (*forward)(const void* op, const forward_run<T>&);
  void (*vjp)(const void* op, const vjp_run<T>&);
  /// Whether the inputs lie in the operator's checked domain; null where nothing is checked.
  bool (*in_domain)(const void* op, std::span<const view<const T>> in);
};

}  // namespace axiograd
