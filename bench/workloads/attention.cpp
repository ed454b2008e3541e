// g: attention, by itself and in a small GPT.

#include "workload.hpp"

#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/ops.hpp>
#include <memory>

namespace axiograd::bench {
namespace {

void collect(nn::parameter_list& into, const auto& layer) {
  layer.visit_parameters([&](std::string_view name, const nn::parameter& p) { into.push_back({std::string(name), p}); });
}

workload attention_block() {
  struct state {
    nn::multi_head_attention layer{512, 8, 0, true};
    nn::parameter_list parameters;
    recording<float> tape;
    nn::recorded_parameters<float> used{tape};
    gradient_workspace<float> gradients;
    tensor<float> x = data({1, 512, 512}, 1), dy = data({1, 512, 512}, 99);
    node_id input = 0, output = 0;
  };
  auto s = std::make_shared<state>();
  collect(s->parameters, s->layer);
  set_parameters(s->parameters);
  return {[=] {
            s->tape.clear();
            s->used.clear();
            const auto x = s->tape.leaf(s->x);
            s->input = x.id();
            s->output = s->layer(s->used, x).id();
            ok_or_throw(s->tape.current_tape().backward_dense_into(s->gradients, s->output, s->dy, kept_gradients::leaves));
          },
          [=](digest& d) {
            d.add(*s->tape.current_tape().get_value(s->output));
            d.add(*s->gradients.at(s->input));
            for (const auto& p : s->parameters) d.add(*s->gradients.at(*s->used.find(p.value)));
          }};
}

// The epsilon of the peer in torch_peer.py; nn::layer_norm has 1e-5 unless told.
constexpr ratio norm_epsilon{1, 1'000'000};
constexpr int64_t batch = 4, context = 256, features = 384, heads = 6, vocabulary = 65, layers = 6;

/// Attention and a dense layer of four times the width, each on the normalised sum of what came before.
class transformer_block {
 public:
  template <class Parameters, class X>
  auto operator()(Parameters& m, const X& x) const {
    const auto y = x + attention_(m, norm1_(m, x));
    return y + down_(m, gelu(up_(m, norm2_(m, y))));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    norm1_.visit_parameters(visit);
    attention_.visit_parameters(visit);
    norm2_.visit_parameters(visit);
    up_.visit_parameters(visit);
    down_.visit_parameters(visit);
  }
  void init(seed) {}  // set_parameters does it

 private:
  nn::layer_norm norm1_{features, norm_epsilon}, norm2_{features, norm_epsilon};
  nn::multi_head_attention attention_{features, heads, 0, true};
  nn::linear up_{features, 4 * features}, down_{4 * features, features};
};

workload gpt_step() {
  using block = transformer_block;
  struct state {
    nn::embedding tokens{vocabulary, features};
    nn::embedding positions{context, features};
    nn::sequential<block, block, block, block, block, block, nn::layer_norm, nn::linear> model{
        block{},
        block{},
        block{},
        block{},
        block{},
        block{},
        nn::layer_norm{features, norm_epsilon},
        nn::linear{features, vocabulary}};
    nn::parameter_list parameters;
    std::optional<nn::adamw> optimiser;
    index_tensor text = labels({batch, context}, 1, vocabulary), next = labels({batch, context}, 2, vocabulary);
    index_tensor places = index_tensor::uninitialised({context});
    float loss = 0;
  };
  auto s = std::make_shared<state>();
  for (int64_t i = 0; i < context; ++i) s->places.mutable_data()[i] = i;
  collect(s->parameters, s->tokens);
  collect(s->parameters, s->positions);
  collect(s->parameters, s->model);
  set_parameters(s->parameters);
  s->optimiser.emplace(s->parameters, nn::adamw_options{.learning_rate = 1e-3, .epsilon = 1e-6, .weight_decay = 0.01});
  return {[=] {
            s->loss = s->model.step(
                [&](auto& m) {
                  const auto places = broadcast_to(s->positions(m, s->places), {.dims = {batch, context, features}});
                  return cross_entropy_labels(m(s->tokens(m, s->text) + places), s->next);
                },
                *s->optimiser);
          },
          [=](digest& d) {
            d.add(&s->loss, 1);
            for (const auto& p : s->parameters) d.add(p.value.value());
          }};
}

/// Products of attention for one sample, forwards; causal attention needs half of them.
constexpr double attention_flops(double n, double d) { return 2 * 2 * n * n * d / 2; }

}  // namespace

void add_attention(workload_list& list) {
  constexpr double n = 512, d = 512;
  list.push_back({"g_attention", "attention block, 512 tokens of 512 features, 8 heads, causal, forward + backward",
                  3 * (4 * 2 * n * d * d + attention_flops(n, d)), 4 * (4 * d * d * 2 + 2 * n * d * 2), 1, attention_block});
  constexpr double tokens = batch * context, width = features;
  constexpr double forward =
      layers * (12 * 2 * tokens * width * width + batch * attention_flops(context, width)) + 2 * tokens * width * vocabulary;
  constexpr double parameters = layers * 12 * width * width;
  list.push_back({"g_gpt", "GPT, 6 layers of 384 features, 6 heads, context 256, 65 tokens, batch 4, AdamW step", 3 * forward,
                  4 * 7 * parameters, 1, gpt_step});
}

}  // namespace axiograd::bench
