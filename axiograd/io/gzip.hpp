#pragma once
// Data that gzip has compressed.

#include <axiograd/core/result.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace axiograd::io {

/// Tables of numbers shrink to a fifth, repetitive ones to a fiftieth; what grows more than this was made to fill memory.
inline constexpr std::uint64_t most_gzip_growth = 100;
/// So much may come out of any data.
inline constexpr std::uint64_t free_gzip_bytes = 1 << 20;

/// What all members of gzip data hold, checksums checked; `name` begins the messages. No more is decompressed than `max_bytes`,
/// and no more than most_gzip_growth times the data's size or free_gzip_bytes, whichever is larger.
/// Errors: io (more than `max_bytes`), invalid_file (broken or truncated data; too much growth), out_of_memory.
result<std::vector<std::byte>> gunzip(const std::string& name, std::span<const std::byte> packed, std::uint64_t max_bytes);

}  // namespace axiograd::io
