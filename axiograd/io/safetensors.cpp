#include <algorithm>
#include <array>
#include <axiograd/io/excerpt.hpp>
#include <axiograd/io/file.hpp>
#include <axiograd/io/safetensors_header.hpp>
#include <bit>
#include <cstring>
#include <new>

namespace axiograd::io {

static_assert(std::endian::native == std::endian::little, "the format is little endian, and so is this code");

namespace {

constexpr std::size_t length_bytes = 8;  // the header's length comes first

}  // namespace

// Here, not in the header: the first copy of a span of another type costs the compiler 0.02 s.
stored_tensor::stored_tensor(std::string dtype, const axiograd::shape& dims, std::span<const std::byte> bytes, keeper owner)
    : dtype_(std::move(dtype)), dims_(dims), bytes_(bytes), owner_(std::move(owner)) {}

template <storable T>
result<tensor<T>> tensor_file::get(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return fail(error_kind::invalid_file, "there is no tensor " + excerpt(name));
  const stored_tensor& stored = found->second;
  if (stored.dtype() != dtype_of<T>)
    return fail(error_kind::invalid_file,
                "tensor " + excerpt(name) + ": dtype " + stored.dtype() + ", expected " + dtype_of<T>);
  const std::span<const std::byte> bytes = stored.bytes();
  if (bytes.size() / sizeof(T) != static_cast<std::size_t>(stored.shape().size()) || bytes.size() % sizeof(T) != 0)
    return fail(error_kind::invalid_file, "tensor " + excerpt(name) + ": " + std::to_string(bytes.size()) +
                                              " bytes do not fit shape " + to_string(stored.shape()));
  tensor<T> t = tensor<T>::uninitialised(stored.shape());
  if (!bytes.empty()) std::memcpy(t.mutable_data(), bytes.data(), bytes.size());
  return t;
}

template result<tensor<float>> tensor_file::get<float>(const std::string&) const;
template result<tensor<double>> tensor_file::get<double>(const std::string&) const;
template result<tensor<int64_t>> tensor_file::get<int64_t>(const std::string&) const;

result<tensor_file> parse_tensors(const std::string& name, std::span<const std::byte> bytes, const keeper& owner,
                                  const tensor_limits& limits) try {
  const auto broken = [&](const std::string& text) { return fail(error_kind::invalid_file, name + ": " + text); };
  if (bytes.size() < length_bytes) return broken("not a safetensors file: " + std::to_string(bytes.size()) + " bytes");
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), length_bytes);
  bytes = bytes.subspan(length_bytes);
  if (header_bytes > limits.header_bytes)
    return broken("header of " + std::to_string(header_bytes) + " bytes, at most " + std::to_string(limits.header_bytes) +
                  " are read");
  if (header_bytes > bytes.size())
    return broken("header of " + std::to_string(header_bytes) + " bytes, only " + std::to_string(bytes.size()) + " follow");

  const std::string_view json(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(header_bytes));
  bytes = bytes.subspan(json.size());
  result<tensor_header> header = parse_header(name, json, bytes.size(), limits);
  if (!header) return tl::unexpected<error>(std::move(header).error());
  tensor_file content{.tensors = {}, .metadata = std::move(header->metadata)};
  for (const auto& [tensor_name, e] : header->entries)
    content.tensors.emplace(tensor_name, stored_tensor(e.dtype, e.dims, bytes.subspan(e.begin, e.end - e.begin), owner));
  return content;
} catch (const std::bad_alloc&) {
  return fail(error_kind::out_of_memory, name + ": not enough memory for its header");
}

result<tensor_file> read_tensors(const std::string& path, const tensor_limits& limits) {
  result<std::vector<std::byte>> file = read_file(path, limits.file_bytes);
  if (!file) return tl::unexpected<error>(std::move(file).error());
  const shared<std::vector<std::byte>> bytes(std::move(*file));
  return parse_tensors(path, *bytes, bytes.owner(), limits);
}

result<void> write_tensors(const std::string& path, const tensor_file& content) {
  std::vector<const std::pair<const std::string, stored_tensor>*> order;
  for (const auto& entry : content.tensors) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    const int bits_a = bits_of(a->second.dtype()), bits_b = bits_of(b->second.dtype());
    return bits_a != bits_b ? bits_a > bits_b : a->first < b->first;
  });

  const tensor_limits limits;
  std::vector<std::pair<std::string, header_entry>> entries;
  std::vector<std::span<const std::byte>> chunks(2);
  std::uint64_t end = 0;
  for (const auto* entry : order) {
    const auto& [name, stored] = *entry;
    const std::uint64_t begin = std::exchange(end, end + stored.bytes().size());
    const header_entry e{.dtype = stored.dtype(), .dims = stored.shape(), .begin = begin, .end = end};
    const char* const bad_name = name_problem(name, limits);
    const std::string problem = bad_name != nullptr ? bad_name : entry_problem(e);
    if (!problem.empty()) return fail(error_kind::invalid_parameter, path + ": tensor " + excerpt(name) + ": " + problem);
    entries.emplace_back(name, e);
    chunks.push_back(stored.bytes());
  }
  const result<std::string> header = format_header(entries, content.metadata);
  if (!header) return fail(header.error().kind, path + ": " + header.error().message);
  const auto length = std::bit_cast<std::array<std::byte, length_bytes>>(std::uint64_t{header->size()});
  chunks[0] = length;
  chunks[1] = std::as_bytes(std::span(*header));
  return write_file_atomically(path, chunks);
}

}  // namespace axiograd::io
