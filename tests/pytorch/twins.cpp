#include "twins.hpp"

#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/normalization.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/infix.hpp>

namespace axiograd::twins {

namespace {

using nn::sequential;

/// torch.nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True), as a user would write it.
class encoder_layer {
 public:
  template <class Parameters, class X>
  auto operator()(Parameters& m, const X& x) const {
    const auto y = norm1_(m, x + attention_(m, x));
    return norm2_(m, y + linear2_(m, activation_(m, linear1_(m, y))));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    const auto under = [&](const char* name, const auto& layer) {
      layer.visit_parameters([&](std::string_view n, const nn::parameter& p) { visit(message({name, ".", n}), p); });
    };
    under("self_attn", attention_);
    under("linear1", linear1_);
    under("dropout", dropout_);
    under("linear2", linear2_);
    under("norm1", norm1_);
    under("norm2", norm2_);
  }
  void init(seed s) {
    const auto child = [&](std::uint64_t i) { return spread(s, seed_use::layer, i); };
    attention_.init(child(0));
    linear1_.init(child(1));
    linear2_.init(child(2));
    norm1_.init(child(3));
    norm2_.init(child(4));
  }

 private:
  nn::multi_head_attention attention_{8, 2};
  nn::linear linear1_{8, 16}, linear2_{16, 8};
  nn::dropout dropout_{0.1};
  nn::layer_norm norm1_{8}, norm2_{8};
  nn::gelu activation_;
};

/// Attention of an input to a context, which has other features.
class cross_attention {
 public:
  template <class Parameters, class X>
  auto operator()(Parameters& m, const std::pair<X, X>& x) const {
    return attention_(m, x.first, x.second);
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    attention_.visit_parameters(visit);
  }
  void init(seed s) { attention_.init(s); }

 private:
  nn::multi_head_attention attention_{8, 2, 0, false, 6};
};

template <class Model, class Run>
class twin_of : public twin {
 public:
  twin_of(std::string name, Model model, Run run) : twin(std::move(name)), model_(std::move(model)), run_(run) {}
  void init(seed s) override { model_.init(s); }
  void load(const std::string& path, const io::load_options& options) override { io::load(path, model_, options); }
  void save(const std::string& path) const override { io::save(path, model_); }
  tensor<float> run(const io::tensor_file& inputs) const override { return run_(model_, inputs); }

 private:
  Model model_;
  Run run_;
};

tensor<float> floats(const io::tensor_file& inputs, const char* name) { return ok_or_throw(inputs.get<float>(name)); }

/// Makes the list; every kind of input has its own function.
class collector {
 public:
  std::vector<std::unique_ptr<twin>> list;

  template <class... Layers>
  void chain(const char* name, Layers... layers) {
    add(name, sequential{std::move(layers)...}, [](const auto& model, const io::tensor_file& in) {
      const nn::evaluation plain;
      return tensor<float>(model.forward(plain, floats(in, "input")));
    });
  }
  template <class... Layers>
  void trained_chain(const char* name, Layers... layers) {
    add(name, sequential{std::move(layers)...}, [](const auto& model, const io::tensor_file& in) {
      recording<float> r;
      nn::recorded_parameters<float> training(r);
      return model.forward(training, r.constant(floats(in, "input"))).value();
    });
  }
  template <class Layer>
  void of_indices(const char* name, Layer layer) {
    add(name, sequential{std::move(layer)}, [](const auto& model, const io::tensor_file& in) {
      const nn::evaluation plain;
      return tensor<float>(model.forward(plain, ok_or_throw(in.get<int64_t>("input"))));
    });
  }
  void across(const char* name) {
    add(name, model_of_one{}, [](const auto& model, const io::tensor_file& in) {
      const nn::evaluation plain;
      return tensor<float>(model.layer(plain, std::pair(floats(in, "input"), floats(in, "context"))));
    });
  }

