#include <algorithm>
#include <axiograd/io/excerpt.hpp>
#include <axiograd/train/rules.hpp>
#include <bit>
#include <charconv>
#include <cmath>
#include <string_view>
#include <type_traits>

namespace axiograd::train {
namespace {

constexpr const char* model_format = "axiograd model 1";
constexpr const char* checkpoint_format = "axiograd checkpoint 2";
constexpr std::string_view model_prefix = "model.", random_prefix = "random.", state_prefix = "optimiser.";
constexpr const char* setting_prefix = "optimiser.";  // of texts

template <class T>
std::string text_of(T number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};  // the shortest text that reads back the same
}

[[noreturn]] void refuse(const std::string& path, const std::string& text) {
  throw failure({error_kind::invalid_file, path + ": " + text});
}

const std::string& text_at(const std::string& path, const io::texts& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) refuse(path, std::string("metadata lack '") + key + "'");
  return found->second;
}

template <class T>
T number_from(const std::string& path, const char* key, std::string_view text) {
  T number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool fine = problem == std::errc{} && end == text.data() + text.size();
  if constexpr (std::is_floating_point_v<T>) fine = fine && std::isfinite(number);
  if (!fine) refuse(path, std::string("metadata '") + key + "': " + io::excerpt(text, 20) + " is not a number that fits");
  return number;
}

/// The text before the next separator, which is taken away together with it.
std::string_view take(std::string_view& rest, char separator) {
  const std::string_view head = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(rest.size(), head.size() + 1));
  return head;
}

// A row for each epoch: "loss accuracy test-loss test-accuracy seconds;".
constexpr double epoch_record::* columns[]{&epoch_record::train_loss, &epoch_record::train_accuracy, &epoch_record::test_loss,
                                           &epoch_record::test_accuracy, &epoch_record::seconds};

std::string history_text(const std::vector<epoch_record>& history) {
  std::string text;
  for (const epoch_record& e : history) {
    for (const auto column : columns) text += text_of(e.*column) + ' ';
    text.back() = ';';
  }
  return text;
}

std::vector<epoch_record> history_from(const std::string& path, std::string_view text) {
  std::vector<epoch_record> history;
  while (!text.empty()) {
    std::string_view row = take(text, ';');
    epoch_record& e = history.emplace_back();
    for (const auto column : columns) e.*column = number_from<double>(path, "history", take(row, ' '));
    if (!row.empty()) refuse(path, "metadata 'history': a row is too long");
  }
  return history;
}

/// Refuses a file unless it says that it is of this format and model.
void require_kind(const std::string& path, const io::texts& metadata, const char* format, const std::string& model) {
  const auto text = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string("none") : io::excerpt(found->second, 40);
  };
  if (text("format") == io::excerpt("axiograd checkpoint 1") && std::string_view(format) == checkpoint_format)
    refuse(path,
           "an axiograd checkpoint 1 file, of an earlier version of axiograd: it lacks the optimiser's options and cannot be "
           "resumed; train again");
  if (text("format") != io::excerpt(format))
    refuse(path, "not an " + std::string(format) + " file (its format: " + text("format") + ")");
  if (text("model") != io::excerpt(model, 40))
    refuse(path, "holds the model " + text("model") + ", expected " + io::excerpt(model, 40));
}

/// The options of an optimiser of that kind. Throws `failure` (invalid_file).
std::map<std::string, double> settings_from(const checkpoint& from, const nn::optimiser& optimiser) {
  const io::texts& metadata = from.content.metadata;
  if (const std::string& kind = text_at(from.path, metadata, "optimiser"); kind != optimiser.name())
    refuse(from.path, "holds the state of the optimiser " + io::excerpt(kind, 20) + ", not of " + optimiser.name());
  std::map<std::string, double> settings = optimiser.settings();
  for (auto& [name, value] : settings) {
    const std::string key = setting_prefix + name;
    value = number_from<double>(from.path, key.c_str(), text_at(from.path, metadata, key.c_str()));
  }
  return settings;
}

/// Before its first step an optimiser has seen nothing.
void require_fresh(const std::string& path, const std::map<std::string, tensor<float>>& state) {
  for (const auto& [name, values] : state)
    if (std::any_of(values.begin(), values.end(), [](float v) { return v != 0; }))
      refuse(path, "the optimiser has made no step, but its state " + io::excerpt(name) + " is not zero");
}

}  // namespace

