// The programs that fix the public interface: they compile as written, and their results are checked.

#include <axiograd/axiograd.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace ag = axiograd;

namespace {

const ag::tensor<float> a = ag::tensor<float>::from({2, 3}, {1, 2, 3, 4, 5, 6});

TEST(PublicApi, P1_TheSpecOnAnyNumber) {
  double y = ag::softplus(0.5);
  ag::dual<double> d = ag::tanh(ag::dual<double>{0.5, 1.0});
  ag::rational q = ag::relu(ag::rational(-1, 3));
  ag::interval i = ag::sigmoid(ag::interval{-1.0, 2.0});
  EXPECT_DOUBLE_EQ(y, std::log1p(std::exp(0.5)));
  EXPECT_DOUBLE_EQ(d.v, std::tanh(0.5));
  EXPECT_NEAR(d.d, 1 - std::tanh(0.5) * std::tanh(0.5), 1e-15);
  EXPECT_EQ(q, ag::rational(0));
  EXPECT_TRUE(i.contains(1 / (1 + std::exp(1.0))) && i.contains(1 / (1 + std::exp(-2.0))));
}

TEST(PublicApi, P1_NamesLiveBesideTheStandardLibrarys) {
  using namespace axiograd;
  EXPECT_EQ(exp(1.0), std::exp(1.0));
  EXPECT_EQ(tanh(1.0F), std::tanh(1.0F));
  EXPECT_EQ(abs(-2.0), 2.0);
  EXPECT_EQ(sqrt(2.0), std::sqrt(2.0));
  const auto f = [](auto x) { return exp(x) * tanh(x); };
  EXPECT_EQ(f(1.0), std::exp(1.0) * std::tanh(1.0));
  EXPECT_NEAR(f(dual<double>{1, 1}).d, std::exp(1.0) * (std::tanh(1.0) + 1 / std::pow(std::cosh(1.0), 2)), 1e-14);
}

TEST(PublicApi, P2_Tensors) {
  ag::tensor<float> p = ag::softmax(a);
  for (int row : {0, 1}) EXPECT_NEAR(p(row, 0) + p(row, 1) + p(row, 2), 1, 1e-6);
  const ag::tensor<float> by_column = ag::softmax(a, {.axis = 0});
  EXPECT_NEAR(by_column(0, 0) + by_column(1, 0), 1, 1e-6);
  ag::tensor<float> b = a;  // a value: writing to the copy leaves the original
  b.set(9, 0, 0);
  EXPECT_EQ(a(0, 0), 1);
  EXPECT_EQ(b(0, 0), 9);
  EXPECT_EQ((a + b)(0, 0), 10);
  EXPECT_EQ((2.0 * a - a)(1, 2), 6);
  EXPECT_EQ((2 * a - 1L + a / 2U)(1, 2), 14) << "plain numbers of any type";
  EXPECT_THROW(ag::matmul(a, a), ag::failure);
}

TEST(PublicApi, P3_TheEngine) {
  ag::tape<float> t;
  ag::node_id x = t.leaf(a).value();
  ag::result<ag::node_id> s = t.apply(ag::softmax_op{}, x);
  ag::result<ag::node_id> bad = t.apply(ag::matmul_op{}, x, x);
  EXPECT_EQ(bad.error().kind, ag::error_kind::shape_mismatch);
  EXPECT_EQ(bad.error().message, "matmul: inner sizes differ: 3 and 2");
  EXPECT_EQ(t.size(), 2u);
  auto loss = t.apply(ag::sum_op{}, *s);
  ag::result<ag::gradient_map<float>> g = t.backward_scalar(*loss);
  EXPECT_NEAR(g->at(x)(0, 0), 0, 1e-6);
  auto dense = t.backward_dense(*loss, ag::tensor<float>::scalar(1));
  EXPECT_TRUE((*dense)[x].has_value());
  auto total = t.backward_dense_all(*loss, ag::tensor<float>::scalar(1));
  EXPECT_EQ(total->size(), t.size());
  ag::tape<float> fork = t;
  EXPECT_TRUE(fork.apply(ag::exp_op{}, x));
  EXPECT_EQ(fork.size(), t.size() + 1);
}

TEST(PublicApi, P4_ANodeOfOnesOwn) {
  ag::tape<float> t;
  const ag::node_id x = t.leaf(a).value();
  ag::tensor<float> sq = a * a;
  auto n = t.add_node({.name = "square",
                       .value = sq,
                       .parents = {x},
                       .backward = [=](const ag::tensor<float>& dy) -> ag::result<std::vector<ag::contribution<float>>> {
                         return std::vector<ag::contribution<float>>{{x, 2.0 * a * dy}};
                       }});
  const auto loss = t.apply(ag::sum_op{}, *n);
  EXPECT_EQ(t.backward_scalar(*loss)->at(x), 2.0 * a);
}

TEST(PublicApi, P5_TheBuilder) {
  const auto weights = ag::tensor<float>::ones({3, 2});
  const auto target = ag::tensor<float>::zeros({2, 2});
  auto r = ag::tape_builder<float>::run({}, [&](auto& b) {
    auto w = b.leaf(weights);
    auto v = b.constant(a);
    return b.backward_scalar(ag::mse_loss(ag::relu(ag::matmul(v, w)), b.constant(target)));
  });
  ASSERT_TRUE(r);
  const auto& [gradients, tape] = *r;
  EXPECT_EQ(tape.size(), 6u);
  EXPECT_EQ(gradients.at(0), ag::tensor<float>::from({3, 2}, {33, 33, 43.5F, 43.5F, 54, 54}));
  const auto value = ag::tape_builder<float>::eval({}, [&](auto& b) { return ag::sum(b.leaf(a)).item(); });
  EXPECT_EQ(*value, 21);
  const auto built = ag::tape_builder<float>::exec({}, [&](auto& b) { ag::relu(b.leaf(a)); });
  EXPECT_EQ(built->size(), 2u);
}

TEST(PublicApi, P5_TheFirstErrorEndsTheProgramAndTheGivenTapeStays) {
  ag::tape<float> initial;
  ASSERT_TRUE(initial.leaf(a));
  const auto r = ag::tape_builder<float>::run(initial, [&](auto& b) {
    auto x = b.leaf(a);
    auto bad = ag::matmul(x, x);
    auto worse = ag::add(bad, b.leaf(ag::tensor<float>::zeros({7})));
    return ag::sum(worse).id();
  });
  EXPECT_EQ(r.error(), (ag::error{ag::error_kind::shape_mismatch, "matmul: inner sizes differ: 3 and 2"}));
  EXPECT_EQ(initial.size(), 1u);
}

TEST(PublicApi, P6_Eager) {
  const auto weights = ag::tensor<float>::from({2, 3}, {1, 0, -1, 0.5F, 0.5F, 0.5F});
  const auto bias = ag::tensor<float>::from({2}, {0, 1});
  ag::recording<float> rec;
  auto w1 = rec.leaf(weights);
  auto out = ag::gelu(ag::linear(w1, bias, rec.constant(a)));
  auto grads = ag::grad(ag::sum(out), {w1});
  ASSERT_EQ(grads.size(), 1u);
  EXPECT_EQ(grads[0].shape(), (ag::shape{2, 3}));
  EXPECT_THROW(ag::matmul(w1, w1), ag::failure);
}

TEST(PublicApi, P7_ShapesInTypes) {
  ag::recording<float> rec;
  const auto data = ag::tensor<float>::ones({4, 2});
  ag::var<float, ag::shape{4, 2}> x = rec.input<ag::shape{4, 2}>(data);
  ag::var<float, ag::shape{2, 8}> w = rec.input<ag::shape{2, 8}>(ag::tensor<float>::ones({2, 8}));
  auto hidden = ag::relu(ag::matmul(x, w));
  static_assert(std::same_as<decltype(hidden), ag::var<float, ag::shape{4, 8}>>);
  EXPECT_EQ(hidden.value()(3, 7), 2);

  auto kernel = rec.input<ag::shape{8, 1, 3, 3}>(ag::tensor<float>::ones({8, 1, 3, 3}));
  auto bias = rec.input<ag::shape{8}>(ag::tensor<float>::ones({8}));
  auto image = rec.input<ag::shape{1, 9, 9}>(ag::tensor<float>::ones({1, 9, 9}));
  auto features = ag::conv2d<ag::conv2d_op{.stride = {2, 2}}>(kernel, bias, image);
  static_assert(decltype(features)::static_shape == ag::shape{8, 4, 4});
  auto without_bias = ag::conv2d(kernel, image);
  static_assert(decltype(without_bias)::static_shape == ag::shape{8, 7, 7});
  EXPECT_EQ(features.value()(0, 0, 0), 10);

  ag::var<float> dynamic = hidden;  // typed and dynamic handles mix
  auto mixed = ag::matmul(dynamic, rec.leaf(ag::tensor<float>::ones({8, 3})));
  EXPECT_EQ(mixed.shape(), (ag::shape{4, 3}));
  EXPECT_THROW((ag::var<float, ag::shape{4, 9}>(dynamic)), ag::failure);
  ag::var<float, ag::shape{ag::any, 2}> batch = x;
  auto of_any_batch = ag::matmul(batch, w);
  static_assert(decltype(of_any_batch)::static_shape == ag::shape{ag::any, 8});
  EXPECT_EQ(of_any_batch.shape(), (ag::shape{4, 8}));
  EXPECT_THROW(rec.input<ag::shape{4}>(data), ag::failure);
}

TEST(PublicApi, P8_AFusedOperatorFromALambda) {
  ag::recording<float> rec;
  auto x1 = rec.leaf(a);
  auto x2 = rec.leaf(ag::tensor<float>::full({2, 3}, 0.5F));
  auto z = ag::map([](auto u, auto v) { return ag::gelu(u * v) * ag::tanh(u); }, x1, x2);
  const auto plain = ag::gelu(x1 * x2) * ag::tanh(x1);
  EXPECT_EQ(rec.current_tape().get_node(z.id())->parents.size(), 2u);  // one node
  for (int64_t i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(z.value()[i], plain.value()[i]);
  const auto fused = ag::grad(ag::sum(z), {x1, x2}), separate = ag::grad(ag::sum(plain), {x1, x2});
  for (std::size_t k : {0u, 1u})
    for (int64_t i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(fused[k][i], separate[k][i]);
}

TEST(PublicApi, P8_LambdasBranchAndRunOnEveryNumber) {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): as users write it
  const auto f = [](auto u, auto v) { return ag::select(u > v, u * u, 3.0 * v + 1.0); };
  const auto x = ag::tensor<float>::from({3}, {1, 2, 3}), y = ag::tensor<float>::full({3}, 2);
  EXPECT_EQ(ag::map(f, x, y), ag::tensor<float>::from({3}, {7, 7, 9}));
  ag::tape<ag::rational> t;
  const auto u = *t.leaf(ag::tensor<ag::rational>::from({2}, {ag::rational(5, 2), ag::rational(1)}));
  const auto v = *t.leaf(ag::tensor<ag::rational>::from({2}, {ag::rational(2), ag::rational(2)}));
  const auto r = *t.apply(ag::map_op<decltype(f), 2>{}, u, v);
  EXPECT_EQ((*t.get_value(r))[0], ag::rational(25, 4));
  EXPECT_EQ((*t.get_value(r))[1], ag::rational(7));
  EXPECT_EQ(t.backward_scalar(*t.apply(ag::sum_op{}, r))->at(v)[1], ag::rational(3));
}

TEST(PublicApi, P9_AnyScalarThroughTheSameTape) {
  ag::tape<ag::rational> exact;
  ag::tape<ag::dual<double>> second_order;
  ag::tape<ag::interval> enclosure;
  const auto q = *exact.leaf(ag::tensor<ag::rational>::from({2}, {ag::rational(1, 3), ag::rational(2, 3)}));
  const auto loss = *exact.apply(ag::mse_loss_op{}, q, *exact.leaf(ag::tensor<ag::rational>::zeros({2})));
  EXPECT_EQ(exact.get_value(loss)->item(), ag::rational(5, 18));
  EXPECT_EQ(exact.backward_scalar(loss)->at(q)[1], ag::rational(2, 3));

  const auto x = *second_order.leaf(ag::tensor<ag::dual<double>>::scalar({0.5, 1.0}));
  const auto g = second_order.backward_scalar(*second_order.apply(ag::tanh_op{}, x))->at(x).item();
  EXPECT_NEAR(g.d, -2 * std::tanh(0.5) * (1 - std::pow(std::tanh(0.5), 2)), 1e-14);

  const auto box = *enclosure.leaf(ag::tensor<ag::interval>::full({2, 2}, ag::interval{-1.0, 1.0}));
  const auto y = *enclosure.apply(ag::softmax_op{}, *enclosure.apply(ag::matmul_op{}, box, box));
  EXPECT_TRUE((*enclosure.get_value(y))[0].contains(0.5));
}

}  // namespace
