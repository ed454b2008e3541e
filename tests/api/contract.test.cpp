// The OpSpec layer and the pure functions of the contract (sections 2, 3, 14, 15).

#include <axiograd/axiograd.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <optional>

using namespace axiograd;

namespace {

using numbers = tensor<double>;
const numbers x = numbers::from({2, 2}, {0.5, -1, 2, 0.25}), t = numbers::from({2, 2}, {1, 0, 0, 1}),
              g = numbers::from({2, 2}, {1, -2, 0.5, 3});
double inner(const numbers& a, const numbers& b) { return sum(mul(a, b))[0]; }

/// <J(x) u, c> by central differences against <u, backward(x, c)>.
void expect_adjoint(const op_spec<double>& s, const numbers& at, const char* what) {
  numbers u = at;
  for (int64_t i = 0; i < u.size(); ++i) u.mutable_data()[i] = std::cos(static_cast<double>(i) + 1);
  numbers c = s.forward(at);
  for (int64_t i = 0; i < c.size(); ++i) c.mutable_data()[i] = std::sin(static_cast<double>(i) + 1);
  const auto moved = [&](double h) { return inner(s.forward(add(at, scale(u, {.factor = h}))), c); };
  EXPECT_NEAR((moved(1e-5) - moved(-1e-5)) / 2e-5, inner(u, s.backward(at, c)), 1e-7) << what;
}

TEST(OpSpec, BackwardIsTheAdjointOfForward) {
  const numbers p = numbers::from({2, 2}, {0.3, 0.6, 0.2, 0.9});
  expect_adjoint(opspec::elu({.alpha = 1.5}), x, "elu");
  expect_adjoint(opspec::linear(x, numbers::from({2}, {1, 2})), numbers::from({2}, {3, 4}), "linear");
  expect_adjoint(opspec::matmul_right(t), x, "matmul_right");
  expect_adjoint(opspec::matmul_left(t), x, "matmul_left");
  expect_adjoint(opspec::binary_cross_entropy_loss(t), p, "binary_cross_entropy_loss");
  expect_adjoint(opspec::cross_entropy_loss(t), p, "cross_entropy_loss");
  expect_adjoint(opspec::cosine_similarity_loss(t), x, "cosine_similarity_loss");
  expect_adjoint(opspec::log_cosh_loss(t), x, "log_cosh_loss");
  expect_adjoint(opspec::layer_norm(numbers::from({2}, {1, 2}), numbers::from({2}, {0, 1})), x, "layer_norm");
  expect_adjoint(opspec::mul_broadcast(numbers::from({2}, {2, 3}), {2, 2}), numbers::from({2}, {5, 7}), "mul_broadcast");
  expect_adjoint(compose(opspec::mse_loss(t), compose(opspec::gelu(), opspec::matmul_right(x))), x, "a composition");
}

TEST(OpSpec, CallsByTableAreChecked) {
  const auto kind_of = [](const auto& f) -> std::optional<error_kind> {
    try {
      f();
      return std::nullopt;
    } catch (const failure& e) {
      return e.kind();
    }
  };
  const operator_table<double>& product = table_of<linear_op, double>();
  const std::vector<const numbers*> one{&x}, two{&x, &t};
  EXPECT_EQ(kind_of([&] { pull_back<double>(product, nullptr, one, {}, x, x); }), error_kind::invalid_parameter);
  EXPECT_EQ(kind_of([&] { pull_back<double>(table_of<scale_op, double>(), nullptr, one, {}, x, x); }),
            error_kind::invalid_parameter);
  const numbers y = linear(x, t);
  EXPECT_EQ(pull_back<double>(product, nullptr, two, {}, y, g)[1], matmul(g, x));  // without a bias
  using exact = tensor<rational>;
  EXPECT_EQ(kind_of([] { capture<rational>(reciprocal_op{}).backward(exact::zeros({2}), exact::zeros({2})); }),
            error_kind::domain_error);
}

TEST(OpSpec, IdentityIsTheUnitOfComposition) {
  const auto s = opspec::smooth_abs();
  for (const auto& same : {compose(s, opspec::identity()), compose(opspec::identity(), s)}) {
    EXPECT_EQ(same.forward(x), s.forward(x));
    EXPECT_EQ(same.backward(x, g), s.backward(x, g));
  }
}

TEST(OpSpec, TheTwoFormsOfSafeLog) {
  EXPECT_NEAR(opspec::safe_log().forward(numbers::scalar(0))[0], -13.815510557964274, 1e-14);
  // log(1 + 1e-6) itself; the contract's anchor, 9.999994999180668e-07, has the rounding of 1 + 1e-6 in it.
  EXPECT_NEAR(opspec::safe_log().forward(numbers::scalar(1))[0], 9.999995000003333e-07, 1e-21);
  EXPECT_NEAR(opspec::safe_log_softplus().forward(numbers::scalar(1))[0], 0.272514641965153, 1e-15);
  EXPECT_NEAR(safe_log_deriv(0.0), 0.7213464797614926, 1e-15);
}

TEST(OpSpec, WrongCotangentsAndCapturesAreErrors) {
  EXPECT_THROW(opspec::gelu().backward(x, numbers::zeros({3})), failure);
  EXPECT_THROW(capture<double>(add_op{}), failure);
  EXPECT_THROW(scalar_of(x), failure);
}

TEST(Contract, AnchorsOfTheLosses) {  // section 22
  const numbers p = numbers::from({2}, {0.2, 0.8}), zero_one = numbers::from({2}, {0, 1});
  EXPECT_NEAR(binary_cross_entropy_loss(p, zero_one)[0], 0.2231435513142097, 1e-15);
  const numbers a = numbers::from({2}, {3, 4}), b = numbers::from({2}, {4, 3});
  EXPECT_NEAR(cosine_similarity_loss(a, b)[0], 0.04, 1e-15);
  const numbers gradient = opspec::cosine_similarity_loss(b).backward(a, numbers::scalar(1));
  EXPECT_NEAR(gradient[0], -0.0448, 1e-15);
  EXPECT_NEAR(gradient[1], 0.0336, 1e-15);
  EXPECT_NEAR(log_cosh_loss(numbers::scalar(1), numbers::scalar(0))[0], 0.4337808304830271, 1e-15);
  EXPECT_NEAR(smooth_max_pool2d(numbers::from({1, 2, 2}, {0, 1, 2, 3}), {.kernel = 2, .beta = 1.0})[0], 3.4401896985611953,
              1e-14);
  EXPECT_NEAR(smooth_abs(0.0), 0.001, 1e-18);
}

TEST(Contract, MaxPoolingIgnoresPadding) {  // C2
  const numbers negative = numbers::full({1, 2, 2}, -3);
  EXPECT_EQ(max_pool2d_pad(negative, {.kernel = 2, .stride = 1, .padding = 1}), numbers::full({1, 3, 3}, -3));
}

TEST(Contract, AttentionMasks) {  // C9: true means may attend; a row without keys gives zeros
  const numbers eye = numbers::from({2, 2}, {1, 0, 0, 1});
  const auto masked = [&](std::initializer_list<int64_t> mask) {
    return masked_multi_head_attention(eye, eye, eye, eye, x, index_tensor::from({2, 2}, mask), {.heads = 1});
  };
  EXPECT_EQ(masked({1, 0, 0, 1}), x);
  EXPECT_EQ(masked({0, 0, 0, 1}), numbers::from({2, 2}, {0, 0, 2, 0.25}));
  const auto all = multi_head_attention(eye, eye, eye, eye, x, {.heads = 1});
  EXPECT_EQ(masked({1, 1, 1, 1}), all);
  EXPECT_EQ(masked({1, 0, 1, 1}), multi_head_attention(eye, eye, eye, eye, x, {.heads = 1, .causal = true}));
}

TEST(Contract, LogSoftmaxBackwardReadsTheOutput) {
  const numbers y = numbers::from({2}, {0.5, -1});  // no true output
  const numbers dx = log_softmax_backward(y, numbers::from({2}, {1, 2}));
  EXPECT_NEAR(dx[0], 1 - 3 * std::exp(0.5), 1e-14);
  EXPECT_NEAR(dx[1], 2 - 3 * std::exp(-1.0), 1e-14);
}

TEST(Contract, PackedTensors) {
  EXPECT_EQ(any_tensor_make<double>({2}, std::vector{1.0, 2.0}), numbers::from({2}, {1, 2}));
  EXPECT_THROW(any_tensor_make<double>({3}, std::vector{1.0}), failure);
  EXPECT_EQ(any_tensor_cast(x, {4}).error().kind, error_kind::shape_mismatch);
  EXPECT_EQ(any_tensor_add(x, numbers::zeros({4})).error().kind, error_kind::accumulation_shape_mismatch);
  EXPECT_TRUE(shape_can_broadcast_to({1, 3}, {2, 3}) && shape_can_broadcast_to({}, {2}) && !shape_can_broadcast_to({2}, {3}));
}

TEST(Contract, DerivativesAreOperators) {
  EXPECT_EQ(relu_deriv(0.0), 0);
  EXPECT_EQ(relu_deriv(numbers::from({2}, {-1, 1})), numbers::from({2}, {0, 1}));
  recording<double> rec;
  const auto v = rec.leaf(numbers::scalar(0.5));
  const auto second = grad(sum(tanh_deriv(v)), {v});
  EXPECT_NEAR(second[0][0], -2 * std::tanh(0.5) * (1 - std::tanh(0.5) * std::tanh(0.5)), 1e-14);
}

}  // namespace
