// Layers over one and three axes, transposed ones, and those made of others.

#include <axiograd/axiograd.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

tensor<float> drawn(const shape& s, std::uint64_t key) {
  tensor<float> x = tensor<float>::uninitialised(s);
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(normal(key, static_cast<std::uint64_t>(i)));
  return x;
}
tensor<float> parameter_of(const nn::parameter_list& list, std::string_view name) {
  for (const nn::named_parameter& p : list)
    if (p.name == name) return p.value.value();
  ADD_FAILURE() << "there is no " << name;
  return {};
}

TEST(convolution_layers, are_the_operators_with_their_parameters) {
  const nn::sequential one{nn::conv1d{2, 6, 3, {.stride = {2}, .padding = {1}, .groups = 2}}};
  const auto p = one.parameters();
  ASSERT_EQ(p.size(), 2u);
  EXPECT_EQ(p[0].value.shape(), (shape{6, 1, 3}));
  const tensor<float> x = drawn({4, 2, 9}, 1);
  EXPECT_EQ(one(x),
            conv(parameter_of(p, "0.weight"), parameter_of(p, "0.bias"), x, {.stride = {2}, .padding = {1}, .groups = 2}));

  const nn::sequential three{nn::conv3d{2, 3, {1, 2, 3}, {}, false}};
  ASSERT_EQ(three.parameters().size(), 1u);
  const tensor<float> volume = drawn({2, 3, 4, 5}, 2);
  EXPECT_EQ(three(volume).shape(), (shape{3, 3, 3, 3}));
  EXPECT_THROW((nn::conv1d{2, 2, 3, {.groups = 0}}), failure);
  EXPECT_THROW((nn::conv2d{2, 2, 3, {.groups = 0}}), failure);
  EXPECT_EQ(three(volume), conv(parameter_of(three.parameters(), "0.weight"), volume));
}

TEST(convolution_layers, transposed_ones_undo_the_shape_of_the_others) {
  const conv_op down{.stride = {2, 2}, .padding = {1, 1}};
  const nn::sequential up{nn::conv_transpose2d{6, 2, {4, 4}, {.stride = {2, 2}, .padding = {1, 1}}}};
  EXPECT_EQ(parameter_of(up.parameters(), "0.weight").shape(), (shape{6, 2, 4, 4}));
  const tensor<float> x = drawn({3, 2, 8, 6}, 3), small = conv(drawn({6, 2, 4, 4}, 4), x, down);
  EXPECT_EQ(up(small).shape(), x.shape());
  EXPECT_EQ((nn::sequential{nn::conv_transpose1d{2, 4, 5, {.groups = 2}}}(drawn({2, 7}, 5)).shape()), (shape{4, 11}));
  EXPECT_EQ((nn::sequential{nn::conv_transpose3d{1, 1, 2}}(drawn({1, 2, 2, 2}, 6)).shape()), (shape{1, 3, 3, 3}));
}

TEST(composition, a_residual_adds_its_input_and_trains) {
  nn::sequential model{nn::residual{nn::linear{3, 5}, nn::lambda{[](const auto& x) { return mul(x, x); }}, nn::linear{5, 3}}};
  const auto p = model.parameters();
  ASSERT_EQ(p.size(), 4u);
  EXPECT_EQ(p[2].name, "0.2.weight");
  const tensor<float> x = drawn({4, 3}, 7);
  const tensor<float> inner = linear(parameter_of(p, "0.0.weight"), parameter_of(p, "0.0.bias"), x);
  EXPECT_EQ(model(x), add(x, linear(parameter_of(p, "0.2.weight"), parameter_of(p, "0.2.bias"), mul(inner, inner))));

  nn::sgd optimiser(p, {.learning_rate = 0.05});
  const auto loss = [&](auto& m) { return mse_loss(m(x), m.constant(tensor<float>::zeros({4, 3}))); };
  const float before = model.step(loss, optimiser);
  float after = before;
  for (int i = 0; i < 20; ++i) after = model.step(loss, optimiser);
  EXPECT_LT(after, before / 2);
  EXPECT_THROW((nn::sequential{nn::residual{nn::linear{3, 4}}}(x)), failure) << "the shape is not kept";
}

tensor<float> reversed(const tensor<float>& x) {
  tensor<float> y = slice_dim0(x, {.start = x.shape()[0] - 1, .length = 1});
  for (int64_t t = x.shape()[0] - 2; t >= 0; --t) y = concat(y, slice_dim0(x, {.start = t, .length = 1}), {.axis = 0});
  return y;
}

TEST(recurrent, layers_and_directions_are_cells_one_after_another) {
  const nn::sequential model{nn::gru{3, 4, {.layers = 2, .bidirectional = true}}};
  const auto p = model.parameters();
  ASSERT_EQ(p.size(), 16u);
  EXPECT_EQ(p[4].name, "0.weight_ih_l0_reverse");
  EXPECT_EQ(parameter_of(p, "0.weight_ih_l1").shape(), (shape{12, 8})) << "takes both directions";
  const auto weights = [&](const std::string& end) {
    const auto of = [&](const char* name) { return parameter_of(p, "0." + (name + end)); };
    return recurrent_weights<tensor<float>>{of("weight_ih_l"), of("weight_hh_l"), of("bias_ih_l"), of("bias_hh_l")};
  };
  const tensor<float> x = drawn({5, 2, 3}, 8), zero = tensor<float>::zeros({2, 4});
  const auto both = [&](const tensor<float>& in, const std::string& layer) {
    tensor<float> h = zero, back = zero;
    const tensor<float> forwards = gru(weights(layer), in, h), backwards = gru(weights(layer + "_reverse"), reversed(in), back);
    return concat(forwards, reversed(backwards), {.axis = 2});
  };
  EXPECT_EQ(model(x), both(both(x, "0"), "1"));
  EXPECT_THROW((nn::rnn{3, 4, {.layers = 0}}), failure);
}

TEST(recurrent, states_go_on_where_they_stood) {
  const nn::lstm layer{3, 4, {.layers = 2}};
  nn::evaluation plain;
  const tensor<float> x = drawn({6, 2, 3}, 9);
  const tensor<float> whole = layer(plain, x);
  std::vector<lstm_state<tensor<float>>> states;
  const tensor<float> first = layer(plain, slice_dim0(x, {.start = 0, .length = 2}), states);
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(concat(first, layer(plain, slice_dim0(x, {.start = 2, .length = 4}), states), {.axis = 0}), whole);
  states.pop_back();
  EXPECT_THROW(layer(plain, x, states), failure);
}

}  // namespace
}  // namespace axiograd
