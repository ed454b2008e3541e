// What a program computes does not depend on how the calling thread rounds, and that stays as it was.

#include <axiograd/autograd/var.hpp>
#include <axiograd/core/floating_point.test.hpp>
#include <axiograd/functional/random.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/operators/program.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/erf.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/sin.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using results = std::vector<tensor<float>>;

tensor<float> waves(const shape& dims, float size = 1) {
  tensor<float> x = tensor<float>::uninitialised(dims);
  for (int64_t i = 0; i < x.size(); ++i)
    x.mutable_data()[i] = size * static_cast<float>(std::sin(static_cast<double>(7 * i + 1)));
  return x;
}

/// Initial values, three training steps and the result after them.
template <class Optimiser, class Model>
results train(Model model, const tensor<float>& x, const tensor<float>& target) {
  model.init(seed{5});
  Optimiser optimiser(model.parameters());
  results all;
  for (int step = 0; step < 3; ++step)
    all.push_back(tensor<float>::scalar(model.step([&](auto& m) { return mse_loss(m(x), m.constant(target)); }, optimiser)));
  for (const auto& p : model.parameters()) all.push_back(p.value.value());
  all.push_back(model(x));
  return all;
}

/// The bits of `compute` are those of a caller that rounds to nearest, on one thread and on several.
void expect_same(const char* text, const std::function<results()>& compute) {
  const int threads_before = num_threads();
  set_num_threads(1);
  const results expected = compute();
  for (const int threads : {1, 3})
    for (const rounding& mode : foreign_roundings) {
      set_num_threads(threads);
      results got;
      rounding after{};
      {
        const rounding_scope foreign(mode);
        got = compute();
        after = rounding_scope::now();
      }
      EXPECT_TRUE(after == mode) << text << ": the caller's mode is lost";
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_EQ(got[i], expected[i]) << text << ", result " << i << ", " << mode.text() << ", " << threads << " threads";
    }
  set_num_threads(threads_before);
}

TEST(rounding, of_the_caller_changes_no_training) {
  const tensor<float> flat = waves({64, 96}), images = waves({16, 3, 16, 16}), sequences = waves({6, 20, 16});
  const tensor<float> of_flat = waves({64, 40}, 0.5F), of_images = waves({16, 10}), of_sequences = waves({6, 20, 16}, 2);
  expect_same("dense", [&] {
    return train<nn::adamw>(nn::sequential{nn::linear{96, 300}, nn::gelu{}, nn::layer_norm{300}, nn::linear{300, 40}}, flat,
                            of_flat);
  });
  expect_same("convolutions", [&] {
    return train<nn::sgd>(nn::sequential{nn::conv2d{3, 16, {3, 3}, {.padding = {1, 1}}}, nn::relu{}, nn::max_pool2d{2},
                                         nn::flatten{}, nn::linear{16 * 64, 10}},
                          images, of_images);
  });
  expect_same("attention", [&] {
    return train<nn::adamw>(nn::sequential{nn::multi_head_attention{16, 4}, nn::tanh{}}, sequences, of_sequences);
  });
}

// Subnormal numbers, which FTZ and DAZ would lose; a call without a tape, a fused lambda, every form of a reverse pass.
TEST(rounding, of_the_caller_changes_no_call) {
  const tensor<float> x = waves({70'000}), tiny = waves({5000}, 1e-39F), small = waves({40});
  expect_same("calls", [&] { return results{exp(x), x * x, tiny + tiny, sum(x), softmax(small), erf(x)}; });
  expect_same("a fused lambda", [&] { return results{map([](auto u, auto v) { return gelu(u * v) * tanh(u); }, x, x)}; });
  expect_same("random numbers",
              [&] { return results{random_normal({5000}, {seed{3}, 1}), random_uniform({5000}, {seed{3}, 2}, -0.1, 0.3)}; });
  const tensor<float> cotangents[]{waves({40}, 0.3F), waves({5000}, 1e-38F), waves({70'000}, 0.3F)};
  expect_same("reverse passes", [&] {
    tape<float> t;
    const node_id a = ok_or_throw(t.leaf(small)), b = ok_or_throw(t.leaf(tiny)), c = ok_or_throw(t.leaf(x));
    results all;
    for (const node_id of : {a, b, c}) {
      const tensor<float>& dz = cotangents[of];
      const node_id y = ok_or_throw(t.apply(mul_op{}, ok_or_throw(t.apply(tanh_op{}, of)), of));
      const node_id z = ok_or_throw(t.apply(add_op{}, y, of));
      all.push_back(ok_or_throw(t.value(z)));
      all.push_back(ok_or_throw(t.backward(z, dz)).at(of));
      all.push_back(ok_or_throw(t.backward_dense_all(z, dz))[of]);
      all.push_back(ok_or_throw(t.local_vjp(y, dz))[0].cotangent);
    }
    return all;
  });
}

}  // namespace
}  // namespace axiograd
