#pragma once
// What functions composed of operators need of their operands: tensors, which compute at once, or variables, which record.

#include <axiograd/autograd/var.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <string>

namespace axiograd {

/// A tensor or a variable.
template <class X>
concept tensor_like = operand<X> && !is_index_tensor<X> && requires(const X& x) {
  { x.shape() } -> std::convertible_to<shape>;
  typename X::value_type;
};

namespace impl {
/// Whether x stands for a value: not after an error of a builder, nor if it is a variable of before a `clear`, which is
/// reported in the name of `who`.
template <tensor_like X>
bool usable(const X& x, const char* who = "a function of variables") {
  if constexpr (is_var<X>)
    return x.usable(who);
  else
    return true;
}
/// The same of several operands of one call, which have to be variables of one recorder.
template <tensor_like X>
bool all_usable(std::span<const X> operands, const char* who) {
  if constexpr (is_var<X>)
    for (const X& x : operands)
      if (!belongs_to(operands.front().where(), x)) {
        refuse_foreign(operands.front().where(), who, x);
        return false;
      }
  return std::all_of(operands.begin(), operands.end(), [who](const X& x) { return usable(x, who); });
}
/// The axis counted from the front where it is negative: -1 is the last of `rank`.
constexpr int counted_axis(int64_t axis, int rank) { return static_cast<int>(axis < 0 ? axis + rank : axis); }

/// The type that operators on x give.
template <class X>
struct result_of_operators {
  using type = X;
};
template <class T, shape S>
struct result_of_operators<var<T, S>> {
  using type = var<T>;
};
template <class X>
using plain = typename result_of_operators<X>::type;

/// Reports an error as operators do: tensors and recordings throw, builders remember it.
template <tensor_like X>
plain<X> refuse(const X& x, error_kind kind, const std::string& message) {
  if constexpr (is_var<X>) {
    recorder_access::resolve(x.where(), result<int>(fail(kind, message)), 0);
    return x;
  } else {
    throw failure({kind, message});
  }
}
/// A tensor as an operand of the same kind as x: itself, or a constant of x's tape.
template <tensor_like X>
plain<X> constant_beside(const X& x, const tensor<typename X::value_type>& value) {
  if constexpr (is_var<X>) {
    return {x.where(), as_input(x.where(), value)};
  } else {
    return value;
  }
}
}  // namespace impl

}  // namespace axiograd
