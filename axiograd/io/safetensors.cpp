#include <algorithm>
#include <array>
#include <axiograd/core/guarded.hpp>
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

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The header's length, from the first bytes of a file of `file_bytes` bytes; one byte of the header is looked at, too.
result<std::uint64_t> length_of_header(const std::string& name, std::span<const std::byte> start, std::uint64_t file_bytes,
                                       const tensor_limits& limits) {
  const auto broken = [&](const std::string& text) { return fail(error_kind::invalid_file, name + ": " + text); };
  if (file_bytes < length_bytes) return broken("not a safetensors file: " + std::to_string(file_bytes) + " bytes");
  std::uint64_t length = 0;
  std::memcpy(&length, start.data(), length_bytes);
  if (length > limits.header_bytes)
    return broken("header of " + std::to_string(length) + " bytes, at most " + std::to_string(limits.header_bytes) +
                  " are read");
  if (length > file_bytes - length_bytes)
    return broken("header of " + std::to_string(length) + " bytes, only " + std::to_string(file_bytes - length_bytes) +
                  " follow");
  if (length == 0 || start[length_bytes] != std::byte{'{'}) return broken("header does not begin with '{'");
  return length;
}

/// The tensors of a header that was checked.
tensor_file tensors_of(tensor_header header, std::span<const std::byte> data, const keeper& owner) {
  tensor_file content{.tensors = {}, .metadata = std::move(header.metadata)};
  for (const auto& [name, e] : header.entries)
    content.tensors.emplace(name, stored_tensor(e.dtype, e.dims, data.subspan(e.begin, e.end - e.begin), owner));
  return content;
}

}  // namespace

// Here, not in the header: the first copy of a span of another type costs the compiler 0.02 s.
stored_tensor::stored_tensor(std::string dtype, const axiograd::shape& dims, std::span<const std::byte> bytes, keeper owner)
    : dtype_(std::move(dtype)), dims_(dims), bytes_(bytes), owner_(std::move(owner)) {}

template <storable T>
result<tensor<T>> tensor_file::get(const std::string& name) const try {
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
} catch (const std::bad_alloc&) {
  return no_memory(name, "not enough memory for the tensor");
}

template result<tensor<float>> tensor_file::get<float>(const std::string&) const;
template result<tensor<double>> tensor_file::get<double>(const std::string&) const;
template result<tensor<int64_t>> tensor_file::get<int64_t>(const std::string&) const;

result<tensor_file> parse_tensors(const std::string& name, std::span<const std::byte> bytes, const keeper& owner,
                                  const tensor_limits& limits) try {
  const result<std::uint64_t> length = length_of_header(name, bytes, bytes.size(), limits);
  if (!length) return tl::unexpected<error>(length.error());
  const std::span<const std::byte> rest = bytes.subspan(length_bytes), json = rest.first(static_cast<std::size_t>(*length)),
                                   data = rest.subspan(json.size());
  result<tensor_header> header = parse_header(name, text_of(json), data.size(), limits);
  if (!header) return tl::unexpected<error>(std::move(header).error());
  return tensors_of(std::move(*header), data, owner);
} catch (const std::bad_alloc&) {
  return no_memory(name, "not enough memory for its header");
}

result<tensor_file> read_tensors(const std::string& path, const tensor_limits& limits) try {
  if (path.ends_with(".gz")) {
    result<std::vector<std::byte>> file = read_file(path, limits.file_bytes);
    if (!file) return tl::unexpected<error>(std::move(file).error());
    const shared<std::vector<std::byte>> bytes(std::move(*file));
    return parse_tensors(path, *bytes, bytes.owner(), limits);
  }
  result<file_reader> file = file_reader::open(path, limits.file_bytes);
  if (!file) return tl::unexpected<error>(std::move(file).error());
  // What a file says of itself is compared with its length before there is memory for more than that.
  std::vector<std::byte> start(static_cast<std::size_t>(std::min<std::uint64_t>(file->size(), length_bytes + 1)));
  if (const auto read = file->read(start); !read) return tl::unexpected<error>(read.error());
  const result<std::uint64_t> length = length_of_header(path, start, file->size(), limits);
  if (!length) return tl::unexpected<error>(length.error());
  std::vector<std::byte> json(start.begin() + length_bytes, start.begin() + length_bytes + 1);
  json.resize(static_cast<std::size_t>(*length));
  if (const auto read = file->read(std::span(json).subspan(1)); !read) return tl::unexpected<error>(read.error());
  const std::uint64_t data_bytes = file->size() - length_bytes - *length;
  result<tensor_header> header = parse_header(path, text_of(json), data_bytes, limits);
  if (!header) return tl::unexpected<error>(std::move(header).error());
  const shared<std::vector<std::byte>> data(std::vector<std::byte>(static_cast<std::size_t>(data_bytes)));
  if (const auto read = file->read(*data); !read) return tl::unexpected<error>(read.error());
  return tensors_of(std::move(*header), *data, data.owner());
} catch (const std::bad_alloc&) {
  return no_memory(path, "not enough memory to read it");
}

result<void> write_tensors(const std::string& path, const tensor_file& content) try {
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
} catch (const std::bad_alloc&) {
  return no_memory(path, "not enough memory for its header");
}

}  // namespace axiograd::io
