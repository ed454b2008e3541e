#pragma once
// + - * / and comparisons on tensors, variables and symbols: other spellings of the operators of arithmetic.

#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/div.hpp>
#include <axiograd/ops/arithmetic/maximum.hpp>
#include <axiograd/ops/arithmetic/minimum.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/neg.hpp>
#include <axiograd/ops/arithmetic/reciprocal.hpp>
#include <axiograd/ops/arithmetic/scale.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/arithmetic/where_greater.hpp>

namespace axiograd {

/// Operands that are not numbers themselves but stand for them.
template <class X>
concept handle = operand<X> && !scalar<X> && requires(const X& x) { constant_like(x, 1.0); };

/// A plain number of any C++ type, which stands for a constant of the other operand's shape.
template <class S>
concept plain_number = std::is_arithmetic_v<S>;

template <handle A, operand B>
  requires(!plain_number<B>)
auto operator+(const A& a, const B& b) {
  return add(a, b);
}
template <handle A, operand B>
  requires(!plain_number<B>)
auto operator-(const A& a, const B& b) {
  return sub(a, b);
}
template <handle A, operand B>
  requires(!plain_number<B>)
auto operator*(const A& a, const B& b) {
  return mul(a, b);
}
template <handle A, operand B>
  requires(!plain_number<B>)
auto operator/(const A& a, const B& b) {
  return div(a, b);
}
template <handle A, plain_number S>
auto operator+(const A& a, S s) {
  return add(a, constant_like(a, static_cast<double>(s)));
}
template <handle A, plain_number S>
auto operator-(const A& a, S s) {
  return sub(a, constant_like(a, static_cast<double>(s)));
}
template <handle A, plain_number S>
auto operator*(const A& a, S s) {
  return scale(a, {.factor = static_cast<double>(s)});
}
template <handle A, plain_number S>
auto operator/(const A& a, S s) {
  return div(a, constant_like(a, static_cast<double>(s)));
}
template <handle A, plain_number S>
auto operator+(S s, const A& a) {
  return a + s;
}
template <handle A, plain_number S>
auto operator-(S s, const A& a) {
  return sub(constant_like(a, static_cast<double>(s)), a);
}
template <handle A, plain_number S>
auto operator*(S s, const A& a) {
  return a * s;
}
template <handle A, plain_number S>
auto operator/(S s, const A& a) {
  return div(constant_like(a, static_cast<double>(s)), a);
}
template <handle A>
auto operator-(const A& a) {
  return neg(a);
}

/// The condition a > b, position by position; for `select`.
template <handle A>
struct greater {
  A a, b;
};
template <handle A>
greater<A> operator>(const A& a, const A& b) {
  return {a, b};
}
template <handle A>
greater<A> operator>(const A& a, double b) {
  return {a, constant_like(a, b)};
}
template <handle A>
greater<A> operator<(const A& a, const A& b) {
  return {b, a};
}
template <handle A>
greater<A> operator<(const A& a, double b) {
  return {constant_like(a, b), a};
}
/// x where the condition holds, y elsewhere.
template <handle A>
auto select(const greater<A>& condition, const A& x, const A& y) {
  return where_greater(condition.a, condition.b, x, y);
}
template <handle A>
auto select(const greater<A>& condition, const A& x, double y) {
  return select(condition, x, constant_like(x, y));
}
template <handle A>
auto select(const greater<A>& condition, double x, const A& y) {
  return select(condition, constant_like(y, x), y);
}
template <handle A>
auto max(const A& a, const A& b) {
  return maximum(a, b);
}
template <handle A>
auto min(const A& a, const A& b) {
  return minimum(a, b);
}

}  // namespace axiograd
