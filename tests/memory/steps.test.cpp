// A training step that lacks memory is reported, and then nothing has changed: neither parameters nor what layers follow in
// their buffers, nor the optimiser's state, nor its step count. Tried again, it does the same.

#include <gtest/gtest.h>

#include <axiograd/kernels/precision.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/normalization.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/train/classifier.hpp>
#include <cmath>

#include "script.hpp"

namespace axiograd {
namespace {

tensor<float> waves(const shape& dims) {
  tensor<float> t = tensor<float>::uninitialised(dims);
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<float>(std::sin(static_cast<double>(i)));
  return t;
}

template <class Model>
void add_parameters(digest& all, const Model& model) {
  for (const nn::named_parameter& p : model.parameters()) all << p.value.value();
}
void add_optimiser(digest& all, const nn::optimiser& optimiser) {
  for (const auto& [name, values] : optimiser.state()) all << values;
  all << static_cast<std::uint64_t>(optimiser.steps());
}

/// Three steps of a model by an optimiser; the first ones meet caches and memory that nothing has filled yet. `warm` of them
/// before memory is short.
template <class Optimiser, class Model, class Loss>
std::unique_ptr<script> steps_of(const Model& made, const Loss& loss, const auto& options, int warm = 0) {
  struct training {
    Model model;
    Optimiser optimiser;
    double losses = 0;
  };
  auto t = std::make_shared<training>(training{made, Optimiser(made.parameters(), options)});
  const auto step = [t, loss] {
    t->losses += static_cast<double>(t->model.step(loss, t->optimiser));
    return true;
  };
  for (int i = 0; i < warm; ++i) step();
  auto s = std::make_unique<script>();
  s->throws = true;
  s->steps.assign(3, step);
  s->state = [t] {
    digest all;
    add_parameters(all, t->model);
    add_optimiser(all, t->optimiser);
    return (all << t->losses).sum();
  };
  s->outcome = s->state;
  return s;
}

TEST(memory, steps_of_a_perceptron) {
  const auto make = [] {
    nn::sequential model{nn::linear{6, 8}, nn::gelu{}, nn::layer_norm{8}, nn::linear{8, 3}};
    return model;
  };
  const auto loss = [x = waves({5, 6}), y = waves({5, 3})](auto& m) { return mse_loss(m(x), m.constant(y)); };
  expect_all_or_nothing([&] { return steps_of<nn::adamw>(make(), loss, nn::adamw_options{.learning_rate = 0.1}); });
  expect_all_or_nothing(
      [&] { return steps_of<nn::sgd>(make(), loss, nn::sgd_options{.learning_rate = 0.1, .momentum = 0.9}); });
}

auto small_network() {
  return nn::sequential{nn::conv2d{1, 4, 3, {.padding = 1}},
                        nn::batch_norm{4},
                        nn::relu{},
                        nn::max_pool2d{2},
                        nn::flatten{},
                        nn::dropout{0.3},
                        nn::linear{64, 3}};
}
auto loss_of_images(int64_t images) {
  index_tensor labels = index_tensor::zeros({images});
  for (int64_t i = 0; i < images; ++i) labels.mutable_data()[i] = i % 3;
  return [x = waves({images, 1, 8, 8}), labels](auto& m) { return cross_entropy_logits(m(x), labels); };
}

TEST(memory, steps_of_a_convolutional_network) {
  expect_all_or_nothing([] {
    const precision_scope ours(precision::reproducible_fp32);
    return steps_of<nn::adamw>(
        small_network(),
        [loss = loss_of_images(4)](auto& m) {
          const precision_scope here(precision::reproducible_fp32);
          return loss(m);
        },
        nn::adamw_options{});
  });
}

/// oneDNN ends the program where an allocation fails while it makes a primitive; it survives while it runs one.
TEST(memory, steps_of_a_network_whose_primitives_the_library_has_made) {
  const auto loss = [x = waves({32, 8, 12, 12}), y = waves({32, 2})](auto& m) { return mse_loss(m(x), m.constant(y)); };
  expect_all_or_nothing(
      [&] {
        nn::sequential model{nn::conv2d{8, 16, 3, {.padding = 1}},
                             nn::relu{},
                             nn::max_pool2d{2},
                             nn::conv2d{16, 8, 3},
                             nn::flatten{},
                             nn::linear{128, 2}};
        return steps_of<nn::sgd>(model, loss, nn::sgd_options{}, 2);
      },
      3);
}

/// Tokens to scores by attention; a model of its own, as users write them.
struct reader {
  nn::embedding table{7, 8};
  nn::multi_head_attention attention{8, 2, 0, true};
  nn::linear last{8, 7};

  template <class Parameters>
  auto operator()(Parameters& m, const tensor<float>& tokens) const {
    index_tensor indices = tokens.cast<int64_t>();
    const auto h = table(m, indices);
    return last(m, h + attention(m, h));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    table.visit_parameters([&](std::string_view name, const nn::parameter& p) { visit(message({"table.", name}), p); });
    attention.visit_parameters([&](std::string_view name, const nn::parameter& p) { visit(message({"attention.", name}), p); });
    last.visit_parameters([&](std::string_view name, const nn::parameter& p) { visit(message({"last.", name}), p); });
  }
  void init(seed s) {
    table.init(s);
    attention.init(s);
    last.init(s);
  }
};

TEST(memory, steps_of_attention) {
  tensor<float> tokens = tensor<float>::uninitialised({6});
  for (int64_t i = 0; i < 6; ++i) tokens.mutable_data()[i] = static_cast<float>(i % 7);
  const index_tensor next = index_tensor::from({6}, {1, 2, 3, 4, 5, 0});
  expect_all_or_nothing([&] {
    const reader r;
    nn::sequential model{r};
    const auto loss = [r, tokens, next](auto& m) { return cross_entropy_logits(r(m, tokens), next); };
    return steps_of<nn::adamw>(model, loss, nn::adamw_options{});
  });
}

}  // namespace
}  // namespace axiograd
