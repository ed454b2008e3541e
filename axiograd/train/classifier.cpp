#include <axiograd/train/classifier.hpp>
#include <cmath>

namespace axiograd::train {

classifier_options checked(const classifier_options& o) {
  const auto refuse = [](const std::string& text) { throw failure({error_kind::invalid_parameter, "training: " + text}); };
  const auto positive = [](double x) { return x > 0 && std::isfinite(x); };
  if (o.epochs < 0) refuse("epochs is " + std::to_string(o.epochs) + ", expected at least 0");
  if (o.batch_size < 1) refuse("the batch size is " + std::to_string(o.batch_size) + ", expected at least 1");
  if (!positive(o.learning_rate))
    refuse("the learning rate is " + std::to_string(o.learning_rate) + ", expected a positive number");
  if (!positive(o.decay)) refuse("the decay is " + std::to_string(o.decay) + ", expected a positive number");
  if (!(o.weight_decay >= 0)) refuse("the weight decay is " + std::to_string(o.weight_decay) + ", expected at least 0");
  return o;
}

void require_same_training(const checkpoint& from, const training_state& wanted) {
  const auto refuse = [&](const std::string& text) { throw failure({error_kind::invalid_parameter, from.path + ": " + text}); };
  const classifier_options &had = from.state.options, &want = wanted.options;
  if (from.state.data != wanted.data) refuse("was trained on other data");
  if (had.start != want.start)
    refuse("was trained with seed " + std::to_string(had.start.value) + ", not " + std::to_string(want.start.value));
  if (had.batch_size != want.batch_size)
    refuse("was trained with batches of " + std::to_string(had.batch_size) + ", not " + std::to_string(want.batch_size));
  if (had.learning_rate != want.learning_rate || had.decay != want.decay || had.weight_decay != want.weight_decay)
    refuse("was trained with another learning rate, decay or weight decay");
  if (const auto done = static_cast<int64_t>(from.state.history.size()); done > want.epochs)
    refuse("has " + std::to_string(done) + " epochs already, more than the " + std::to_string(want.epochs) +
           " that are wanted");
}

void require_finite(float loss, int64_t epoch) {
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
