// a, b: where everything but arithmetic costs.

#include "workload.hpp"

#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/ops.hpp>
#include <memory>

namespace axiograd::bench {
namespace {

constexpr int chain_length = 1000;

workload chain_of_adds() {
  struct state {
    tape<float> t;
    gradient_workspace<float> gradients;
    tensor<float> x = data({8}, 1), dy = data({8}, 99);
    node_id leaf = 0, last = 0;
  };
  auto s = std::make_shared<state>();
  return {[=] {
            s->t.clear();
            s->leaf = s->last = ok_or_throw(s->t.leaf(s->x));
            for (int i = 0; i < chain_length; ++i) s->last = ok_or_throw(s->t.apply(add_op{}, s->last, s->leaf));
            ok_or_throw(s->t.backward_dense_into(s->gradients, s->last, s->dy));
          },
          [=](digest& d) {
            d.add(*s->t.get_value(s->last));
            d.add(*s->gradients.at(s->leaf));
          }};
}

workload tiny_mlp() {
  struct state {
    nn::sequential<nn::linear, nn::tanh, nn::linear> model{nn::linear{2, 8}, nn::tanh{}, nn::linear{8, 1}};
    nn::sgd optimiser{model.parameters(), {.learning_rate = 0.1}};
    tensor<float> x = data({4, 2}, 1), target = data({4, 1}, 2);
    float loss = 0;
  };
  auto s = std::make_shared<state>();
  set_parameters(s->model.parameters());
  return {[=] { s->loss = s->model.step([&](auto& m) { return mse_loss(m(s->x), m.constant(s->target)); }, s->optimiser); },
          [=](digest& d) {
            d.add(&s->loss, 1);
            for (const auto& p : s->model.parameters()) d.add(p.value.value());
          }};
}

}  // namespace

void add_small(workload_list& list) {
  list.push_back({"a_chain", "add of 8 floats, chain of 1,000, forward + backward, for one operator", 1000 * 8.0 * 2,
                  1000 * 8 * 4.0 * 6, chain_length, chain_of_adds});
  list.push_back(
      {"b_tiny_mlp", "MLP 2-8-1, batch 4, MSE, SGD step", 4 * 24 * 2 * 3 - 4 * 16 * 2, 4.0 * (12 + 33 * 2), 1, tiny_mlp});
}

}  // namespace axiograd::bench
