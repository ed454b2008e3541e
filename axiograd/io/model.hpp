#pragma once
// Parameters of a model in a safetensors file, under their names.

#include <axiograd/io/safetensors.hpp>

namespace axiograd::io {

/// Anything whose `parameters()` gives { name, value } with float tensors behind `value.value()` and `value.set(...)`.
template <class Model>
concept with_parameters = requires(const Model& model) {
  model.parameters().begin()->name;
  model.parameters().begin()->value.value().values();
};

using texts = std::map<std::string, std::string>;

/// Writes a model's parameters; see write_tensors. Throws `failure`.
template <with_parameters Model>
void save(const std::string& path, const Model& model, const texts& metadata = {}) {
  tensor_file content{.tensors = {}, .metadata = metadata};
  for (const auto& p : model.parameters())
    if (!content.tensors.emplace(p.name, p.value.value()).second)
      throw failure({error_kind::invalid_parameter, message({path, ": two parameters are named ", p.name})});
  ok_or_throw(write_tensors(path, content));
}

/// Sets a model's parameters from the content of a file that has exactly these, with their shapes; gives the metadata.
/// Throws `failure` (invalid_file, shape_mismatch), which names file and tensor, and then no parameter has changed.
template <with_parameters Model>
texts set_parameters(const std::string& path, tensor_file content, Model& model) {
  auto parameters = model.parameters();
  std::vector<tensor<float>> values;
  for (const auto& p : parameters) {
    result<tensor<float>> value = content.get<float>(p.name);
    if (!value) throw failure({value.error().kind, message({path, ": ", value.error().message})});
    const shape& expected = p.value.value().shape();
    if (value->shape() != expected)
      throw failure({error_kind::shape_mismatch,
                     message({path, ": tensor '", p.name, "' has shape ", value->shape(), ", the model expects ", expected})});
    values.push_back(std::move(*value));
  }
  for (const auto& p : parameters) content.tensors.erase(p.name);
  if (!content.tensors.empty())
    throw failure(
        {error_kind::invalid_file, message({path, ": the model has no parameter '", content.tensors.begin()->first, "'"})});
  auto value = values.begin();
  for (auto& p : parameters) p.value.set(*value++);
  return std::move(content.metadata);
}

/// The same for a file that is read. Throws `failure` (see read_tensors, set_parameters).
template <with_parameters Model>
texts load(const std::string& path, Model& model, const tensor_limits& limits = {}) {
  return set_parameters(path, ok_or_throw(read_tensors(path, limits)), model);
}

}  // namespace axiograd::io
