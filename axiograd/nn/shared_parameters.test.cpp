// Parameters that a step uses twice, or not at all.

#include <axiograd/functional/random.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/attention/multi_head_attention.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

TEST(shared_parameters, are_one_leaf_however_often_they_are_used) {
  nn::linear layer(3, 3);
  layer.init(seed{1});
  const nn::linear same = layer;  // refers to the same values
  recording<float> r;
  nn::recorded_parameters<float> m(r);
  const auto x = r.constant(random_normal({2, 3}, {seed{2}, 0}));
  const auto once = layer(m, x);
  const std::size_t leaves = r.current_tape().size();
  const auto twice = same(m, once);
  EXPECT_EQ(r.current_tape().size(), leaves + 1) << "a node for the second product, and no leaves";
  layer.visit_parameters([&](std::string_view, const nn::parameter& p) { EXPECT_EQ(m.use(p).id(), *m.find(p)); });
  nn::parameter other({3});
  EXPECT_FALSE(m.find(other).has_value());
  EXPECT_EQ(twice.shape(), (shape{2, 3}));
}

TEST(shared_parameters, a_step_leaves_those_of_another_model_as_they_are) {
  nn::sequential model(nn::linear(4, 3)), other(nn::linear(5, 2));
  nn::parameter_list all = model.parameters();
  for (const nn::named_parameter& p : other.parameters()) nn::append(all, "other." + p.name, p.value);
  const auto target = tensor<float>::ones({2, 3}), x = random_normal({2, 4}, {seed{2}, 0});
  const auto run = [&](auto&& optimiser) {
    const tensor<float> before = model.parameters()[0].value.value(), untouched = other.parameters()[0].value.value();
    const std::vector<float> copy = untouched.to_vector(), old = before.to_vector();
    for (int step = 0; step < 3; ++step) model.step([&](auto& m) { return mse_loss(m(x), m.constant(target)); }, optimiser);
    EXPECT_NE(model.parameters()[0].value.value().to_vector(), old);
    EXPECT_EQ(other.parameters()[0].value.value().to_vector(), copy) << "no gradient, no decay";
  };
  run(nn::adamw(all, {.weight_decay = 0.1}));
  run(nn::sgd(all, {.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.1}));
}

TEST(shared_parameters, a_step_that_fails_changes_nothing_and_the_next_one_works) {
  nn::sequential model(nn::linear(4, 3)), same(nn::linear(4, 3));
  model.init(seed{5});
  same.init(seed{5});
  nn::sgd optimiser(model.parameters(), {.learning_rate = 0.1}), plain(same.parameters(), {.learning_rate = 0.1});
  const auto x = random_normal({2, 4}, {seed{2}, 0}), wrong = random_normal({2, 5}, {seed{2}, 0});
  const auto target = tensor<float>::ones({2, 3});
  const auto loss = [&](auto& m) { return mse_loss(m(x), m.constant(target)); };
  for (int step = 0; step < 3; ++step) {
    EXPECT_THROW(model.step([&](auto& m) { return mse_loss(m(wrong), m.constant(target)); }, optimiser), failure);
    EXPECT_THROW(model.step([&](auto& m) { return m(x); }, optimiser), failure) << "no scalar";
    EXPECT_EQ(model.step(loss, optimiser), same.step(loss, plain));
    EXPECT_EQ(model(x), same(x));
  }
}

TEST(shared_parameters, preparing_again_moves_nothing) {
  nn::parameter p({3, 4});
  nn::fill(p, 2);
  p.prepack();
  const float* const at = p.value().data();
  p.prepack();
  EXPECT_EQ(p.value().data(), at);
}

TEST(attention_layer, groups_of_queries_share_keys_whatever_the_numbers) {
  for (const auto& [features, heads, key_heads] :
       {std::array<int64_t, 3>{12, 3, 1}, {12, 4, 2}, {24, 4, 1}, {20, 5, 5}, {6, 2, 0}}) {
    nn::multi_head_attention layer(features, heads, key_heads);
    layer.init(seed{1});
    const nn::evaluation plain;
    const auto x = random_normal({2, 3, features}, {seed{2}, 0});
    EXPECT_EQ(layer(plain, x).shape(), (shape{2, 3, features}));
  }
  EXPECT_THROW(nn::multi_head_attention(8, 0), failure);
  EXPECT_THROW(nn::multi_head_attention(8, 3), failure);
}

TEST(attention_layer, a_causal_one_sees_nothing_later) {
  nn::multi_head_attention layer(8, 2, 0, true);
  layer.init(seed{1});
  const nn::evaluation plain;
  const auto x = random_normal({1, 4, 8}, {seed{2}, 0});
  auto later = x;
  for (int64_t i = 24; i < 32; ++i) later.mutable_data()[i] = 9;  // the last token
  const auto y = layer(plain, x), z = layer(plain, later);
  for (int64_t i = 0; i < 24; ++i) EXPECT_EQ(y[i], z[i]) << i;
  EXPECT_NE(y[31], z[31]);
}

}  // namespace
}  // namespace axiograd
