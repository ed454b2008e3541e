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

/// The tensor for a parameter. Throws `failure` (invalid_file, shape_mismatch), which names file and tensor.
tensor<float> tensor_of(const std::string& path, const tensor_file& content, const std::string& name, const shape& expected);
/// read_tensors, but throws `failure`.
tensor_file content_of(const std::string& path, const tensor_limits& limits);

/// Throws `failure` (invalid_file) if the content has a tensor, which no parameter of a model has asked for.
void require_none_left(const std::string& path, const tensor_file& content);

/// Sets a model's parameters from the content of a file that has exactly these, with their shapes; gives the metadata.
/// Throws `failure` (invalid_file, shape_mismatch), which names file and tensor, and then no parameter has changed.
template <with_parameters Model>
texts set_parameters(const std::string& path, tensor_file content, Model& model) {
  auto parameters = model.parameters();
  std::vector<tensor<float>> values;
  for (const auto& p : parameters) values.push_back(tensor_of(path, content, p.name, p.value.value().shape()));
  for (const auto& p : parameters) content.tensors.erase(p.name);
  require_none_left(path, content);
  auto value = values.begin();
  for (auto& p : parameters) p.value.set(*value++);
  return std::move(content.metadata);
}

/// The same for a file that is read. Throws `failure` (see read_tensors, set_parameters).
template <with_parameters Model>
texts load(const std::string& path, Model& model, const tensor_limits& limits = {}) {
  return set_parameters(path, content_of(path, limits), model);
}

}  // namespace axiograd::io
