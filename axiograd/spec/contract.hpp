#pragma once
// The remaining names of the operator contract: pure functions of shapes and tensors that the rest of the interface reaches
// under other names or as parts of an operator.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/ops/derivatives.hpp>
#include <axiograd/ops/pooling/avg_pool2d.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/ops/shape/swap_adjacent_at_depth.hpp>
#include <axiograd/spec/op_spec.hpp>

namespace axiograd {

// ---- shapes (contract 2) ------------------------------------------------------------------------------------------------

constexpr int64_t shape_size(const shape& s) { return s.size(); }
constexpr bool shape_valid_axis(const shape& s, int axis) { return s.valid_axis(axis); }
constexpr bool shape_well_formed(const shape& s) { return s.well_formed(); }
/// s with axes d and d + 1 exchanged; s itself when there is no axis d + 1.
constexpr shape shape_swap_adjacent_at_depth(const shape& s, int d) {
  return *swap_adjacent_at_depth_op{.depth = d}.infer_shape(s);
}
/// Whether the rules of contract 2.3 lead from s to t: a scalar goes to anything, n to n, 1 to n, and new axes may be put in.
constexpr bool shape_can_broadcast_to(const shape& s, const shape& t) {
  if (s.rank == 0) return true;
  if (t.rank == 0) return false;
  if ((s[0] == t[0] || s[0] == 1) && shape_can_broadcast_to(s.from(1), t.from(1))) return true;
  return shape_can_broadcast_to(s, t.from(1));
}

// ---- packed tensors (contract 2.2) --------------------------------------------------------------------------------------

/// A tensor knows its shape at run time: it is the packed tensor of the contract.
template <class T>
using any_tensor = tensor<T>;
template <class T>
any_tensor<T> any_tensor_make(const shape& s, std::span<const T> values) {
  tensor<T> t = tensor<T>::zeros(s);
  if (static_cast<int64_t>(values.size()) != t.size())
    throw failure({error_kind::size_mismatch, message({"any_tensor_make: ", values.size(), " values for shape ", s})});
  std::copy(values.begin(), values.end(), t.mutable_data());
  return t;
}
/// The tensor, if it has shape s; shape_mismatch otherwise.
template <class T>
result<any_tensor<T>> any_tensor_cast(const any_tensor<T>& t, const shape& s) {
  if (t.shape() != s)
    return tl::unexpected(
        error{error_kind::shape_mismatch, message({"any_tensor_cast: the shape is ", t.shape(), ", not ", s})});
  return t;
}
/// The sum entry by entry; accumulation_shape_mismatch when the shapes differ.
template <class T>
result<any_tensor<T>> any_tensor_add(const any_tensor<T>& a, const any_tensor<T>& b) {
  if (a.shape() != b.shape())
    return tl::unexpected(error{error_kind::accumulation_shape_mismatch,
                                message({"any_tensor_add: shapes differ: ", a.shape(), " and ", b.shape()})});
  return add(a, b);
}

// ---- numbers and tensors (contract 1.2, 3, 14) --------------------------------------------------------------------------

/// The default stabiliser, 1e-6.
template <field T>
constexpr T numbers_epsilon() {
  return default_epsilon.as<T>();
}
/// softmax and log_softmax of a vector.
template <class T>
tensor<T> softmax_vec(const tensor<T>& v) {
  return softmax(v);
}
template <class T>
tensor<T> log_softmax_vec(const tensor<T>& v) {
  return log_softmax(v);
}
/// y (g - <g,y>) per slice, y = softmax(x).
template <class T>
tensor<T> softmax_backward(const tensor<T>& x, const tensor<T>& g) {
  return capture<T>(softmax_op{}).backward(x, g);
}
/// g - exp(y) sum(g) per slice, from the output y of log_softmax.
template <class T>
tensor<T> log_softmax_backward(const tensor<T>& y, const tensor<T>& g) {
  const log_softmax_op op;
  const tensor<T>* const in[]{&y};
  return pull_back<T>(table_of<log_softmax_op, T>(), &op, in, {}, y, g)[0];
}
/// g f'(x) at every entry, for the derivative f' of an activation.
template <class T, class D>
tensor<T> activation_gradient(const D& derivative, const tensor<T>& x, const tensor<T>& g) {
  return mul(g, derivative(x));
}
/// sum (x - t)^2 / N and its gradient 2 (x - t) / N in x.
template <class T>
tensor<T> mse_value(const tensor<T>& x, const tensor<T>& t) {
  return mse_loss(x, t);
}
template <class T>
tensor<T> mse_value_deriv(const tensor<T>& x, const tensor<T>& t) {
  return opspec::mse_loss<T>(t).backward(x, tensor<T>::scalar(T(1)));
}

// ---- names with the padding in them (contract 10) -----------------------------------------------------------------------

template <operand X>
auto max_pool2d_pad(const X& x, const max_pool2d_op& op) {
  return max_pool2d(x, op);
}
template <operand X>
auto avg_pool2d_pad(const X& x, const avg_pool2d_op& op) {
  return avg_pool2d(x, op);
}

}  // namespace axiograd
