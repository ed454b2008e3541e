#pragma once
// The OpSpec layer (contract 15): operators as pairs of pure functions of one tensor, the other inputs captured.

#include <axiograd/operators/evaluate.hpp>
#include <axiograd/ops/activation/elu.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/leaky_relu.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/safe_log.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/silu.hpp>
#include <axiograd/ops/activation/smooth_abs.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/clamp.hpp>
#include <axiograd/ops/arithmetic/cosh.hpp>
#include <axiograd/ops/arithmetic/div.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/log_shifted.hpp>
#include <axiograd/ops/arithmetic/maximum.hpp>
#include <axiograd/ops/arithmetic/minimum.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/neg.hpp>
#include <axiograd/ops/arithmetic/reciprocal.hpp>
#include <axiograd/ops/arithmetic/safe_div.hpp>
#include <axiograd/ops/arithmetic/safe_reciprocal.hpp>
#include <axiograd/ops/arithmetic/scale.hpp>
#include <axiograd/ops/arithmetic/sinh.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/arithmetic/square.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/indexing/slice_dim0.hpp>
#include <axiograd/ops/linalg/bmm.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/loss/binary_cross_entropy_loss.hpp>
#include <axiograd/ops/loss/cosine_similarity_loss.hpp>
#include <axiograd/ops/loss/cross_entropy_logits.hpp>
#include <axiograd/ops/loss/cross_entropy_loss.hpp>
#include <axiograd/ops/loss/hinge_loss.hpp>
#include <axiograd/ops/loss/huber_loss.hpp>
#include <axiograd/ops/loss/log_cosh_loss.hpp>
#include <axiograd/ops/loss/mae_loss.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/ops/loss/poisson_loss.hpp>
#include <axiograd/ops/loss/smooth_l1_loss.hpp>
#include <axiograd/ops/normalization/layer_norm.hpp>
#include <axiograd/ops/normalization/log_softmax.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/reduction/reduce_mean.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/ops/shape/broadcast_to.hpp>
#include <axiograd/ops/shape/flatten.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <axiograd/ops/shape/transpose2d.hpp>
#include <functional>
#include <vector>

