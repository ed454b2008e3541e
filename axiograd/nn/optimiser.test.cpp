// Each optimiser against a reference in doubles, written here as plain loops after the books' formulas.

#include <axiograd/core/random.hpp>
#include <axiograd/kernels/cpu/native_update.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/nn/updates.hpp>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using nn::adamw_options;
using nn::sgd_options;

constexpr int steps = 50;
// Around the 32,768 entries that one thread takes at a time, and no multiples of a vector.
using sizes = std::vector<int64_t>;
const sizes small{1, 7, 1'003}, large{5, 32'767, 32'769, 65'536 + 33, 1'003};

/// Entry i of parameter k before the first step: within 2 of 0, and every fifth within 0.02.
double start_of(std::size_t k, int64_t i) {
  const double x = 4 * uniform(key_of(seed{11}, k), static_cast<std::uint64_t>(i)) - 2;
  return static_cast<double>(static_cast<float>(i % 5 == 0 ? 0.01 * x : x));
}
/// Its gradient in a step: of one sign for a third of the entries, of any for the others.
double gradient_of(std::size_t k, int64_t i, int step) {
  const double x = 4 * uniform(key_of(seed{12}, 100 * k + static_cast<std::size_t>(step)), static_cast<std::uint64_t>(i)) - 2;
  return static_cast<double>(static_cast<float>(i % 3 == 0 ? 1 + 0.1 * x : x));
}

struct reference_entry {
  double p, first = 0, second = 0;
};
void reference_step(const sgd_options& o, reference_entry& e, double g, int) {
  g = g + o.weight_decay * e.p;
  e.first = o.momentum * e.first + g;
  e.p = e.p - o.learning_rate * e.first;
}
void reference_step(const adamw_options& o, reference_entry& e, double g, int t) {
  e.p = e.p - o.learning_rate * o.weight_decay * e.p;
  e.first = o.beta1 * e.first + (1 - o.beta1) * g;
  e.second = o.beta2 * e.second + (1 - o.beta2) * g * g;
  const double mean = e.first / (1 - std::pow(o.beta1, t)), square = e.second / (1 - std::pow(o.beta2, t));
  e.p = e.p - o.learning_rate * mean / (std::sqrt(square) + o.epsilon);
}

/// The largest error of an entry after all steps, in units of the bound: 4 steps 2^-24 max(|p|, learning rate), where p is the
/// result; or the largest p on the way, of which each step rounds, for an entry that has come down to less than half of it.
struct worst_error {
  double size = 0;
  std::size_t parameter = 0;
  int64_t entry = 0;
};
template <class Options>
void compare(worst_error& worst, const Options& o, std::size_t k, const tensor<float>& found, const auto& gradient) {
  for (int64_t i = 0; i < found.size(); ++i) {
    reference_entry e{start_of(k, i)};
    double on_the_way = std::abs(e.p);
    for (int t = 1; t <= steps; ++t) {
      reference_step(o, e, gradient(k, i, t), t);
      on_the_way = std::max(on_the_way, std::abs(e.p));
    }
    const double p = 2 * std::abs(e.p) < on_the_way ? on_the_way : std::abs(e.p);
    const double bound = 4 * steps * 0x1p-24 * std::max(p, o.learning_rate);
    const double error = std::abs(static_cast<double>(found[i]) - e.p) / bound;
    if (!(error <= worst.size)) worst = {error, k, i};
  }
}

template <class Optimiser, class Options>
void expect_reference(const Options& o, const sizes& each) {
  nn::parameter_list parameters;
  std::vector<tensor<float>> gradients;
  for (std::size_t k = 0; k < each.size(); ++k) {
    parameters.push_back({std::to_string(k), nn::parameter({each[k]})});
    float* const x = parameters.back().value.mutable_data();
    for (int64_t i = 0; i < each[k]; ++i) x[i] = static_cast<float>(start_of(k, i));
    gradients.push_back(tensor<float>({each[k]}));
  }
  Optimiser optimiser(parameters, o);
  const int before = num_threads();
  for (int t = 1; t <= steps; ++t) {
    set_num_threads(1 + t % 3);
    for (std::size_t k = 0; k < gradients.size(); ++k)
      for (int64_t i = 0; i < each[k]; ++i) gradients[k].mutable_data()[i] = static_cast<float>(gradient_of(k, i, t));
    optimiser.step([&](const nn::parameter& p) -> const float* {
      for (std::size_t k = 0; k < parameters.size(); ++k)
        if (parameters[k].value.same(p)) return gradients[k].data();
      return nullptr;
    });
  }
  set_num_threads(before);
  worst_error worst;
  for (std::size_t k = 0; k < parameters.size(); ++k) compare(worst, o, k, parameters[k].value.value(), gradient_of);
  EXPECT_LE(worst.size, 1) << "of the bound, entry " << worst.entry << " of " << each[worst.parameter];
  EXPECT_GT(worst.size, 0);
}

TEST(sgd, is_its_reference_in_doubles) {
  for (const sgd_options& o : {sgd_options{}, sgd_options{.learning_rate = 0.01, .momentum = 0.9},
                               sgd_options{.learning_rate = 0.03, .weight_decay = 0.1},
                               sgd_options{.learning_rate = 1e-3, .momentum = 0.99, .weight_decay = 0.3}}) {
    SCOPED_TRACE(message({"momentum ", std::to_string(o.momentum), ", decay ", std::to_string(o.weight_decay)}));
    expect_reference<nn::sgd>(o, o.momentum > 0 && o.weight_decay > 0 ? large : small);
  }
}

TEST(adamw, is_its_reference_in_doubles) {
  for (const adamw_options& o :
       {adamw_options{}, adamw_options{.learning_rate = 0.01, .weight_decay = 0.3},
        adamw_options{.epsilon = 0, .weight_decay = 0}, adamw_options{.beta1 = 0.3, .beta2 = 0.99, .epsilon = 0.1},
        adamw_options{.beta1 = 0, .beta2 = 0.5}}) {
    SCOPED_TRACE(message({"epsilon ", std::to_string(o.epsilon), ", decay ", std::to_string(o.weight_decay), ", beta1 ",
                          std::to_string(o.beta1)}));
    expect_reference<nn::adamw>(o, o.learning_rate == 0.01 ? large : small);
  }
}

// The rules on each instruction set of this machine, also those that the library would not choose here.
template <class Rule, class Options, class Make>
void expect_reference_on_all_sets(const Options& o, const Make& rule_at) {
  const auto run = [&]<isa Set> {
    if (Set > best_isa()) return;
    SCOPED_TRACE(to_string(Set));
    constexpr int64_t n = 1'003;
    std::vector<float> x(n), first(n), second(n), g(n);
    for (int64_t i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = static_cast<float>(start_of(0, i));
    for (int t = 1; t <= steps; ++t) {
      for (int64_t i = 0; i < n; ++i) g[static_cast<std::size_t>(i)] = static_cast<float>(gradient_of(0, i, t));
      float* const states[]{first.data(), second.data()};
      native_update<Rule, Set>::run(rule_at(t), x.data(), g.data(), states, n);
    }
    worst_error worst;
    compare(worst, o, 0, tensor<float>::from({n}, x), gradient_of);
    EXPECT_LE(worst.size, 1) << "of the bound, entry " << worst.entry;
  };
  run.template operator()<isa::baseline>();
#ifdef __x86_64__
  run.template operator()<isa::avx2>();
  run.template operator()<isa::avx512>();
#endif
}

TEST(sgd, is_its_reference_on_every_instruction_set) {
  const sgd_options o{.learning_rate = 0.01, .momentum = 0.9, .weight_decay = 0.1};
  expect_reference_on_all_sets<nn::sgd_update>(o, [&](int) { return nn::rule_of(o); });
}

TEST(adamw, is_its_reference_on_every_instruction_set) {
  const adamw_options o{.learning_rate = 0.01};
  expect_reference_on_all_sets<nn::adamw_update>(o, [&](int t) { return nn::rule_of(o, t); });
}

// After 20 steps of equal gradients every bias-corrected mean is that gradient.
TEST(adamw, moves_by_the_rate_whatever_the_gradient) {
  for (const double g : {1.0, -3.0, 1e-4, 1e4}) {
    nn::parameter p({9});
    nn::adamw optimiser({{"p", p}}, {.learning_rate = 0x1p-10, .epsilon = 0, .weight_decay = 0});
    const auto gradient = tensor<float>::full({9}, static_cast<float>(g));
    for (int t = 1; t <= 20; ++t) optimiser.step([&](const nn::parameter&) { return gradient.data(); });
    for (const float x : p.value()) EXPECT_NEAR(static_cast<double>(x), (g > 0 ? -20 : 20) * 0x1p-10, 20 * 0x1p-34);
  }
}

TEST(optimiser, leaves_buffers_and_parameters_without_gradient_alone) {
  nn::parameter trained({3}), frozen({3}), buffer = nn::parameter::buffer({3});
  for (nn::parameter* p : {&trained, &frozen, &buffer}) fill(*p, 2);
  nn::adamw optimiser({{"a", trained},
                       {"b", frozen},
                       {"c", buffer},
                       {"d", nn::parameter::counts({}, nn::parameter_role::buffer)},
                       {"e", nn::parameter::counts({2}, nn::parameter_role::random)}});
  const auto ones = tensor<float>::ones({3});
  optimiser.step([&](const nn::parameter& p) { return p.same(frozen) ? nullptr : ones.data(); });
  EXPECT_LT(trained.value()[0], 2);
  EXPECT_EQ(frozen.value(), tensor<float>::full({3}, 2));
  EXPECT_EQ(buffer.value(), tensor<float>::full({3}, 2));
  std::vector<std::string> names;
  for (const auto& [name, values] : optimiser.state()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"mean.a", "mean.b", "mean_square.a", "mean_square.b"}));
}

TEST(optimiser, has_the_defaults_of_pytorch) {
  EXPECT_EQ(nn::adamw({}).settings(),
            (std::map<std::string, double>{
                {"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}, {"weight_decay", 0.01}}));
  EXPECT_EQ(nn::sgd({}).settings(),
            (std::map<std::string, double>{{"learning_rate", 1e-3}, {"momentum", 0}, {"weight_decay", 0}}));
}

}  // namespace
}  // namespace axiograd
