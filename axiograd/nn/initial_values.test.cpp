// What layers begin with, and what batch normalisation remembers.

#include <algorithm>
#include <axiograd/functional/random.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/normalization.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

namespace axiograd {
namespace {

/// Draws fill an interval: all within, the outermost near the ends, the mean near the middle; and are not those of `other`.
void expect_uniform(const tensor<float>& x, double bound, const tensor<float>& other) {
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  EXPECT_GE(*least, static_cast<float>(-bound));
  EXPECT_LE(*most, static_cast<float>(bound));
  EXPECT_LT(*least, static_cast<float>(-0.97 * bound));
  EXPECT_GT(*most, static_cast<float>(0.97 * bound));
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v);
  EXPECT_NEAR(sum / static_cast<double>(x.size()), 0, 4 * bound / std::sqrt(3.0 * static_cast<double>(x.size())));
  EXPECT_NE(x, other);
}
template <class Layer>
std::map<std::string, tensor<float>> values_of(const Layer& layer) {
  std::map<std::string, tensor<float>> all;
  layer.visit_parameters([&](std::string_view name, const nn::parameter& p) { all.emplace(name, p.value()); });
  return all;
}
template <class Layer>
std::map<std::string, tensor<float>> begun(Layer layer, std::uint64_t number) {
  layer.init(seed{number});
  return values_of(layer);
}
void expect_full(const tensor<float>& x, float value) { EXPECT_EQ(x, tensor<float>::full(x.shape(), value)); }

TEST(initial_values, of_linear_and_convolution_are_he_uniform_and_zero) {
  const auto linear = begun(nn::linear(30, 50), 1), other = begun(nn::linear(30, 50), 2);
  expect_uniform(linear.at("weight"), std::sqrt(6.0 / 30), other.at("weight"));
  expect_full(linear.at("bias"), 0);
  const auto conv = begun(nn::conv2d(6, 40, extents<2>{3, 5}, {.groups = 2}), 1),
             another = begun(nn::conv2d(6, 40, extents<2>{3, 5}, {.groups = 2}), 2);
  EXPECT_EQ(conv.at("weight").shape(), (shape{40, 3, 3, 5}));
  expect_uniform(conv.at("weight"), std::sqrt(6.0 / (3 * 3 * 5)), another.at("weight"));
  expect_full(conv.at("bias"), 0);
}

TEST(initial_values, of_normalising_layers_are_the_identity) {
  for (const auto& values :
       {begun(nn::layer_norm(5), 1), begun(nn::group_norm(2, 4), 1), begun(nn::instance_norm(3, true), 1)}) {
    expect_full(values.at("weight"), 1);
    expect_full(values.at("bias"), 0);
  }
  expect_full(begun(nn::rms_norm(5), 1).at("weight"), 1);
  const auto batch = begun(nn::batch_norm(3), 1);
  expect_full(batch.at("weight"), 1);
  expect_full(batch.at("bias"), 0);
  expect_full(batch.at("running_mean"), 0);
  expect_full(batch.at("running_var"), 1);
}

TEST(initial_values, are_set_again_by_init) {
  const auto spoilt = [](auto layer) {
    layer.visit_parameters([](std::string_view, const nn::parameter& p) {
      nn::parameter same = p;
      nn::fill(same, 7);
    });
    return begun(layer, 1);
  };
  EXPECT_EQ(spoilt(nn::batch_norm(3)), begun(nn::batch_norm(3), 1));
  EXPECT_EQ(spoilt(nn::linear(3, 4)), begun(nn::linear(3, 4), 1));
  EXPECT_EQ(spoilt(nn::conv2d(2, 3, 3)), begun(nn::conv2d(2, 3, 3), 1));
  EXPECT_EQ(spoilt(nn::layer_norm(3)), begun(nn::layer_norm(3), 1));
  EXPECT_EQ(spoilt(nn::group_norm(2, 4)), begun(nn::group_norm(2, 4), 1));
  EXPECT_EQ(spoilt(nn::rms_norm(3)), begun(nn::rms_norm(3), 1));
  EXPECT_EQ(spoilt(nn::lstm(3, 2)), begun(nn::lstm(3, 2), 1));
  EXPECT_EQ(spoilt(nn::embedding(3, 2)), begun(nn::embedding(3, 2), 1));
  EXPECT_EQ(spoilt(nn::multi_head_attention(6, 2)), begun(nn::multi_head_attention(6, 2), 1));
}

TEST(initial_values, of_recurrent_layers_are_within_one_over_the_root_of_their_units) {
  const auto lstm = begun(nn::lstm(20, 25), 1), other = begun(nn::lstm(20, 25), 2);
  ASSERT_EQ(lstm.size(), 4u);
  for (const auto& [name, x] : lstm) {
    if (x.size() > 500) expect_uniform(x, 1 / std::sqrt(25.0), other.at(name));
    for (const auto& [name2, x2] : lstm)
      if (name != name2) {
        EXPECT_NE(x[0], x2[0]) << name << " and " << name2 << " begin alike";
      }
  }
}

TEST(initial_values, of_attention_are_glorot_uniform) {
  std::vector<tensor<float>> weights, others;
  for (const int number : {1, 2}) {
    auto& to = number == 1 ? weights : others;
    nn::multi_head_attention layer(24, 4, 2);
    layer.init(seed{static_cast<std::uint64_t>(number)});
    layer.visit_parameters([&](std::string_view, const nn::parameter& p) {
      if (p.shape().rank == 2) to.push_back(p.value());
      if (p.shape().rank == 1) expect_full(p.value(), 0);
    });
  }
  ASSERT_GE(weights.size(), 2u);
  for (std::size_t i = 0; i < weights.size(); ++i)
    expect_uniform(weights[i], std::sqrt(6.0 / static_cast<double>(weights[i].shape()[0] + weights[i].shape()[1])), others[i]);
}

TEST(initial_values, of_an_embedding_are_normal) {
  const auto table = begun(nn::embedding(100, 50), 1).at("weight");
  double sum = 0, square = 0;
  for (const float v : table) {
    sum += static_cast<double>(v);
    square += static_cast<double>(v) * static_cast<double>(v);
  }
  EXPECT_NEAR(sum / 5000, 0, 0.06);
  EXPECT_NEAR(square / 5000, 1, 0.08);
}

TEST(initial_values, of_layers_of_a_model_depend_on_their_place) {
  const nn::sequential model(nn::linear(10, 10), nn::linear(10, 10));
  const auto list = model.parameters();
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0].name, "0.weight");
  EXPECT_EQ(list[3].name, "1.bias");
  EXPECT_NE(list[0].value.value(), list[2].value.value());
}