namespace axiograd {

/// The gradients of sum(dy * op(in...)) in every input, by the operator's own VJP; `y` is its result.
///
/// Errors: throws `failure`: invalid_parameter for a wrong number of inputs or missing attributes; upstream_shape_mismatch when
/// dy is not shaped like y; domain_error where exact numbers divide by 0.
template <class T>
std::vector<tensor<T>> pull_back(const operator_table<T>& op, const void* attributes, std::span<const tensor<T>* const> in,
                                 std::span<const index_tensor> side, const tensor<T>& y, const tensor<T>& dy) {
  if (!call_fits(op, attributes, in.size(), side.size())) throw failure(misfit(op.name, op.in, in.size(), side.size()).value());
  if (dy.shape() != y.shape())
    throw failure({error_kind::upstream_shape_mismatch,
                   message({op.name, ": the cotangent is ", dy.shape(), ", the result ", y.shape()})});
  std::vector<tensor<T>> gradients;
  std::vector<view<const T>> x;
  std::vector<T*> dx;
  for (const tensor<T>* const t : in) {
    x.push_back({t->data(), &t->shape()});
    gradients.push_back(tensor<T>::zeros(t->shape()));
  }
  for (tensor<T>& g : gradients) dx.push_back(g.mutable_data());
  const floating_point_scope standard;
  if (in.size() < static_cast<std::size_t>(op.in.tensors)) {  // the optional one is left out
    x.insert(x.begin() + op.in.optional, view<const T>{});
    dx.insert(dx.begin() + op.in.optional, nullptr);
  }
  try {
    const resolved_attributes resolved(op, attributes_or_any(op, attributes), *x[0].dims);
    if (!y.empty()) op.vjp(resolved.data(), {x, side, {y.data(), &y.shape()}, dy.data(), dx});
  } catch (...) {
    throw failure(caught(op.name, error_kind::domain_error).value());
  }
  return gradients;
}

/// One differentiable input, captured constants: a forward map and its VJP. Both are pure; the captured tensors get no
/// gradient.
///
/// Correct when <J(x) u, g> = <u, backward(x, g)> for all u and g, J the derivative of `forward` at x.
template <class T>
struct op_spec {
  std::function<tensor<T>(const tensor<T>&)> forward;
  std::function<tensor<T>(const tensor<T>&, const tensor<T>&)> backward;
};

/// second after first. Composition is associative with `opspec::identity` as unit, and preserves correctness.
template <class T>
op_spec<T> compose(const op_spec<T>& second, const op_spec<T>& first) {
  return {[=](const tensor<T>& x) { return second.forward(first.forward(x)); },
          [=](const tensor<T>& x, const tensor<T>& g) { return first.backward(x, second.backward(first.forward(x), g)); }};
}

/// An operator with every input but number `free` captured; `others` are those inputs in their order.
template <class T, operation Op>
op_spec<T> capture(const Op& op, std::size_t free = 0, std::vector<tensor<T>> others = {}) {
  struct captured {
    Op op;
    std::size_t free;
    std::vector<tensor<T>> others;
    std::vector<const tensor<T>*> inputs(const tensor<T>& x) const {
      std::vector<const tensor<T>*> in;
      for (const tensor<T>& t : others) in.push_back(&t);
      in.insert(in.begin() + static_cast<std::ptrdiff_t>(free), &x);
      return in;
    }
    tensor<T> forward(const tensor<T>& x) const {
      return ok_or_throw(evaluate_tensors<T>(table_of<Op, T>(), &op, inputs(x), {}));
    }
  };
  if (free > others.size() || others.size() + 1 != static_cast<std::size_t>(arity_of<Op>.tensors))
    throw failure({error_kind::invalid_parameter,
                   message({Op::info.name.s, ": ", others.size(), " inputs are captured, it has ", arity_of<Op>.tensors})});
  const captured c{op, free, std::move(others)};
  return {[=](const tensor<T>& x) { return c.forward(x); },
          [=](const tensor<T>& x, const tensor<T>& g) {
            return pull_back<T>(table_of<Op, T>(), &c.op, c.inputs(x), {}, c.forward(x), g)[c.free];
          }};
}

/// forward x -> f at every entry, backward df(x) g; for functions that are no operators.
template <class T, class F, class D>
op_spec<T> lift_elementwise(const F& f, const D& df) {
  const auto apply = [](const auto& function, const tensor<T>& x) {
    tensor<T> y = tensor<T>::zeros(x.shape());
    for (int64_t i = 0; i < x.size(); ++i) y.mutable_data()[i] = function(x[i]);
    return y;
  };
  return {[=](const tensor<T>& x) { return apply(f, x); },
          [=](const tensor<T>& x, const tensor<T>& g) { return mul(apply(df, x), g); }};
}
/// The backward part of it: (x, g) -> df(x) g.
template <class T, class D>
auto lift_elementwise_backward(const D& df) {
  return lift_elementwise<T>([](const T& x) { return x; }, df).backward;
}

/// The entry of a tensor of shape ().
template <class T>
T scalar_of(const tensor<T>& x) {
  if (x.shape() != shape{})
    throw failure({error_kind::shape_mismatch, message({"scalar_of: the shape is ", x.shape(), ", not ()"})});
  return x[0];
}

/// Operators by their OpSpec names. Captured operands come first, then attributes.
namespace opspec {

#define AXG_UNARY_SPEC(id, op)                                                             \
  template <class T = double>                                                              \
  op_spec<T> id(const op##_op& attributes = {}) { /* NOLINT(bugprone-macro-parentheses) */ \
    return capture<T>(attributes);                                                         \
  }
#define AXG_REQUIRED_SPEC(id, op)            \
  template <class T = double>                \
  op_spec<T> id(const op##_op& attributes) { \
    return capture<T>(attributes);           \
  }
/// A second operand is captured; the first one is free.
#define AXG_CAPTURED_SPEC(id, op)                                            \
  template <class T = double>                                                \
  op_spec<T> id(const tensor<T>& captured, const op##_op& attributes = {}) { \
    return capture<T>(attributes, 0, {captured});                            \
  }
AXG_REQUIRED_SPEC(elu, elu)
AXG_REQUIRED_SPEC(leaky_relu, leaky_relu)
AXG_REQUIRED_SPEC(scale, scale)
AXG_REQUIRED_SPEC(clamp, clamp)
AXG_REQUIRED_SPEC(reduce_sum, reduce_sum)
AXG_REQUIRED_SPEC(reduce_mean, reduce_mean)
AXG_REQUIRED_SPEC(reshape, reshape)
AXG_REQUIRED_SPEC(slice_dim0, slice_dim0)
AXG_UNARY_SPEC(gelu, gelu)
AXG_UNARY_SPEC(relu, relu)
AXG_UNARY_SPEC(sigmoid, sigmoid)
AXG_UNARY_SPEC(tanh, tanh)
AXG_UNARY_SPEC(softplus, softplus)
AXG_UNARY_SPEC(silu, silu)
AXG_UNARY_SPEC(sinh, sinh)
AXG_UNARY_SPEC(cosh, cosh)
AXG_UNARY_SPEC(smooth_abs, smooth_abs)
AXG_UNARY_SPEC(softmax, softmax)
AXG_UNARY_SPEC(log_softmax, log_softmax)
AXG_UNARY_SPEC(neg, neg)
AXG_UNARY_SPEC(abs, abs)
AXG_UNARY_SPEC(exp, exp)
AXG_UNARY_SPEC(log, log)
AXG_UNARY_SPEC(square, square)
AXG_UNARY_SPEC(sqrt, sqrt)
AXG_UNARY_SPEC(reciprocal, reciprocal)
AXG_UNARY_SPEC(safe_reciprocal, safe_reciprocal)
AXG_UNARY_SPEC(transpose2d, transpose2d)
AXG_UNARY_SPEC(flatten, flatten)
AXG_CAPTURED_SPEC(add, add)
AXG_CAPTURED_SPEC(sub, sub)
AXG_CAPTURED_SPEC(mul, mul)
AXG_CAPTURED_SPEC(div, div)
AXG_CAPTURED_SPEC(safe_div, safe_div)
AXG_CAPTURED_SPEC(maximum, maximum)
AXG_CAPTURED_SPEC(minimum, minimum)
AXG_CAPTURED_SPEC(mse_loss, mse_loss)
AXG_CAPTURED_SPEC(mae_loss, mae_loss)
AXG_CAPTURED_SPEC(huber_loss, huber_loss)
AXG_CAPTURED_SPEC(smooth_l1_loss, smooth_l1_loss)
AXG_CAPTURED_SPEC(cross_entropy_loss, cross_entropy_loss)
AXG_CAPTURED_SPEC(cross_entropy_logits_loss, cross_entropy_logits)
AXG_CAPTURED_SPEC(binary_cross_entropy_loss, binary_cross_entropy_loss)
AXG_CAPTURED_SPEC(cosine_similarity_loss, cosine_similarity_loss)
AXG_CAPTURED_SPEC(hinge_loss, hinge_loss)
AXG_CAPTURED_SPEC(poisson_loss, poisson_loss)
AXG_CAPTURED_SPEC(log_cosh_loss, log_cosh_loss)
AXG_CAPTURED_SPEC(matmul_right, matmul)
AXG_CAPTURED_SPEC(bmm_right, bmm)
AXG_CAPTURED_SPEC(embedding_one_hot, matmul)
#undef AXG_UNARY_SPEC
#undef AXG_REQUIRED_SPEC
#undef AXG_CAPTURED_SPEC

/// log(x + epsilon), as this layer defines safe_log; the softplus form is safe_log_softplus (contract C1).
template <class T = double>
op_spec<T> safe_log(const log_shifted_op& op = {}) {
  return capture<T>(op);
}
template <class T = double>
op_spec<T> safe_log_softplus(const safe_log_op& op = {}) {
  return capture<T>(op);
}
/// A X and the batched form, with the left factor captured.
template <class T = double>
op_spec<T> matmul_left(const tensor<T>& a) {
  return capture<T>(matmul_op{}, 1, {a});
}
template <class T = double>
op_spec<T> bmm_left(const tensor<T>& a) {
  return capture<T>(bmm_op{}, 1, {a});
}
/// W x + b.
template <class T = double>
op_spec<T> linear(const tensor<T>& w, const tensor<T>& b) {
  return capture<T>(linear_op{}, 2, {w, b});
}
/// Only x is differentiable.
template <class T = double>
op_spec<T> layer_norm(const tensor<T>& gamma, const tensor<T>& beta, const layer_norm_op& op = {}) {
  return capture<T>(op, 0, {gamma, beta});
}
template <class T = double>
op_spec<T> identity() {
  return {[](const tensor<T>& x) { return x; }, [](const tensor<T>&, const tensor<T>& g) { return g; }};
}
/// () -> s: the entry everywhere; backward sums.
template <class T = double>
op_spec<T> scalar_to_shape(const shape& s) {
  return capture<T>(broadcast_to_op{.dims = s});
}
/// f(x, rhs) entrywise, backward dfdx(x, rhs) g; shapes are equal.
template <class T = double, class F, class D>
op_spec<T> binary_elementwise(const tensor<T>& rhs, const F& f, const D& dfdx) {
  const auto apply = [rhs](const auto& function, const tensor<T>& x) {
    if (x.shape() != rhs.shape())
      throw failure(
          {error_kind::shape_mismatch, message({"binary_elementwise: shapes differ: ", x.shape(), " and ", rhs.shape()})});
    tensor<T> y = tensor<T>::zeros(x.shape());
    for (int64_t i = 0; i < x.size(); ++i) y.mutable_data()[i] = function(x[i], rhs[i]);
    return y;
  };
  return {[=](const tensor<T>& x) { return apply(f, x); },
          [=](const tensor<T>& x, const tensor<T>& g) { return axiograd::mul(apply(dfdx, x), g); }};
}
/// f(x, rhs) entrywise after both are broadcast to `target`; backward sums dfdx g over the replicated axes of x.
template <class T = double, class F, class D>
op_spec<T> binary_broadcast(const tensor<T>& rhs, const shape& target, const F& f, const D& dfdx) {
  const auto wide = capture<T>(broadcast_to_op{.dims = target});
  return compose(binary_elementwise<T>(wide.forward(rhs), f, dfdx), wide);
}
template <class T = double>
op_spec<T> add_broadcast(const tensor<T>& rhs, const shape& target) {
  const auto wide = capture<T>(broadcast_to_op{.dims = target});
  return compose(add<T>(wide.forward(rhs)), wide);
}
template <class T = double>
op_spec<T> mul_broadcast(const tensor<T>& rhs, const shape& target) {
  const auto wide = capture<T>(broadcast_to_op{.dims = target});
  return compose(mul<T>(wide.forward(rhs)), wide);
}

}  // namespace opspec
}  // namespace axiograd
