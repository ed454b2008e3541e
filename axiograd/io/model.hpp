#pragma once
// Parameters of a model in a safetensors file, under the names that PyTorch's state dict has for them.

#include <axiograd/io/safetensors.hpp>
#include <optional>
#include <variant>

namespace axiograd::io {

/// Anything whose `parameters()` gives { name, value } with float tensors behind `value.value()` and `value.set(...)`, such as
/// nn::parameter, which also says what is a part of a tensor, what holds whole numbers and what is no tensor of the model.
template <class Model>
concept with_parameters = requires(const Model& model) {
  model.parameters().begin()->name;
  model.parameters().begin()->value.value().values();
};

using texts = std::map<std::string, std::string>;
/// The values of a parameter: floats or whole numbers.
using parameter_values = std::variant<tensor<float>, index_tensor>;

/// One parameter as files see it.
struct model_entry {
  std::string name;       ///< in the model
  std::string file_name;  ///< of the tensor whose part it is, mostly the same
  bool in_model = true;   ///< else kept in checkpoints only
  parameter_values values;
};
using model_entries = std::vector<model_entry>;

struct load_options {
  tensor_limits limits{};
  bool strict = true;  ///< false: what only the model or only the file has is left alone
  /// true: tensors of another dtype than the model's are refused. Otherwise F16, BF16 and F64 become the nearest floats and any
  /// whole numbers become I64; a number beyond the floats is refused by name.
  bool exact = false;
  std::vector<std::string>* skipped = nullptr;  ///< gets the names that were left alone
};

/// The tensors of a file for these entries, in their order: those of the model, or those that it keeps in checkpoints only.
/// Parts of one tensor are joined. Throws `failure` (invalid_parameter) if two parameters have one name.
std::map<std::string, stored_tensor> tensors_of(const std::string& path, const model_entries& entries, bool in_model);

/// Values for the entries from the content of a file; nothing for those that are not in it and are skipped. Throws `failure`
/// (invalid_file, shape_mismatch), which names file and tensor; names that do not fit are all listed with the nearest.
std::vector<std::optional<parameter_values>> values_for(const std::string& path, const tensor_file& content,
                                                        const model_entries& entries, bool in_model,
                                                        const load_options& options = {});

/// read_tensors, but throws `failure`.
tensor_file content_of(const std::string& path, const tensor_limits& limits);

/// A model's parameters as files see them.
template <with_parameters Model>
model_entries entries_of(const Model& model) {
  model_entries entries;
  for (const auto& p : model.parameters()) {
    model_entry& e = entries.emplace_back(model_entry{.name = p.name, .file_name = p.name, .values = p.value.value()});
    if constexpr (requires { p.value.holds_counts(); }) {
      const std::string_view suffix = p.value.suffix();
      if (e.name.ends_with(suffix)) e.file_name.resize(e.name.size() - suffix.size());
      e.in_model = p.value.role() != decltype(p.value.role())::random;
      if (p.value.holds_counts()) e.values = p.value.counts();
    }
  }
  return entries;
}

/// Sets those parameters for which there is a value, in the order of entries_of.
template <with_parameters Model>
void set_values(Model& model, const std::vector<std::optional<parameter_values>>& values) {
  auto value = values.begin();
  for (auto&& p : model.parameters()) {
    const std::optional<parameter_values>& given = *value++;
    if (!given) continue;
    auto to = p.value;  // the same entries
    if constexpr (requires { to.set_counts(index_tensor()); })
      if (const auto* counts = std::get_if<index_tensor>(&*given)) to.set_counts(*counts);
    if (const auto* floats = std::get_if<tensor<float>>(&*given)) to.set(*floats);
  }
}

/// Writes a model's parameters and buffers so that PyTorch's load_state_dict takes them strictly; see write_tensors. Throws
/// `failure`.
template <with_parameters Model>
void save(const std::string& path, const Model& model, const texts& metadata = {}) {
  ok_or_throw(write_tensors(path, {.tensors = tensors_of(path, entries_of(model), true), .metadata = metadata}));
}

/// Sets a model's parameters and buffers from the content of a file, which has exactly these unless the options say otherwise;
/// gives the metadata. Throws `failure` (see values_for), and then no parameter has changed.
template <with_parameters Model>
texts set_parameters(const std::string& path, tensor_file content, Model& model, const load_options& options = {}) {
  set_values(model, values_for(path, content, entries_of(model), true, options));
  return std::move(content.metadata);
}

/// The same for a file that is read, also one that PyTorch wrote: `save_file(model.state_dict(), path)` of Python's
/// safetensors. Throws `failure` (see read_tensors, values_for).
template <with_parameters Model>
texts load(const std::string& path, Model& model, const load_options& options = {}) {
  return set_parameters(path, content_of(path, options.limits), model, options);
}

}  // namespace axiograd::io
