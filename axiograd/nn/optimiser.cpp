#include <algorithm>
#include <axiograd/core/floating_point.hpp>
#include <axiograd/kernels/cpu/native_update.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/updates.hpp>
#include <cmath>

namespace axiograd::nn {
namespace {

// Entries one thread takes at a time.
constexpr int64_t piece_entries = 1 << 15;

bool is_trained(const named_parameter& p) { return p.value.role() == parameter_role::trained; }

}  // namespace

optimiser::optimiser(parameter_list parameters, std::initializer_list<const char*> states)
    : parameters_(std::move(parameters)) {
  for (const char* name : states) {
    named_state s{name, {}};
    for (const named_parameter& p : parameters_)
      s.tensors.push_back(tensor<float>::zeros(is_trained(p) ? p.value.shape() : shape{0}));
    states_.push_back(std::move(s));
  }
}

std::map<std::string, tensor<float>> optimiser::state() const {
  std::map<std::string, tensor<float>> all;
  for (const named_state& s : states_)
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (is_trained(parameters_[i])) all.emplace(s.name + "." + parameters_[i].name, s.tensors[i]);
  return all;
}

void optimiser::set_state(const std::map<std::string, tensor<float>>& state, std::int64_t steps) {
  std::vector<named_state> fresh = states_;
  for (named_state& s : fresh)
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (!is_trained(parameters_[i])) continue;
      const std::string name = s.name + "." + parameters_[i].name;
      const auto found = state.find(name);
      if (found == state.end()) throw failure({error_kind::invalid_file, "optimiser: the state lacks '" + name + "'"});
      if (found->second.shape() != parameters_[i].value.shape())
        throw failure({error_kind::invalid_file, "optimiser: state '" + name + "' has shape " +
                                                     to_string(found->second.shape()) + ", expected " +
                                                     to_string(parameters_[i].value.shape())});
      const auto negative = [](float v) { return v < 0; };
      if (s.name.ends_with("square") && std::any_of(found->second.begin(), found->second.end(), negative))
        throw failure({error_kind::invalid_file, "optimiser: state '" + name + "' has a negative entry"});
      s.tensors[i] = found->second;
    }
  states_ = std::move(fresh);
  steps_ = steps;
}

void optimiser::cut_into_pieces() {
  pieces_.clear();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (gradients_[i] == nullptr) continue;
    float* const x = parameters_[i].value.mutable_data();  // shared entries are copied here
    std::array<float*, 2> states{};
    for (std::size_t s = 0; s < states_.size(); ++s) states[s] = states_[s].tensors[i].mutable_data();
    const int64_t n = parameters_[i].value.shape().size();
    for (int64_t begin = 0; begin < n; begin += piece_entries) {
      piece& p = pieces_.emplace_back(piece{x + begin, gradients_[i] + begin, {}, std::min(piece_entries, n - begin)});
      for (std::size_t s = 0; s < states_.size(); ++s) p.states[s] = states[s] + begin;
    }
  }
}

template <class Rule>
void optimiser::update_all(const Rule& rule) {
  const auto run = [&](int64_t i) {
    const piece& p = pieces_[static_cast<std::size_t>(i)];
    axiograd::update(rule, p.x, p.g, p.states.data(), p.n);
  };
  int64_t entries = 0;
  for (const piece& p : pieces_) entries += p.n;
  const auto pieces = static_cast<int64_t>(pieces_.size());
  static work_meter meter;
  if (entries > piece_entries) return meter.run_tasks(pieces, entries / pieces, run);
  for (int64_t i = 0; i < pieces; ++i) run(i);
}

std::map<std::string, double> sgd::settings() const {
  return {{"learning_rate", options.learning_rate}, {"momentum", options.momentum}, {"weight_decay", options.weight_decay}};
}
void sgd::set_settings(const std::map<std::string, double>& given) {
  options = {
      .learning_rate = given.at("learning_rate"), .momentum = given.at("momentum"), .weight_decay = given.at("weight_decay")};
}

sgd_update rule_of(const sgd_options& o) {
  return {.momentum = float_pair(o.momentum),
          .rate = static_cast<float>(o.learning_rate),
          .decay = static_cast<float>(o.weight_decay)};
}

adamw_update rule_of(const adamw_options& o, std::int64_t step) {
  const auto t = static_cast<double>(step);
  return {.take1 = static_cast<float>(1 - o.beta1),
          .take2 = static_cast<float>(1 - o.beta2),
          .rate = static_cast<float>(o.learning_rate / (1 - std::pow(o.beta1, t))),
          .correction = static_cast<float>(1 / (1 - std::pow(o.beta2, t))),
          .decay = static_cast<float>(o.learning_rate * o.weight_decay),
          .epsilon = static_cast<float>(o.epsilon)};
}

sgd::sgd(parameter_list parameters, const sgd_options& given)
    : optimiser(std::move(parameters), {"momentum"}), options(given) {}

void sgd::update() {
  const floating_point_scope standard;
  update_all(rule_of(options));
}

std::map<std::string, double> adamw::settings() const {
  return {{"learning_rate", options.learning_rate},
          {"beta1", options.beta1},
          {"beta2", options.beta2},
          {"epsilon", options.epsilon},
          {"weight_decay", options.weight_decay}};
}
void adamw::set_settings(const std::map<std::string, double>& given) {
  options = {.learning_rate = given.at("learning_rate"),
             .beta1 = given.at("beta1"),
             .beta2 = given.at("beta2"),
             .epsilon = given.at("epsilon"),
             .weight_decay = given.at("weight_decay")};
}

adamw::adamw(parameter_list parameters, const adamw_options& given)
    : optimiser(std::move(parameters), {"mean", "mean_square"}), options(given) {}

void adamw::update() {
  const floating_point_scope standard;
  update_all(rule_of(options, steps_));
}

}  // namespace axiograd::nn
