#include <axiograd/io/model.hpp>

namespace axiograd::io {

tensor<float> tensor_of(const std::string& path, const tensor_file& content, const std::string& name, const shape& expected) {
  result<tensor<float>> value = content.get<float>(name);
  if (!value) throw failure({value.error().kind, message({path, ": ", value.error().message})});
  if (value->shape() != expected)
    throw failure({error_kind::shape_mismatch,
                   message({path, ": tensor '", name, "' has shape ", value->shape(), ", the model expects ", expected})});
  return *std::move(value);
}

tensor_file content_of(const std::string& path, const tensor_limits& limits) { return ok_or_throw(read_tensors(path, limits)); }

void require_none_left(const std::string& path, const tensor_file& content) {
  if (!content.tensors.empty())
    throw failure(
        {error_kind::invalid_file, message({path, ": the model has no parameter '", content.tensors.begin()->first, "'"})});
}

}  // namespace axiograd::io
