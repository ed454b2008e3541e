#pragma once
// What an operator can be called on.

#include <axiograd/core/scalar/scalar.hpp>

namespace axiograd {

/// Numbers, and every type that specialises this (rows, tensors, variables, symbols).
template <class X>
inline constexpr bool is_operand = scalar<X>;
template <class X>
concept operand = is_operand<X>;

/// Side inputs among the operands; the type is made in core/tensor.hpp.
template <class X>
inline constexpr bool is_index_tensor = false;

}  // namespace axiograd
