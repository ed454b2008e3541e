#pragma once
// Derivatives of activations as operators of their own: relu_deriv(x), elu_deriv(x, {.alpha = 1}), ... (contract 3).

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
#include <axiograd/ops/arithmetic/cosh.hpp>
#include <axiograd/ops/arithmetic/sinh.hpp>

namespace axiograd {

/// The derivative of an elementwise operator of one input, as an elementwise operator: its value is Op's own derivative, its
/// derivative comes from forward mode.
template <elementwise Op>
struct derivative_op {
  static_assert(arity_of<Op>.tensors == 1, "the operator has several partial derivatives");
  static constexpr op_info info = [] {
    op_info i = Op::info;
    i.formula = Op::info.derivative;
    i.derivative = "the second derivative of the operator, by forward mode";
    return i;
  }();
  static constexpr op_facts facts{.max_ulp = Op::facts.derivative_max_ulp};

  Op op;

  template <scalar T>
    requires elementwise_on<Op, T>
  AXG_HD constexpr T value(const T& x) const {
    return differentiate(op, evaluate(op, x), x)[0];
  }
};

#define AXG_DERIVATIVE(name)                                            \
  template <operand X, std::default_initializable Op = name##_op>       \
  AXG_HD constexpr auto name##_deriv(const X& x) {                      \
    return impl::call(derivative_op<Op>{Op{}}, x);                      \
  }                                                                     \
  template <operand X>                                                  \
  AXG_HD constexpr auto name##_deriv(const X& x, const name##_op& op) { \
    return impl::call(derivative_op<name##_op>{op}, x);                 \
  }
AXG_DERIVATIVE(cosh)
AXG_DERIVATIVE(elu)
AXG_DERIVATIVE(gelu)
AXG_DERIVATIVE(leaky_relu)
AXG_DERIVATIVE(relu)
AXG_DERIVATIVE(safe_log)
AXG_DERIVATIVE(sigmoid)
AXG_DERIVATIVE(silu)
AXG_DERIVATIVE(sinh)
AXG_DERIVATIVE(smooth_abs)
AXG_DERIVATIVE(softplus)
AXG_DERIVATIVE(tanh)
#undef AXG_DERIVATIVE

/// logistic(x) = e^x / (e^x + 1): the sigmoid under its other name (contract 3).
template <operand X>
AXG_HD constexpr auto logistic(const X& x) {
  return sigmoid(x);
}
template <operand X>
AXG_HD constexpr auto logistic_deriv(const X& x) {
  return sigmoid_deriv(x);
}

/// sigmoid_output_deriv(s) = s (1 - s): the derivative of the sigmoid from its value s, elementwise.
struct sigmoid_output_deriv_op {
  static constexpr op_info info{.name = "sigmoid_output_deriv",
                                .formula = "s (1 - s)",
                                .derivative = "1 - 2 s",
                                .edges = "NaN propagates; loses digits for s near 1",
                                .source = "contract 3",
                                .torch = "none"};
  static constexpr op_facts facts{.max_ulp = 1.5};

  template <ring T>
  AXG_HD constexpr T value(const T& s) const {
    return s * (T(1) - s);
  }
  template <ring T>
  AXG_HD constexpr T derivative(const T& s, const T&) const {
    return T(1) - (s + s);
  }
};
AXG_CALLABLE(sigmoid_output_deriv)

}  // namespace axiograd
