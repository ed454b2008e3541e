#pragma once
// Training of image classifiers: epochs of shuffled batches, AdamW, scores on held-out samples.

#include <atomic>
#include <axiograd/io/dataset.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/loss/cross_entropy_logits.hpp>
#include <axiograd/train/checkpoint.hpp>
#include <axiograd/train/progress.hpp>
#include <axiograd/train/score.hpp>
#include <cmath>
#include <cstring>
#include <functional>

namespace axiograd::train {

/// A model's scores before softmax for many samples, in batches, without a tape.
template <class Model>
tensor<float> logits_of(const Model& model, const io::dataset& data) {
  constexpr int64_t at_once = 256;
  tensor<float> all{shape{0}};
  int64_t done = 0;
  for (const auto& [inputs, labels] : io::batches(data, {.size = at_once})) {
    const tensor<float> y = model(inputs);
    if (done == 0) all = tensor<float>::uninitialised({data.size(), y.size() / labels.size()});
    std::memcpy(all.mutable_data() + done, y.data(), static_cast<std::size_t>(y.size()) * sizeof(float));
    done += y.size();
  }
  return all;
}

/// A model's score on labelled samples.
template <class Model>
score evaluate(const Model& model, const io::dataset& data) {
  return score_of(logits_of(model, data), data.labels);
}

/// What a training tells while it runs; each may be empty.
struct observers {
  std::function<void(const batch_record&)> batch{};
  /// After an epoch: its number, from 1, and what it led to. The moment to save a checkpoint.
  std::function<void(int64_t, const epoch_record&)> epoch{};
  /// Once true, it ends the training at the next batch. Another thread or a signal handler may set it: no handler runs on a
  /// thread inside a product that could not bear one, it waits until that is done (docs/decisions/signals.md). Whoever calls
  /// oneDNN's products himself has to see to that himself: handlers with SA_ONSTACK, or signals blocked meanwhile.
  const std::atomic<bool>* stop = nullptr;
};

// What a training checks and counts.
classifier_options checked(const classifier_options& options);
void require_same_training(const checkpoint& from, const training_state& wanted, int64_t batches);
void require_whole_epochs(int64_t steps, int64_t epochs, int64_t batches);
void require_same_settings(const checkpoint& from, std::map<std::string, double> had, std::map<std::string, double> want);
void require_recorded_score(const checkpoint& from, const score& found);
void require_finite(double loss, int64_t epoch);
int64_t count_correct(const tensor<float>& logits, const index_tensor& labels);

/// A training of `model`, which must outlive it. Everything is a function of model, data and options: parameters and masks
/// start from the seed `start`, and so do the shuffles of all epochs; each use and each epoch has streams of its own.
template <class Model>
class classifier_training {
 public:
  /// Throws `failure`: invalid_parameter for options that make no sense.
  classifier_training(Model& model, std::string name, io::dataset train, io::dataset test, const classifier_options& options)
      : model_(&model),
        train_(std::move(train)),
        test_(std::move(test)),
        optimiser_(model.parameters(), {.learning_rate = options.learning_rate, .weight_decay = options.weight_decay}),
        state_{.model = std::move(name),
               .data = fingerprint(train_.inputs, train_.labels),
               .options = checked(options),
               .steps = 0,
               .history = {}} {
    model.init(options.start);
  }

  /// Trains until options.epochs are complete. False if the flag stopped it: the epoch that it was in is lost.
  /// Throws `failure` or std::bad_alloc: what operators and observers throw; domain_error if the loss is no finite number. The
  /// step that it was in has changed nothing, the epoch is lost then too: resume from the last checkpoint.
  bool run(const observers& tell = {}) {
    for (int64_t epoch = epochs(); epoch < state_.options.epochs; ++epoch) {
      const auto start = std::chrono::steady_clock::now();
      epoch_record e;
      if (!run_epoch(epoch, e, tell)) return false;
      const score s = evaluate(*model_, test_);
      require_finite(s.loss, epoch + 1);
      e.test_loss = s.loss;
      e.test_accuracy = s.accuracy();
      e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      state_.history.push_back(e);
      if (tell.epoch) tell.epoch(epochs(), e);
    }
    return true;
  }

  /// Complete epochs.
  int64_t epochs() const { return static_cast<int64_t>(state_.history.size()); }
  const training_state& state() const { return state_; }
  const io::dataset& test_set() const { return test_; }
  score test_score() const { return evaluate(*model_, test_); }

  /// Throws `failure` (see save_checkpoint): after run() was stopped within an epoch, or failed, there is nothing to save.
  void save(const std::string& path) const {
    require_whole_epochs(optimiser_.steps(), epochs(), batches());
    save_checkpoint(path, state_, optimiser_);
  }
  /// Goes on from a checkpoint. Throws `failure` (see restore; invalid_parameter if the training was another one: other data or
  /// options, fewer epochs wanted than it has; invalid_file if its steps are not those of its epochs, its optimiser has other
  /// options, or its weights do not have the test score of its last epoch), and then nothing has changed.
  void resume(const checkpoint& from) {
    require_same_training(from, state_, batches());
    std::vector<std::optional<io::parameter_values>> before;
    for (const io::model_entry& e : io::entries_of(optimiser_)) before.emplace_back(e.values);
    nn::adamw optimiser = optimiser_;
    std::vector<epoch_record> history = from.state.history;
    restore(from, optimiser);
    try {
      require_same_settings(from, optimiser.settings(), optimiser_.settings());
      if (!from.state.history.empty()) require_recorded_score(from, evaluate(*model_, test_));
    } catch (...) {
      io::set_values(optimiser_, before);
      throw;
    }
    optimiser_ = std::move(optimiser);
    state_.history = std::move(history);
  }

 private:
  /// In an epoch.
  int64_t batches() const { return io::batches(train_, {.size = state_.options.batch_size}).size(); }
  bool run_epoch(int64_t epoch, epoch_record& e, const observers& tell) {
    const classifier_options& o = state_.options;
    optimiser_.options.learning_rate = o.learning_rate * std::pow(o.decay, static_cast<double>(epoch));
    batch_record now{
        .epoch = epoch + 1, .epochs = o.epochs, .images = 0, .all_images = train_.size(), .loss = 0, .accuracy = 0};
    double loss_sum = 0;
    int64_t correct = 0;
    for (const auto& [inputs, labels] :
         io::batches(train_, {.size = o.batch_size, .shuffle = o.start, .epoch = static_cast<std::uint64_t>(epoch)})) {
      if (tell.stop != nullptr && *tell.stop) return false;
      const float loss = model_->step(
          [&](auto& m) {
            const auto y = m(inputs);
            correct += count_correct(y.value(), labels);
            return cross_entropy_logits(y, labels);
          },
          optimiser_);
      require_finite(loss, epoch + 1);
      now.images += labels.size();
      loss_sum += static_cast<double>(loss) * static_cast<double>(labels.size());
      now.loss = loss_sum / static_cast<double>(now.images);
      now.accuracy = static_cast<double>(correct) / static_cast<double>(now.images);
      if (tell.batch) tell.batch(now);
    }
    e.train_loss = now.loss;
    e.train_accuracy = now.accuracy;
    return true;
  }

  Model* model_;
  io::dataset train_, test_;
  nn::adamw optimiser_;
  training_state state_;
};

}  // namespace axiograd::train
