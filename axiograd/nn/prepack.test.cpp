// Models that are prepared for evaluations, and what ends that.

#include <axiograd/autograd/var.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/arithmetic/sin.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using model_type = nn::sequential<nn::linear, nn::relu, nn::linear>;

model_type make_model() {
  model_type model{nn::linear{160, 192}, nn::relu{}, nn::linear{192, 130}};
  model.init(seed{3});
  return model;
}
tensor<float> images() {
  tensor<float> x = tensor<float>::uninitialised({6, 160});
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(std::sin(static_cast<double>(i)));
  return x;
}
bool packed(const model_type& model) {
  for (const auto& p : model.parameters())
    if (!p.value.value().owner()->constant()) return false;
  return true;
}
void expect_close(const tensor<float>& x, const tensor<float>& y) {
  ASSERT_EQ(x.shape(), y.shape());
  for (int64_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-5F);
}

TEST(prepack, changes_no_result_beyond_rounding) {
  const model_type model = make_model();
  const tensor<float> x = images(), before = model(x);
  model_type same_parameters = model;
  same_parameters.prepack();
  EXPECT_TRUE(packed(model));
  expect_close(model(x), before);
  EXPECT_EQ(model(x), model(x));
}

TEST(prepack, ends_with_a_training_step_which_is_not_affected) {
  model_type plain = make_model(), prepared = make_model();
  const tensor<float> x = images();
  nn::adamw plain_optimiser(plain.parameters()), optimiser(prepared.parameters());
  const tensor<float> target = tensor<float>::ones({6, 130});
  const auto loss = [&](auto& m) { return mse_loss(m(x), m.constant(target)); };
  for (int step = 0; step < 3; ++step) {
    prepared.prepack();
    prepared(x);  // keeps packed forms
    EXPECT_EQ(prepared.step(loss, optimiser), plain.step(loss, plain_optimiser));
    EXPECT_FALSE(packed(prepared));
    EXPECT_EQ(prepared(x), plain(x)) << "step " << step << ": a packed form outlived the entries it was made of";
  }
}

TEST(prepack, ends_with_a_write_and_with_new_values) {
  model_type plain = make_model(), prepared = make_model();
  const tensor<float> x = images();
  prepared.prepack();
  prepared(x);
  for (model_type* m : {&plain, &prepared}) {
    nn::parameter weight = m->parameters()[0].value, last = m->parameters()[2].value;
    weight.mutable_data()[5] = 3;
    last.set(tensor<float>::full(last.shape(), 0.25F));
  }
  EXPECT_EQ(prepared(x), plain(x));
}

}  // namespace
}  // namespace axiograd
