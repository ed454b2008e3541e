// Second and third derivatives at 0 by every way in which a user gets them: duals of duals, of floats and of lanes, tapes of
// duals, NAME_deriv on a plain tape. That all operators are right at all special points is rung 3 of the conformance suite.
// Duals of floats are made of whole numbers and doubles, as every number of a definition is.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wfloat-conversion"
#include <axiograd/axiograd.hpp>
#include <axiograd/core/scalar/simd.hpp>
#pragma GCC diagnostic pop

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

namespace axiograd {
namespace {

using orders = std::array<double, 3>;
template <class T>
using thrice = dual<dual<dual<T>>>;

/// x + e1 + e2 + e3.
template <class T>
thrice<T> moving(T x) {
  using one = dual<T>;
  using two = dual<one>;
  return {two(one(x, T(1)), one(T(1), T(0))), two(one(T(1), T(0)), one(T(0), T(0)))};
}
template <class T>
void expect_orders(const thrice<T>& y, const orders& expected, double tolerance, const char* name) {
  EXPECT_NEAR(static_cast<double>(y.v.v.d), expected[0], tolerance) << name;
  EXPECT_NEAR(static_cast<double>(y.v.d.d), expected[1], tolerance) << name;
  EXPECT_NEAR(static_cast<double>(y.d.d.d), expected[2], tolerance) << name;
}

/// f on every kind of dual, Op on a tape of duals of duals and `derivative` on a plain tape, at both zeros.
template <class Op, class F, class Derivative>
void expect_everywhere(const Op& op, const F& f, const Derivative& derivative, const orders& expected) {
  const char* const name = Op::info.name.s;
  for (const double zero : {0.0, -0.0}) {
    expect_orders(f(moving(zero)), expected, 1e-12, name);
    expect_orders(f(moving(static_cast<float>(zero))), expected, 2e-5, name);

    using lanes = simd<hn::Vec<hn::ScalableTag<double>>>;
    const auto y = f(moving(lanes(zero)));
    EXPECT_NEAR(y.v.v.d.first(), expected[0], 1e-12) << name;
    EXPECT_NEAR(y.v.d.d.first(), expected[1], 1e-12) << name;
    EXPECT_NEAR(y.d.d.d.first(), expected[2], 1e-12) << name;

    using two = dual<dual<double>>;
    tape<two> t;
    const node_id x = *t.leaf(tensor<two>::scalar(two(dual<double>(zero, 1), dual<double>(1, 0))));
    const two g = t.backward_scalar(*t.apply(op, x))->at(x).item();
    EXPECT_NEAR(g.v.v, expected[0], 1e-12) << name;
    EXPECT_NEAR(g.v.d, expected[1], 1e-12) << name;
    EXPECT_NEAR(g.d.d, expected[2], 1e-12) << name;

    recording<double> plain;
    const auto v = plain.input<shape{3}>(tensor<double>::full({3}, zero));
    const auto slope = derivative(v);
    EXPECT_NEAR(slope.value()[1], expected[0], 1e-12) << name;
    EXPECT_NEAR(grad(sum(slope), {v})[0][1], expected[1], 1e-12) << name;

    recording<dual<double>> of_duals;
    const auto u = of_duals.input<shape{3}>(tensor<dual<double>>::full({3}, dual<double>(zero, 1)));
    EXPECT_NEAR(grad(sum(derivative(u)), {u})[0][1].d, expected[2], 1e-12) << name;
  }
}
#define AXG_EXPECT(name, ...) \
  expect_everywhere(          \
      name##_op{}, [](const auto& x) { return name(x); }, [](const auto& x) { return name##_deriv(x); }, {__VA_ARGS__})

TEST(higher_orders, are_right_at_zero_on_every_way) {
  const double root = std::sqrt(2 / std::numbers::pi);
  AXG_EXPECT(cosh, 0, 1, 0);
  AXG_EXPECT(sinh, 1, 0, 1);
  AXG_EXPECT(tanh, 1, 0, -2);
  AXG_EXPECT(sigmoid, 0.25, 0, -0.125);
  AXG_EXPECT(softplus, 0.5, 0.25, 0);
  AXG_EXPECT(silu, 0.5, 0.5, 0);
  AXG_EXPECT(gelu, 0.5, root, 0);
  // With p = softplus and s = sigmoid at 0, p = ln 2: (ln(p + e))' = s / q, q = p + e.
  const double q = std::numbers::ln2 + 1e-6, first = 0.5 / q;
  AXG_EXPECT(safe_log, first, 0.25 / q - first * first, -3 * first * 0.25 / q + 2 * first * first * first);
}
TEST(higher_orders, of_operators_without_a_derivative_by_name) {
  // mish = x t(x), t = tanh(softplus): t(0) = 3/5, t' = 8/25, t'' = -4/125.
  expect_orders(mish(moving(0.0)), {0.6, 0.64, -0.096}, 1e-12, "mish");
  expect_orders(gelu_erf(moving(0.0)), {0.5, std::sqrt(2 / std::numbers::pi), 0}, 1e-12, "gelu_erf");
  expect_orders(elu(moving(0.0), {.alpha = 1}), {1, 1, 1}, 1e-12, "elu");
}

TEST(higher_orders, stay_numbers_far_out) {
  for (const double x : {1e30, -1e30, 1e200, -1e200}) {
    const double step = x > 0 ? 1 : 0;
    expect_orders(gelu(moving(x)), {step, 0, 0}, 1e-12, "gelu");
    expect_orders(gelu_erf(moving(x)), {step, 0, 0}, 1e-12, "gelu_erf");
    expect_orders(silu(moving(x)), {step, 0, 0}, 1e-12, "silu");
    expect_orders(mish(moving(x)), {step, 0, 0}, 1e-12, "mish");
    expect_orders(erf(moving(x)), {0, 0, 0}, 1e-12, "erf");
  }
  for (const float x : {1e20F, -1e20F, 3e38F, -3e38F}) {
    expect_orders(gelu(moving(x)), {x > 0 ? 1.0 : 0.0, 0, 0}, 1e-6, "gelu");
    expect_orders(silu(moving(x)), {x > 0 ? 1.0 : 0.0, 0, 0}, 1e-6, "silu");
  }
}

TEST(higher_orders, a_network_of_the_second_derivative_has_its_bias_gradient) {
  // u(x) = sum of w2 f(w1 x + b) at x = 0, b = 0; d u''/ db = w2 w1^2 f'''(0).
  using two = dual<dual<double>>;
  const std::array<double, 3> w1{0.5, -2, 1.5}, w2{1, 0.25, -3};
  const auto constants = [](const std::array<double, 3>& w) {
    return tensor<two>::from({3}, {two(w[0]), two(w[1]), two(w[2])});
  };
  recording<two> rec;
  const auto x = rec.input<shape{3}>(tensor<two>::full({3}, two(dual<double>(0, 1), dual<double>(1, 0))));
  const auto b = rec.input<shape{3}>(tensor<two>::zeros({3}));
  const auto in = rec.input<shape{3}>(constants(w1)), out = rec.input<shape{3}>(constants(w2));
  const auto gradient = [&](const auto& f) { return grad(sum(mul(out, f(add(mul(in, x), b)))), {b})[0]; };
  const auto of_tanh = gradient([](const auto& v) { return tanh(v); });
  const auto of_sigmoid = gradient([](const auto& v) { return sigmoid(v); });
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(of_tanh[static_cast<int64_t>(k)].d.d, -2 * w2[k] * w1[k] * w1[k], 1e-12);
    EXPECT_NEAR(of_sigmoid[static_cast<int64_t>(k)].d.d, -0.125 * w2[k] * w1[k] * w1[k], 1e-12);
  }
}

TEST(higher_orders, pow_with_a_constant_exponent) {
  const auto power = [](double x, double y) { return pow(moving(x), thrice<double>(y)); };
  for (const double x : {-2.0, -0.5, 3.0}) {
    expect_orders(power(x, 3), {3 * x * x, 6 * x, 6}, 1e-12, "x^3");
    expect_orders(power(x, 2), {2 * x, 2, 0}, 1e-12, "x^2");
    expect_orders(power(x, 1), {1, 0, 0}, 1e-12, "x^1");
    expect_orders(power(x, 0), {0, 0, 0}, 1e-12, "x^0");
    expect_orders(power(x, -1), {-1 / (x * x), 2 / (x * x * x), -6 / (x * x * x * x)}, 1e-10, "x^-1");
  }
  for (const double zero : {0.0, -0.0}) {
    expect_orders(power(zero, 3), {0, 0, 6}, 1e-12, "x^3");
    expect_orders(power(zero, 2), {0, 2, 0}, 1e-12, "x^2");
    expect_orders(power(zero, 1), {1, 0, 0}, 1e-12, "x^1");
    expect_orders(power(zero, 0), {0, 0, 0}, 1e-12, "x^0");
  }
  // A square root, and a tiny base to the power 0.
  expect_orders(power(4, 0.5), {0.25, -0.03125, 0.01171875}, 1e-12, "x^0.5");
  expect_orders(power(1e-320, 0), {0, 0, 0}, 1e-12, "tiny^0");
}
TEST(higher_orders, pow_in_both) {
  using two = dual<dual<double>>;
  const auto mixed = [](double x, double y) { return pow(two({x, 1}, {0, 0}), two({y, 0}, {1, 0})).d.d; };
  const auto mixed_in_the_other_order = [](double x, double y) { return pow(two({x, 0}, {1, 0}), two({y, 1}, {0, 0})).d.d; };
  EXPECT_NEAR(mixed(2, 0), 0.5, 1e-15);
  EXPECT_NEAR(mixed_in_the_other_order(2, 0), 0.5, 1e-15);
  EXPECT_NEAR(mixed(2, 3), 4 + 12 * std::numbers::ln2, 1e-13);
  // An exponent whose value is a product of what moves: neither part of its tangent alone is the exponent's.
  const two y = two({0, 1}, {0, 0}) * two({0, 0}, {1, 0}) + two(3);
  EXPECT_NEAR(pow(two(2), y).d.d, 8 * std::numbers::ln2, 1e-13);
  // There is no derivative in a whole exponent at a negative base.
  EXPECT_TRUE(std::isnan(pow(dual<double>(-2, 0), dual<double>(3, 1)).d));
  recording<double> rec;
  const auto x = rec.input<shape{1}>(tensor<double>::full({1}, -2.0)), e = rec.input<shape{1}>(tensor<double>::full({1}, 3.0));
  const auto g = grad(sum(pow(x, e)), {x, e});
  EXPECT_EQ(g[0][0], 12);
  EXPECT_TRUE(std::isnan(g[1][0]));
}

TEST(higher_orders, sinh_keeps_the_sign_of_zero) {
  for (const double zero : {0.0, -0.0}) {
    EXPECT_EQ(std::signbit(sinh(zero)), std::signbit(zero));
    EXPECT_EQ(std::signbit(sinh(static_cast<float>(zero))), std::signbit(zero));
    const auto all = sinh(tensor<float>::full({37}, static_cast<float>(zero)));
    for (const float y : all.values()) EXPECT_TRUE(y == 0 && std::signbit(y) == std::signbit(zero));
    EXPECT_EQ(std::signbit(sinh(moving(zero)).v.v.v), std::signbit(zero));
  }
}

}  // namespace
}  // namespace axiograd
