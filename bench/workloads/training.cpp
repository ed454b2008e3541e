// c, d, j: networks, and an optimiser by itself.

#include "workload.hpp"

#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/ops.hpp>
#include <memory>

namespace axiograd::bench {
namespace {

constexpr nn::adamw_options adam{.learning_rate = 1e-3, .epsilon = 1e-8, .weight_decay = 0};

workload mlp_step() {
  struct state {
    nn::sequential<nn::linear, nn::relu, nn::linear, nn::relu, nn::linear> model{
        nn::linear{784, 512}, nn::relu{}, nn::linear{512, 512}, nn::relu{}, nn::linear{512, 10}};
    nn::adamw optimiser{model.parameters(), adam};
    tensor<float> x = data({128, 784}, 1);
    index_tensor target = labels({128}, 2, 10);
    float loss = 0;
  };
  auto s = std::make_shared<state>();
  set_parameters(s->model.parameters());
  return {[=] { s->loss = s->model.step([&](auto& m) { return cross_entropy_labels(m(s->x), s->target); }, s->optimiser); },
          [=](digest& d) {
            d.add(&s->loss, 1);
            for (const auto& p : s->model.parameters()) d.add(p.value.value());
          }};
}

workload cnn_gradients() {
  struct state {
    nn::sequential<nn::conv2d, nn::relu, nn::max_pool2d, nn::conv2d, nn::relu, nn::max_pool2d, nn::flatten, nn::linear> model{
        nn::conv2d{1, 32, {3, 3}, {.padding = {1, 1}}},
        nn::relu{},
        nn::max_pool2d{2},
        nn::conv2d{32, 64, {3, 3}, {.padding = {1, 1}}},
        nn::relu{},
        nn::max_pool2d{2},
        nn::flatten{},
        nn::linear{64 * 7 * 7, 10}};
    recording<float> tape;
    nn::recorded_parameters<float> used{tape};
    gradient_workspace<float> gradients;
    tensor<float> x = data({64, 1, 28, 28}, 1);
    index_tensor target = labels({64}, 2, 10);
    float loss = 0;
  };
  auto s = std::make_shared<state>();
  set_parameters(s->model.parameters());
  return {[=] {
            s->tape.clear();
            s->used.clear();
            const auto loss = cross_entropy_labels(s->model.forward(s->used, s->tape.constant(s->x)), s->target);
            ok_or_throw(s->tape.current_tape().backward_dense_into(s->gradients, loss.id(), tensor<float>::scalar(1),
                                                                   kept_gradients::leaves));
            s->loss = loss.item();
          },
          [=](digest& d) {
            d.add(&s->loss, 1);
            for (const auto& p : s->model.parameters()) d.add(*s->gradients.at(*s->used.find(p.value)));
          }};
}

workload adam_step() {
  constexpr int64_t size = 1'000'000;
  struct state {
    nn::parameter_list parameters;
    std::vector<tensor<float>> gradients;
    std::optional<nn::adamw> optimiser;
  };
  auto s = std::make_shared<state>();
  for (std::uint64_t k = 0; k < 10; ++k) {
    s->parameters.push_back({std::to_string(k), nn::parameter({size})});
    s->gradients.push_back(data({size}, 20 + k));
  }
  set_parameters(s->parameters);
  s->optimiser.emplace(s->parameters, adam);
  return {[=] {
            s->optimiser->step([&](const nn::parameter& p) -> const float* {
              for (std::size_t k = 0; k < s->parameters.size(); ++k)
                if (s->parameters[k].value.same(p)) return s->gradients[k].data();
              return nullptr;
            });
          },
          [=](digest& d) {
            for (const auto& p : s->parameters) d.add(p.value.value());
          }};
}

}  // namespace

void add_training(workload_list& list) {
  // The gradient of the first layer's input is not needed: two products there, three in the others.
  constexpr double first = 2.0 * 128 * 784 * 512, others = 2.0 * 128 * (512 * 512 + 512 * 10);
  constexpr double parameters = 784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10;
  list.push_back({"c_mlp", "MLP 784-512-512-10, batch 128, cross-entropy, Adam step", 2 * first + 3 * others,
                  4 * 7 * parameters, 1, mlp_step});
  constexpr double first_conv = 2.0 * 64 * 28 * 28 * 32 * 9, second_conv = 2.0 * 64 * 14 * 14 * 64 * 32 * 9;
  constexpr double dense = 2.0 * 64 * 3136 * 10;
  // Feature maps: each layer's result once forwards, its cotangent once backwards.
  constexpr double maps = 4.0 * 64 * (28 * 28 * 32 * 1.25 + 14 * 14 * 64 * 1.25);
  list.push_back({"d_cnn", "CNN 28x28 (conv 32, pool, conv 64, pool, dense), batch 64, forward + backward",
                  2 * first_conv + 3 * second_conv + 3 * dense, 2 * maps, 1, cnn_gradients});
  // Reads p, g, m, v; writes p, m, v.
  list.push_back({"j_adam", "Adam, 10 M parameters", 0, 7 * 4.0 * 10'000'000, 1, adam_step});
}

}  // namespace axiograd::bench
