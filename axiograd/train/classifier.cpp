#include <fmt/format.h>

#include <axiograd/train/classifier.hpp>
#include <axiograd/train/rules.hpp>
#include <cmath>

namespace axiograd::train {

classifier_options checked(const classifier_options& o) {
  if (const std::string problem = options_problem(o); !problem.empty())
    throw failure({error_kind::invalid_parameter, "training: " + problem});
  return o;
}

void require_same_training(const checkpoint& from, const training_state& wanted, int64_t batches) {
  const auto refuse = [&](const std::string& text) { throw failure({error_kind::invalid_parameter, from.path + ": " + text}); };
  const auto same = [&](const char* what, const auto& had, const auto& want) {
    if (had != want) refuse(fmt::format("was trained with {} {}, not {}", what, had, want));
  };
  const classifier_options &had = from.state.options, &want = wanted.options;
  if (from.state.data != wanted.data) refuse("was trained on other data");
  same("seed", had.start.value, want.start.value);
  same("batches of", had.batch_size, want.batch_size);
  same("learning rate", had.learning_rate, want.learning_rate);
  same("decay", had.decay, want.decay);
  same("weight decay", had.weight_decay, want.weight_decay);
  const auto done = static_cast<int64_t>(from.state.history.size());
  if (done > want.epochs) refuse(fmt::format("has {} epochs already, more than the {} that are wanted", done, want.epochs));
  if (from.state.steps != done * batches)
    throw failure({error_kind::invalid_file,
                   fmt::format("{}: says {} steps for {} epochs of {} batches", from.path, from.state.steps, done, batches)});
}

void require_whole_epochs(int64_t steps, int64_t epochs, int64_t batches) {
  if (steps != epochs * batches)
    throw failure({error_kind::invalid_parameter,
                   fmt::format("training: nothing was saved: {} steps do not make the {} complete epochs of {} batches", steps,
                               epochs, batches)});
}

void require_same_settings(const checkpoint& from, std::map<std::string, double> had, std::map<std::string, double> want) {
  const classifier_options& o = from.state.options;
  const auto done = static_cast<double>(from.state.history.size());
  // The rate is that of the epoch before; other libraries may round the power otherwise.
  const double rate = o.learning_rate * std::pow(o.decay, done - 1);
  if (done > 0 && std::abs(had["learning_rate"] / rate - 1) < 1e-9) had["learning_rate"] = rate;
  want["learning_rate"] = done > 0 ? rate : had["learning_rate"];
  for (const auto& [name, value] : want)
    if (had[name] != value)
      throw failure({error_kind::invalid_file,
                     fmt::format("{}: the optimiser's {} is {}, expected {}", from.path, name, had[name], value)});
}

void require_recorded_score(const checkpoint& from, const score& found) {
  const epoch_record& last = from.state.history.back();
  // Other processors round otherwise; another model's score is far away.
  const double loss_margin = 1e-3 * (1 + last.test_loss);
  const double accuracy_margin = 0.02 + 1 / static_cast<double>(std::max<int64_t>(1, found.samples()));
  if (!(std::abs(found.loss - last.test_loss) <= loss_margin))
    throw failure({error_kind::invalid_file, fmt::format("{}: the weights have test loss {:.4g}, the history says {:.4g}: they "
                                                         "are others, or the test samples are",
                                                         from.path, found.loss, last.test_loss)});
  if (!(std::abs(found.accuracy() - last.test_accuracy) <= accuracy_margin))
    throw failure({error_kind::invalid_file, fmt::format("{}: the weights have test accuracy {}, the history says {}: they are "
                                                         "others, or the test samples are",
                                                         from.path, percent(found.accuracy()), percent(last.test_accuracy))});
}

void require_finite(double loss, int64_t epoch) {
  if (!std::isfinite(loss))
    throw failure({error_kind::domain_error, "training: the loss in epoch " + std::to_string(epoch) +
                                                 " is no finite number; try a smaller learning rate"});
}

int64_t count_correct(const tensor<float>& logits, const index_tensor& labels) {
  const int64_t classes = labels.empty() ? 0 : logits.size() / labels.size();
  const float* row = logits.data();
  int64_t correct = 0;
  for (const int64_t label : labels) {
    correct += std::max_element(row, row + classes) - row == label ? 1 : 0;
    row += classes;
  }
  return correct;
}

}  // namespace axiograd::train
