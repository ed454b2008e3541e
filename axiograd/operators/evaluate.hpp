#pragma once
// Operators on tensors without a tape.

#include <axiograd/core/floating_point.hpp>
#include <axiograd/core/tensor.hpp>
#include <axiograd/operators/check_call.hpp>
#include <axiograd/operators/operator_of.hpp>

namespace axiograd {

namespace impl {
template <class T>
result<tensor<T>> evaluate_checked(const operator_table<T>& op, const void* attributes, std::span<const tensor<T>* const> in,
                                   std::span<const index_tensor> side) {
  const floating_point_scope standard;
  std::array<const shape*, 8> shapes{};
  std::array<view<const T>, 8> views{};
  std::array<memory_chunk*, 8> constant{};
  const std::size_t tensors = static_cast<std::size_t>(op.in.tensors);
  for_each_input(op.in, in.size(), [&](std::size_t k, int given) {
    shapes[k] = &dynamic_shape;
    if (given < 0) return;
    const tensor<T>& x = *in[static_cast<std::size_t>(given)];
    shapes[k] = &x.shape();
    views[k] = {x.data(), &x.shape()};
    if (x.owner().get() != nullptr && x.owner()->constant()) constant[k] = x.owner().get();
  });
  for (std::size_t k = 0; k < side.size(); ++k) shapes[tensors + k] = &side[k].shape();
  const std::span<const shape* const> all_shapes(shapes.data(), tensors + side.size());
  const shape_result dims = op.infer(attributes, all_shapes);
  if (!dims) return tl::unexpected(to_error(op.name, dims, all_shapes));
  if (op.is_view) return in[0]->reshaped(*dims);
  const resolved_attributes resolved(op, attributes, *shapes[0]);
  tensor<T> y = tensor<T>::uninitialised(*dims);
  if (y.empty()) return y;
  op.forward(resolved.data(),
             {.in = {views.data(), tensors}, .side = side, .y = {y.mutable_data(), &y.shape()}, .constant = constant.data()});
  return y;
}
}  // namespace impl

/// The operator's result on tensors, then side inputs; an optional tensor may be left out.
///
/// Errors: invalid_parameter for a wrong number of inputs, a null input or missing attributes; what the operator's shape rule
/// reports; out_of_memory; domain_error where exact numbers divide by 0. The domain is not checked otherwise (contract C14).
template <class T>
result<tensor<T>> evaluate_tensors(const operator_table<T>& op, const void* attributes, std::span<const tensor<T>* const> in,
                                   std::span<const index_tensor> side) {
  try {
    if (!call_fits(op, attributes, in.size(), side.size())) return misfit(op.name, op.in, in.size(), side.size());
    for (const tensor<T>* const x : in)
      if (x == nullptr) return fail(error_kind::invalid_parameter, message({op.name, ": an input is a null pointer"}));
    return impl::evaluate_checked(op, attributes_or_any(op, attributes), in, side);
  } catch (...) {
    return caught(op.name, error_kind::domain_error);
  }
}

namespace impl {
template <class T, class Op, class... X>
tensor<T> evaluate_operands(const Op& op, const X&... x) {
  constexpr std::size_t sides = static_cast<std::size_t>(arity_of<Op>.side);
  std::array<const tensor<T>*, sizeof...(X) - sides> in{};
  std::array<index_tensor, sides> side;
  std::size_t tensors = 0, indices = 0;
  const auto sort = [&](const auto& operand) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(operand)>, tensor<T>>)
      in[tensors++] = &operand;
    else
      side.at(indices++) = operand;
  };
  (sort(x), ...);
  return ok_or_throw(evaluate_tensors<T>(table_of<Op, T>(), &op, in, side));
}
}  // namespace impl

/// Calls on tensors compute at once and throw `failure` on an error.
template <operation Op, scalar T, class... X>
  requires((std::same_as<X, tensor<T>> || std::same_as<X, index_tensor>) && ...)
tensor<T> interpret(const Op& op, const tensor<T>& x, const X&... rest) {
  return impl::evaluate_operands<T>(op, x, rest...);
}

}  // namespace axiograd
