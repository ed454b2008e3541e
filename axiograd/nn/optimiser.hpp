#pragma once
// Optimisers (contract 18): they hold the parameters they update and their own state.

#include <axiograd/nn/parameter.hpp>
#include <map>

namespace axiograd::nn {

/// Gradient of a parameter, null where it has none; such a parameter stays as it is.
template <class F>
concept gradient_source = requires(const F& f, const parameter& p) {
  { f(p) } -> std::same_as<const float*>;
};

/// What every optimiser is: parameters, options, named state tensors of the same shapes, and a step count. It updates those
/// whose role is `trained` and keeps no state for the others. A step that throws (the source
/// of gradients, std::bad_alloc) has changed none of them.
class optimiser {
 public:
  virtual ~optimiser() = default;
  virtual const char* name() const = 0;
  /// The options by their names, for a checkpoint.
  virtual std::map<std::string, double> settings() const = 0;
  /// Takes back what `settings` gave; throws std::out_of_range if one is missing, and then nothing has changed.
  virtual void set_settings(const std::map<std::string, double>& given) = 0;

  const parameter_list& parameters() const { return parameters_; }
  std::int64_t steps() const { return steps_; }
  /// The state for a checkpoint, "STATE.PARAMETER" -> tensor.
  std::map<std::string, tensor<float>> state() const;
  /// Takes a state back; throws `failure` (invalid_file) if a tensor is missing or has the wrong shape, or if one of a
  /// state whose name ends in "square" has a negative entry.
  void set_state(const std::map<std::string, tensor<float>>& state, std::int64_t steps);

 protected:
  optimiser(parameter_list parameters, std::initializer_list<const char*> states);
  optimiser(const optimiser&) = default;
  optimiser& operator=(const optimiser&) = default;
  /// One pass over all parameters that have a gradient; `gradients_` holds one pointer for each.
  template <class Rule>
  void update_all(const Rule& rule);
  /// All of a step that can fail. Throws std::bad_alloc, and then parameters, state and step count are as they were.
  template <gradient_source F>
  void begin_step(const F& gradient_of) {
    gradients_.clear();
    for (const named_parameter& p : parameters_)
      gradients_.push_back(p.value.role() == parameter_role::trained ? gradient_of(p.value) : nullptr);
    cut_into_pieces();
    ++steps_;
  }

  parameter_list parameters_;
  std::int64_t steps_ = 0;

 private:
  struct named_state {
    std::string name;
    std::vector<tensor<float>> tensors;
  };
  struct piece {  // of a parameter, for one thread
    float* x;
    const float* g;
    std::array<float*, 2> states;
    int64_t n;
  };
  void cut_into_pieces();

  std::vector<named_state> states_;
  std::vector<const float*> gradients_;
  std::vector<piece> pieces_;
};

struct sgd_options {
  double learning_rate = 1e-3;
  double momentum = 0;
  double weight_decay = 0;  ///< added to the gradient
};
/// b <- momentum b + g, p <- p - learning_rate b. Source: contract 18; Sutskever et al. 2013. PyTorch: torch.optim.SGD; same.
///
/// Accuracy: after n steps p is within 4 n 2^-24 max(|p|, learning_rate) of the same steps in exact arithmetic, for gradients
/// around 1; tested against doubles for 50 steps.
class sgd : public optimiser {
 public:
  const char* name() const override { return "sgd"; }
  std::map<std::string, double> settings() const override;
  void set_settings(const std::map<std::string, double>& given) override;

  explicit sgd(parameter_list parameters, const sgd_options& given = {});
  template <gradient_source F>
  void step(const F& gradient_of) {
    begin_step(gradient_of);
    update();
  }
  sgd_options options;

 private:
  void update();
};

struct adamw_options {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;       ///< added after the root
  double weight_decay = 1e-2;  ///< decoupled
};
/// Adam with decoupled weight decay: p <- p - lr wd p, then p <- p - lr m^ / (sqrt v^ + epsilon) with bias-corrected means
/// m^, v^ of g and g^2. Source: contract 18; Loshchilov & Hutter 2019, algorithm 2. PyTorch: torch.optim.AdamW; same, with the
/// same defaults. The contract's training helpers have others: epsilon 1e-6, no weight decay.
///
/// Accuracy: as sgd's.
class adamw : public optimiser {
 public:
  const char* name() const override { return "adamw"; }
  std::map<std::string, double> settings() const override;
  void set_settings(const std::map<std::string, double>& given) override;

  explicit adamw(parameter_list parameters, const adamw_options& given = {});
  template <gradient_source F>
  void step(const F& gradient_of) {
    begin_step(gradient_of);
    update();
  }
  adamw_options options;

 private:
  void update();
};

}  // namespace axiograd::nn
