#pragma once
// Model files and checkpoints: safetensors whose metadata say what they are.

#include <axiograd/io/model.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <optional>
#include <string>
#include <vector>

namespace axiograd::train {

/// How a classifier is trained.
struct classifier_options {
  int64_t epochs = 20;
  int64_t batch_size = 16;
  double learning_rate = 2e-3;
  double decay = 0.87;         ///< epoch e, from 0, uses learning_rate decay^e: no epoch depends on how many follow
  double weight_decay = 1e-2;  ///< of AdamW
  seed start{0};               ///< initial values and shuffling
};

/// What an epoch led to.
struct epoch_record {
  double train_loss = 0;      ///< mean over the epoch's steps
  double train_accuracy = 0;  ///< of the predictions that those steps made
  double test_loss = 0;       ///< with the parameters at its end
  double test_accuracy = 0;
  double seconds = 0;
  friend bool operator==(const epoch_record&, const epoch_record&) = default;
};

/// All that a training needs to go on as if it had not stopped, beside the tensors.
struct training_state {
  std::string model;  ///< name of the architecture
  std::string data;   ///< fingerprint of the training set
  classifier_options options;
  std::int64_t steps = 0;  ///< of the optimiser
  std::vector<epoch_record> history;
};

/// Writes, in format 2: the optimiser's kind, options, step count and state ("optimiser.STATE.PARAMETER"), the tensors of its
/// model ("model.NAME" as in a model file), and where random draws stand ("random.NAME": seed and count of each layer that
/// draws masks), so that a training goes on as if it had not stopped. Throws `failure` (see io::write_tensors;
/// invalid_parameter for what read_checkpoint would refuse, such as a value that is no finite number).
void save_checkpoint(const std::string& path, const training_state& state, const nn::optimiser& optimiser);

/// A checkpoint that was read; nothing of a model has changed yet.
struct checkpoint {
  std::string path;
  training_state state;
  io::tensor_file content;
};
/// Reads a checkpoint of the model of that name. Its numbers are finite and fit together: options that make sense, no more
/// epochs than wanted, accuracies in 0 .. 1, the same number of steps for each epoch of the history. Throws `failure` (see
/// io::read_tensors; invalid_file).
checkpoint read_checkpoint(const std::string& path, const std::string& model, const io::tensor_limits& limits = {});
/// The same from a file's content; `path` begins the messages.
checkpoint checkpoint_from(const std::string& path, io::tensor_file content, const std::string& model);
/// Gives parameters, state and options to an optimiser of the same kind and parameters. Throws `failure` (invalid_file,
/// shape_mismatch), naming the tensor, and then nothing has changed.
void restore(const checkpoint& from, nn::optimiser& optimiser);

/// Metadata of a model file.
io::texts model_facts(const std::string& model, io::texts more = {});
/// The tensors of a model file after a look at its metadata and values; a file of something else, and a tensor with a value
/// that is no finite number, is refused by name. Throws `failure`.
io::tensor_file read_model_file(const std::string& path, const std::string& model, const io::tensor_limits& limits = {});

/// What files with so many tensors for each parameter may have at most, whatever the dtypes and with a history of 100,000
/// epochs: a longer one is not read.
template <io::with_parameters Model>
io::tensor_limits file_limits(const Model& model, std::uint64_t tensors_for_each) {
  io::tensor_limits limits{.file_bytes = 1 << 24};
  for (const auto& p : model.parameters())
    limits.file_bytes += tensors_for_each * (1024 + 8 * static_cast<std::uint64_t>(p.value.value().size()));
  return limits;
}

/// Sets a model's parameters from a file that `io::save(path, model, model_facts(name))` wrote; gives the metadata.
/// Throws `failure` (see read_model_file, io::set_parameters), and then no parameter has changed.
template <io::with_parameters Model>
io::texts load_model(const std::string& path, Model& model, const std::string& name) {
  return io::set_parameters(path, read_model_file(path, name, file_limits(model, 1)), model);
}

/// A number that any change of the samples or labels changes, as text.
std::string fingerprint(const tensor<float>& inputs, const index_tensor& labels);

}  // namespace axiograd::train