void save_checkpoint(const std::string& path, const training_state& given, const nn::optimiser& optimiser) {
  training_state state = given;
  state.steps = optimiser.steps();
  io::tensor_file file{.tensors = {},
                       .metadata = {{"format", checkpoint_format},
                                    {"optimiser", optimiser.name()},
                                    {"model", state.model},
                                    {"data", state.data},
                                    {"epochs", text_of(state.options.epochs)},
                                    {"batch_size", text_of(state.options.batch_size)},
                                    {"learning_rate", text_of(state.options.learning_rate)},
                                    {"decay", text_of(state.options.decay)},
                                    {"weight_decay", text_of(state.options.weight_decay)},
                                    {"seed", text_of(state.options.start.value)},
                                    {"steps", text_of(state.steps)},
                                    {"history", history_text(state.history)}}};
  for (const auto& [name, value] : optimiser.settings()) file.metadata.emplace(setting_prefix + name, text_of(value));
  const io::model_entries entries = io::entries_of(optimiser);
  for (const bool in_model : {true, false})
    for (const auto& [name, values] : io::tensors_of(path, entries, in_model))
      file.tensors.emplace(std::string(in_model ? model_prefix : random_prefix) + name, values);
  for (const auto& [name, values] : optimiser.state()) file.tensors.emplace(std::string(state_prefix) + name, values);
  std::string problem = state_problem(state);
  if (problem.empty()) problem = values_problem(file);
  if (!problem.empty()) throw failure({error_kind::invalid_parameter, path + ": nothing was saved: " + problem});
  ok_or_throw(io::write_tensors(path, file));
}

checkpoint read_checkpoint(const std::string& path, const std::string& model, const io::tensor_limits& limits) {
  return checkpoint_from(path, ok_or_throw(io::read_tensors(path, limits)), model);
}

checkpoint checkpoint_from(const std::string& path, io::tensor_file content, const std::string& model) {
  checkpoint c{.path = path, .state = {}, .content = std::move(content)};
  const io::texts& metadata = c.content.metadata;
  require_kind(path, metadata, checkpoint_format, model);
  const auto read = [&]<class T>(const char* key, T& to) { to = number_from<T>(path, key, text_at(path, metadata, key)); };
  training_state& s = c.state;
  s.model = model;
  s.data = text_at(path, metadata, "data");
  read("epochs", s.options.epochs);
  read("batch_size", s.options.batch_size);
  read("learning_rate", s.options.learning_rate);
  read("decay", s.options.decay);
  read("weight_decay", s.options.weight_decay);
  read("seed", s.options.start.value);
  read("steps", s.steps);
  s.history = history_from(path, text_at(path, metadata, "history"));
  if (const std::string problem = state_problem(s); !problem.empty()) refuse(path, problem);
  if (const std::string problem = values_problem(c.content); !problem.empty()) refuse(path, problem);
  return c;
}

void restore(const checkpoint& from, nn::optimiser& optimiser) {
  io::tensor_file model, random;
  std::map<std::string, tensor<float>> state;
  for (const auto& [name, stored] : from.content.tensors) {
    if (name.starts_with(model_prefix)) {
      model.tensors.emplace(name.substr(model_prefix.size()), stored);
    } else if (name.starts_with(random_prefix)) {
      random.tensors.emplace(name.substr(random_prefix.size()), stored);
    } else if (name.starts_with(state_prefix)) {
      result<tensor<float>> values = from.content.get<float>(name);
      if (!values) throw failure({values.error().kind, from.path + ": " + values.error().message});
      state.emplace(name.substr(state_prefix.size()), std::move(*values));
    } else {
      refuse(from.path, "unexpected tensor " + io::excerpt(name));
    }
  }
  for (const auto& [name, unused] : optimiser.state()) {
    if (!state.contains(name)) refuse(from.path, "the optimiser's state lacks " + io::excerpt(name));
  }
  if (state.size() != optimiser.state().size()) refuse(from.path, "the optimiser has no such state as this file holds");
  if (from.state.steps == 0) require_fresh(from.path, state);
  const std::map<std::string, double> settings = settings_from(from, optimiser);
  const io::model_entries entries = io::entries_of(optimiser);
  const auto model_values = io::values_for(from.path, model, entries, true, {.exact = true});
  const auto random_values = io::values_for(from.path, random, entries, false, {.exact = true});
  try {
    optimiser.set_state(state, from.state.steps);  // changes nothing if it throws; what follows does not throw
  } catch (const failure& problem) {
    refuse(from.path, problem.what());
  }
  optimiser.set_settings(settings);
  io::set_values(optimiser, model_values);
  io::set_values(optimiser, random_values);
}

io::texts model_facts(const std::string& model, io::texts more) {
  more["format"] = model_format;
  more["model"] = model;
  return more;
}

io::tensor_file read_model_file(const std::string& path, const std::string& model, const io::tensor_limits& limits) {
  io::tensor_file content = ok_or_throw(io::read_tensors(path, limits));
  require_kind(path, content.metadata, model_format, model);
  if (const std::string problem = values_problem(content); !problem.empty()) refuse(path, problem);
  return content;
}

std::string fingerprint(const tensor<float>& inputs, const index_tensor& labels) {
  std::uint64_t h = mix(static_cast<std::uint64_t>(inputs.size()));
  for (const float x : inputs) h = mix(h ^ std::bit_cast<std::uint32_t>(x));
  for (const int64_t label : labels) h = mix(h ^ static_cast<std::uint64_t>(label));
  char digits[17];
  return {digits, std::to_chars(digits, digits + sizeof digits, h, 16).ptr};
}

}  // namespace axiograd::train