TEST(running_statistics, move_by_the_momentum_towards_each_batch) {
  nn::batch_norm layer(2, 0.25);
  layer.init(seed{0});
  recording<float> r;
  nn::recorded_parameters<float> training(r);
  std::vector<double> mean{0, 0}, var{1, 1};
  for (std::uint64_t step = 0; step < 4; ++step) {
    const auto x = random_normal({3, 2, 2, 2}, {seed{step}, 0});
    layer(training, r.constant(x));
    for (int64_t c = 0; c < 2; ++c) {
      double sum = 0, square = 0;
      const auto at = [&](int64_t b, int64_t i) { return static_cast<double>(x[(b * 2 + c) * 4 + i]); };
      for (int64_t b = 0; b < 3; ++b)
        for (int64_t i = 0; i < 4; ++i) sum += at(b, i);
      for (int64_t b = 0; b < 3; ++b)
        for (int64_t i = 0; i < 4; ++i) square += (at(b, i) - sum / 12) * (at(b, i) - sum / 12);
      const auto k = static_cast<std::size_t>(c);
      mean[k] = 0.75 * mean[k] + 0.25 * sum / 12;
      var[k] = 0.75 * var[k] + 0.25 * square / 11;
      const auto now = values_of(layer);
      EXPECT_NEAR(now.at("running_mean")[c], mean[k], 1e-6);
      EXPECT_NEAR(now.at("running_var")[c], var[k], 1e-6);
    }
  }
  // In evaluation: by what is remembered, then weight and bias.
  layer.visit_parameters([](std::string_view name, const nn::parameter& p) {
    nn::parameter same = p;
    if (name == "weight") same.set(tensor<float>::from({2}, {2, 3}));
    if (name == "bias") same.set(tensor<float>::from({2}, {-1, 5}));
  });
  const nn::evaluation plain;
  const auto x = random_normal({2, 2, 3}, {seed{9}, 0});
  const auto y = layer(plain, x);
  for (int64_t i = 0; i < 12; ++i) {
    const auto c = static_cast<std::size_t>(i / 3 % 2);
    EXPECT_NEAR(y[i], (static_cast<double>(x[i]) - mean[c]) / std::sqrt(var[c] + 1e-5) * (c == 0 ? 2 : 3) + (c == 0 ? -1 : 5),
                1e-5);
  }
  EXPECT_NEAR(values_of(layer).at("running_mean")[0], mean[0], 1e-6) << "an evaluation moves nothing";
}

TEST(dropout_layer, draws_in_training_only_and_another_mask_each_time) {
  nn::dropout layer(0.25);
  layer.init(seed{3});
  const auto x = tensor<float>::ones({4000});
  const nn::evaluation plain;
  EXPECT_EQ(layer(plain, x), x);
  recording<float> r;
  nn::recorded_parameters<float> training(r);
  const auto first = layer(training, r.constant(x)).value(), second = layer(training, r.constant(x)).value();
  EXPECT_NE(first, second);
  int64_t zeros = 0;
  for (const float v : first) {
    EXPECT_TRUE(v == 0 || v == 1 / 0.75F) << v;
    zeros += v == 0 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(zeros), 1000, 120);
  training.set_training(false);
  EXPECT_EQ(layer(training, r.constant(x)).value(), x);
}

}  // namespace
}  // namespace axiograd
