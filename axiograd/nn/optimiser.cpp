#include <axiograd/kernels/parallel.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <cmath>

namespace axiograd::nn {
namespace {

// Entries one thread takes at a time.
constexpr int64_t block = 1 << 15;

template <class F>
void for_entries(int64_t n, const F& body) {
  parallel_for((n + block - 1) / block, [&](int64_t b) {
    const int64_t end = std::min(n, (b + 1) * block);
    for (int64_t i = b * block; i < end; ++i) body(i);
  });
}

}  // namespace

optimiser::optimiser(parameter_list parameters, std::initializer_list<const char*> states)
    : parameters_(std::move(parameters)) {
  for (const char* name : states) {
    named_state s{name, {}};
    for (const named_parameter& p : parameters_) s.tensors.push_back(tensor<float>::zeros(p.value.shape()));
    states_.push_back(std::move(s));
  }
}

std::map<std::string, tensor<float>> optimiser::state() const {
  std::map<std::string, tensor<float>> all;
  for (const named_state& s : states_)
    for (std::size_t i = 0; i < parameters_.size(); ++i) all.emplace(s.name + "." + parameters_[i].name, s.tensors[i]);
  return all;
}

void optimiser::set_state(const std::map<std::string, tensor<float>>& state, std::int64_t steps) {
  std::vector<named_state> fresh = states_;
  for (named_state& s : fresh)
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const std::string name = s.name + "." + parameters_[i].name;
      const auto found = state.find(name);
      if (found == state.end()) throw failure({error_kind::invalid_file, "optimiser: the state lacks '" + name + "'"});
      if (found->second.shape() != parameters_[i].value.shape())
        throw failure({error_kind::invalid_file, "optimiser: state '" + name + "' has shape " +
                                                     to_string(found->second.shape()) + ", expected " +
                                                     to_string(parameters_[i].value.shape())});
      s.tensors[i] = found->second;
    }
  states_ = std::move(fresh);
  steps_ = steps;
}

void sgd::update(std::size_t i, const float* g) {
  parameter& p = parameters_[i].value;
  float* const x = p.mutable_data();
  float* const b = state_data(0, i);
  const auto rate = static_cast<float>(options.learning_rate);
  const auto momentum = static_cast<float>(options.momentum);
  const auto decay = static_cast<float>(options.weight_decay);
  for_entries(p.shape().size(), [=](int64_t k) {
    b[k] = momentum * b[k] + (g[k] + decay * x[k]);
    x[k] -= rate * b[k];
  });
}

void adamw::update(std::size_t i, const float* g) {
  parameter& p = parameters_[i].value;
  float* const x = p.mutable_data();
  float* const m = state_data(0, i);
  float* const v = state_data(1, i);
  const auto t = static_cast<double>(steps_);
  const auto keep1 = static_cast<float>(options.beta1), keep2 = static_cast<float>(options.beta2);
  const auto rate = static_cast<float>(options.learning_rate / (1 - std::pow(options.beta1, t)));
  const auto correction = static_cast<float>(1 / (1 - std::pow(options.beta2, t)));
  const auto shrink = static_cast<float>(1 - options.learning_rate * options.weight_decay);
  const auto epsilon = static_cast<float>(options.epsilon);
  for_entries(p.shape().size(), [=](int64_t k) {
    m[k] = keep1 * m[k] + (1 - keep1) * g[k];
    v[k] = keep2 * v[k] + (1 - keep2) * g[k] * g[k];
    x[k] = shrink * x[k] - rate * m[k] / (std::sqrt(v[k] * correction) + epsilon);
  });
}

}  // namespace axiograd::nn
