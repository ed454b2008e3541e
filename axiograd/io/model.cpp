#include <axiograd/io/excerpt.hpp>
#include <axiograd/io/model.hpp>
#include <axiograd/io/nearest.hpp>
#include <cstring>
#include <set>

namespace axiograd::io {

namespace {

/// Consecutive parts of one tensor of a file, positions in a model's entries.
using parts = std::vector<std::size_t>;

const shape& shape_of(const parameter_values& values) {
  return std::visit([](const auto& t) -> const shape& { return t.shape(); }, values);
}

std::map<std::string, parts> parts_by_name(const std::string& path, const model_entries& entries, bool in_model) {
  std::set<std::string> names;
  std::map<std::string, parts> all;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const model_entry& e = entries[i];
    parts& of_name = all[e.file_name];
    // Only parts share a name in the file; they keep names of their own in the model.
    if (!names.insert(e.name).second ||
        (!of_name.empty() && (e.name == e.file_name || entries[of_name[0]].name == e.file_name)))
      throw failure({error_kind::invalid_parameter, message({path, ": two parameters are named ", e.file_name})});
    of_name.push_back(i);
  }
  std::erase_if(all, [&](const auto& tensor_of) { return entries[tensor_of.second[0]].in_model != in_model; });
  return all;
}

/// The shape of tensors joined along their first axis.
shape joined_shape(const model_entries& entries, const parts& of) {
  shape s = shape_of(entries[of[0]].values);
  for (std::size_t i = 1; i < of.size(); ++i) s[0] += shape_of(entries[of[i]].values)[0];
  return s;
}

tensor<float> joined(const model_entries& entries, const parts& of) {
  tensor<float> all = tensor<float>::uninitialised(joined_shape(entries, of));
  float* to = all.mutable_data();
  for (const std::size_t i : of) {
    const auto& part = std::get<tensor<float>>(entries[i].values);
    to = std::copy(part.begin(), part.end(), to);
  }
  return all;
}

tensor<float> rows(const tensor<float>& all, int64_t first, const shape& s) {
  if (s == all.shape()) return all;
  return tensor<float>::from(s, all.values().subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(s.size())));
}

/// A tensor of the file as T. Throws `failure`.
template <class T>
tensor<T> read(const std::string& path, const tensor_file& content, const std::string& name, const shape& expected,
               bool exact) {
  result<tensor<T>> value = exact ? content.get<T>(name) : content.convert<T>(name);
  if (!value) throw failure({value.error().kind, message({path, ": ", value.error().message})});
  if (value->shape() != expected)
    throw failure({error_kind::shape_mismatch, message({path, ": tensor ", excerpt(name), " has shape ", value->shape(),
                                                        ", the model expects ", expected})});
  return *std::move(value);
}

/// Some names, each with the nearest of others: "'a' (nearest: 'b'), 'c'".
std::string listed(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    const std::string near = nearest(names[i], others);
    text += (i == 0 ? "" : ", ") + excerpt(names[i]) + (near.empty() ? "" : " (nearest: " + excerpt(near) + ")");
  }
  return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

void settle_names(const std::string& path, const tensor_file& content, const std::map<std::string, parts>& wanted,
                  const load_options& options) {
  std::vector<std::string> missing, unknown;
  for (const auto& [name, of] : wanted)
    if (!content.tensors.contains(name)) missing.push_back(name);
  for (const auto& [name, stored] : content.tensors)
    if (!wanted.contains(name)) unknown.push_back(name);
  if (options.skipped != nullptr) {
    *options.skipped = missing;
    options.skipped->insert(options.skipped->end(), unknown.begin(), unknown.end());
  }
  if (options.strict && !(missing.empty() && unknown.empty())) {
    const std::string lacks = missing.empty() ? "" : "there is no tensor " + listed(missing, unknown);
    const std::string more = unknown.empty() ? "" : "the model has no parameter " + listed(unknown, missing);
    throw failure(
        {error_kind::invalid_file, message({path, ": ", lacks, missing.empty() || unknown.empty() ? "" : "; ", more})});
  }
}

}  // namespace

std::map<std::string, stored_tensor> tensors_of(const std::string& path, const model_entries& entries, bool in_model) {
  std::map<std::string, stored_tensor> tensors;
  for (const auto& [name, of] : parts_by_name(path, entries, in_model)) {
    const parameter_values& first = entries[of[0]].values;
    if (of.size() > 1)
      tensors.emplace(name, joined(entries, of));
    else
      std::visit([&](const auto& values) { tensors.emplace(name, values); }, first);
  }
  return tensors;
}

std::vector<std::optional<parameter_values>> values_for(const std::string& path, const tensor_file& content,
                                                        const model_entries& entries, bool in_model,
                                                        const load_options& options) {
  const std::map<std::string, parts> wanted = parts_by_name(path, entries, in_model);
  settle_names(path, content, wanted, options);
  std::vector<std::optional<parameter_values>> values(entries.size());
  for (const auto& [name, of] : wanted) {
    if (!content.tensors.contains(name)) continue;
    const shape expected = joined_shape(entries, of);
    if (std::holds_alternative<index_tensor>(entries[of[0]].values)) {
      values[of[0]] = read<int64_t>(path, content, name, expected, options.exact);
      continue;
    }
    const tensor<float> all = read<float>(path, content, name, expected, options.exact);
    int64_t first = 0;
    for (const std::size_t i : of) {
      const shape& s = shape_of(entries[i].values);
      values[i] = rows(all, first, s);
      first += s.size();
    }
  }
  return values;
}

tensor_file content_of(const std::string& path, const tensor_limits& limits) { return ok_or_throw(read_tensors(path, limits)); }

}  // namespace axiograd::io
