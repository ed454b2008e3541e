#include <fmt/format.h>

#include <axiograd/io/excerpt.hpp>
#include <axiograd/train/rules.hpp>
#include <cmath>

namespace axiograd::train {
namespace {

bool positive(double x) { return x > 0 && std::isfinite(x); }
bool at_least_zero(double x) { return x >= 0 && std::isfinite(x); }
bool fraction(double x) { return x >= 0 && x <= 1; }

std::string record_problem(const epoch_record& e) {
  struct column {
    const char* name;
    double value;
    bool (*fits)(double);
    const char* expected;
  };
  const column columns[]{{"training loss", e.train_loss, at_least_zero, "a finite number from 0"},
                         {"training accuracy", e.train_accuracy, fraction, "a number between 0 and 1"},
                         {"test loss", e.test_loss, at_least_zero, "a finite number from 0"},
                         {"test accuracy", e.test_accuracy, fraction, "a number between 0 and 1"},
                         {"time", e.seconds, at_least_zero, "a finite number of seconds"}};
  for (const column& c : columns)
    if (!c.fits(c.value)) return fmt::format("the {} is {}, expected {}", c.name, c.value, c.expected);
  return {};
}

}  // namespace

std::string options_problem(const classifier_options& o) {
  if (o.epochs < 0) return fmt::format("epochs is {}, expected at least 0", o.epochs);
  if (o.batch_size < 1) return fmt::format("the batch size is {}, expected at least 1", o.batch_size);
  if (!positive(o.learning_rate)) return fmt::format("the learning rate is {}, expected a positive number", o.learning_rate);
  if (!positive(o.decay)) return fmt::format("the decay is {}, expected a positive number", o.decay);
  if (!at_least_zero(o.weight_decay)) return fmt::format("the weight decay is {}, expected a number from 0", o.weight_decay);
  return {};
}

std::string state_problem(const training_state& s) {
  if (std::string problem = options_problem(s.options); !problem.empty()) return problem;
  const auto done = static_cast<std::int64_t>(s.history.size());
  if (done > s.options.epochs) return fmt::format("the history has {} epochs, of {} wanted", done, s.options.epochs);
  for (std::size_t i = 0; i < s.history.size(); ++i)
    if (const std::string problem = record_problem(s.history[i]); !problem.empty())
      return fmt::format("history, epoch {}: {}", i + 1, problem);
  if (s.steps < 0) return fmt::format("steps is {}, expected at least 0", s.steps);
  // Each epoch has as many steps as the other ones, and at least one. Who keeps no history may have made any number.
  if (done > 0 && (s.steps < done || s.steps % done != 0))
    return fmt::format("{} steps do not make the {} complete epochs of the history", s.steps, done);
  return {};
}

std::string values_problem(const io::tensor_file& content) {
  for (const auto& [name, stored] : content.tensors) {
    const result<tensor<float>> values = content.convert<float>(name);
    if (!values) continue;  // who asks for it as floats will hear of it
    for (int64_t i = 0; i < values->size(); ++i)
      if (!std::isfinite((*values)[i]))
        return fmt::format("tensor {}: entry {} is {}, expected a finite number", io::excerpt(name), i, (*values)[i]);
  }
  return {};
}

}  // namespace axiograd::train
