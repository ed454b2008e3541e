#pragma once
// Models: layers one after another, and the training step.

#include <axiograd/nn/parameter.hpp>
#include <tuple>

namespace axiograd::nn {

/// A composition of layers: `sequential model{conv2d{1, 16, 3}, relu{}, flatten{}, linear{576, 10}};`
template <class... Layers>
class sequential {
 public:
  explicit sequential(Layers... layers) : layers_(std::move(layers)...) { init(seed{0}); }

  /// Fresh initial values; each layer's depend on the seed and its position, and share nothing with those of other seeds.
  void init(seed s) {
    std::uint64_t position = 0;
    std::apply([&](auto&... layer) { (layer.init(spread(s, seed_use::layer, position++)), ...); }, layers_);
  }
  /// All parameters, in order, named "POSITION.NAME"; their roles say which are trained.
  parameter_list parameters() const {
    parameter_list list;
    int position = 0;
    const auto collect = [&](const auto& layer) {
      layer.visit_parameters(
          [&](std::string_view name, const parameter& p) { append(list, message({position, ".", name}), p); });
      ++position;
    };
    std::apply([&](const auto&... layer) { (collect(layer), ...); }, layers_);
    return list;
  }

  /// The model's output for a batch, without a tape.
  tensor<float> operator()(const tensor<float>& x) const {
    const evaluation plain;
    return forward(plain, x);
  }
  /// The model's output with parameters from elsewhere: a tape, another number type.
  template <class Parameters, operand X>
  auto forward(Parameters& parameters, const X& x) const {
    return std::apply([&](const auto&... layer) { return chain(parameters, x, layer...); }, layers_);
  }
  // A model can be a layer of another one.
  template <class Parameters, operand X>
  auto operator()(Parameters& parameters, const X& x) const {
    return forward(parameters, x);
  }
  /// Prepares for evaluations: see parameter::prepack. The next training step ends it.
  void prepack() {
    for (named_parameter& p : parameters()) p.value.prepack();
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    for (const named_parameter& p : parameters()) visit(p.name, p.value);
  }

  /// One training step: records `loss(m)`, where m(images) is the model's output, takes gradients and lets the optimiser
  /// update its parameters. Gives the loss. Once warm, a step allocates nothing.
  ///
  /// Errors: `failure` from the operators; invalid_node_id if the loss is not of this step; seed_shape_mismatch unless the loss
  /// is a scalar; std::bad_alloc. Neither parameters nor buffers of layers nor the optimiser have changed then.
  template <class Loss, class Optimiser>
  float step(const Loss& loss, Optimiser& optimiser) {
    state& s = *state_;
    s.tape.clear();
    s.used.clear();
    unfinished_step layers(s.written);
    const float value = [&] {
      const until_here recorded{s.tape};  // then the parameters' storage is theirs again: updated in place
      bound m{*this, s};
      const var<float> y = loss(m);
      if (y.generation() != s.tape.generation()) ok_or_throw(s.tape.check("step", y));
      ok_or_throw(s.tape.current_tape().backward_dense_into(s.gradients, y.id(), s.one, kept_gradients::leaves));
      return y.item();
    }();
    layers.look_away();
    const auto gradient_of = [&](const parameter& p) -> const float* {
      const auto id = s.used.find(p);
      return id && s.gradients.reached(*id) ? s.gradients.data(*id) : nullptr;
    };
    optimiser.step(gradient_of);
    layers.keep();
    return value;
  }

 private:
  struct state {
    recording<float> tape;
    recorded_parameters<float> used{tape};
    gradient_workspace<float> gradients;
    tensor<float> one = tensor<float>::scalar(1);
    unfinished_step::written_values written;
  };
  struct until_here {
    recording<float>& tape;
    ~until_here() { tape.clear(); }
  };
  /// The model inside a step.
  struct bound {
    const sequential& model;
    state& s;
    var<float> operator()(const tensor<float>& x) { return model.forward(s.used, s.tape.constant(x)); }
    var<float> operator()(const var<float>& x) { return model.forward(s.used, x); }
    var<float> constant(const tensor<float>& x) { return s.tape.constant(x); }
    var<float> use(const parameter& p) { return s.used.use(p); }
  };

  template <class Parameters, class X>
  static auto chain(Parameters&, const X& x) {
    return x;
  }
  template <class Parameters, class X, class Layer, class... Rest>
  static auto chain(Parameters& parameters, const X& x, const Layer& layer, const Rest&... rest) {
    return chain(parameters, layer(parameters, x), rest...);
  }

  std::tuple<Layers...> layers_;
  shared<state> state_;
};

}  // namespace axiograd::nn