 private:
  /// As a sequential of one layer, for a layer of two inputs.
  struct model_of_one {
    cross_attention layer;
    nn::parameter_list parameters() const {
      nn::parameter_list named;
      layer.visit_parameters([&](std::string_view name, const nn::parameter& p) { append(named, message({"0.", name}), p); });
      return named;
    }
    void init(seed s) { layer.init(s); }
  };

  template <class Model, class Run>
  void add(const char* name, Model model, Run run) {
    list.push_back(std::make_unique<twin_of<Model, Run>>(name, std::move(model), run));
  }
};

void add_networks(collector& c) {
  const auto convnet = [&](const char* name) {
    c.chain(name, nn::conv2d{1, 4, 3}, nn::batch_norm{4}, nn::gelu{}, nn::dropout{0.3}, nn::max_pool2d{2}, nn::flatten{},
            nn::linear{16, 3});
  };
  for (const char* name : {"convnet", "convnet_f16", "convnet_bf16", "convnet_f64", "convnet_all_f16"}) convnet(name);
  c.trained_chain("batch_norm_train", nn::batch_norm{3});
  c.trained_chain("batch_norm_momentum_train", nn::batch_norm{3, 0.25, {1, 1000}});
  c.chain("encoder", encoder_layer{});
}

}  // namespace

std::vector<std::unique_ptr<twin>> all() {
  collector c;
  c.chain("linear", nn::linear{5, 3});
  c.chain("conv2d", nn::conv2d{4, 6, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .groups = 2}});
  c.chain("linear_no_bias", nn::linear{5, 3, false});
  c.chain("conv2d_no_bias", nn::conv2d{2, 3, 3, {}, false});
  c.chain("layer_norm", nn::layer_norm{6});
  c.chain("layer_norm_epsilon", nn::layer_norm{6, {1, 1000}});
  c.chain("rms_norm", nn::rms_norm{6});
  c.chain("rms_norm_epsilon", nn::rms_norm{6, {.epsilon = {1, 1000}}});
  c.chain("group_norm", nn::group_norm{2, 6});
  c.chain("instance_norm", nn::instance_norm{3});
  c.chain("instance_norm_affine", nn::instance_norm{3, true});
  c.chain("batch_norm", nn::batch_norm{3});
  c.chain("dropout", nn::dropout{0.5});
  c.chain("relu", nn::relu{});
  c.chain("gelu", nn::gelu{});
  c.chain("gelu_tanh", nn::gelu{.approximate = true});
  c.chain("silu", nn::silu{});
  c.chain("sigmoid", nn::sigmoid{});
  c.chain("softplus", nn::softplus{});
  c.chain("tanh", nn::tanh{});
  c.chain("elu", nn::elu{});
  c.chain("leaky_relu", nn::leaky_relu{});
  c.chain("max_pool2d", nn::max_pool2d{2});
  c.chain("avg_pool2d", nn::avg_pool2d{2});
  c.chain("adaptive_avg_pool", nn::adaptive_avg_pool{{3, 2}});
  c.chain("adaptive_max_pool", nn::adaptive_max_pool{{3, 2}});
  c.chain("flatten", nn::flatten{});
  c.of_indices("embedding", nn::embedding{7, 4});
  c.chain("rnn", nn::rnn{3, 4});
  c.chain("gru", nn::gru{3, 4});
  c.chain("lstm", nn::lstm{3, 4});
  c.chain("attention", nn::multi_head_attention{8, 2});
  c.chain("attention_causal", nn::multi_head_attention{8, 4, 0, true});
  c.across("attention_context");
  add_networks(c);
  return std::move(c.list);
}

io::tensor_file part_of(const io::tensor_file& all, const std::string& start) {
  io::tensor_file part;
  for (const auto& [name, stored] : all.tensors)
    if (name.starts_with(start)) part.tensors.emplace(name.substr(start.size()), stored);
  return part;
}

}  // namespace axiograd::twins
