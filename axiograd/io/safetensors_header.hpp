#pragma once
// The header of a safetensors file, checked.

#include <axiograd/io/safetensors.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace axiograd::io {

/// Bits of an entry; 0 for a dtype that the format does not name.
int bits_of(std::string_view dtype);

/// One tensor of a header.
struct header_entry {
  std::string dtype;
  shape dims;
  std::uint64_t begin = 0, end = 0;  // in the data
};

struct tensor_header {
  std::map<std::string, header_entry> entries;
  std::map<std::string, std::string> metadata;
};

/// What is wrong with a tensor's name, or null.
const char* name_problem(std::string_view name, const tensor_limits& limits);
/// What is wrong with dtype, shape and number of bytes together; empty if nothing is.
std::string entry_problem(const header_entry& entry);

/// A header, which begins with '{', for `data_bytes` bytes of data; every rule of read_tensors holds. `file` begins the
/// messages.
result<tensor_header> parse_header(const std::string& file, std::string_view json, std::uint64_t data_bytes,
                                   const tensor_limits& limits);
/// The JSON text, padded to a multiple of 8 bytes; entries in order of their data. Errors: invalid_parameter (not UTF-8).
result<std::string> format_header(const std::vector<std::pair<std::string, header_entry>>& entries,
                                  const std::map<std::string, std::string>& metadata);

}  // namespace axiograd::io
