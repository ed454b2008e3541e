#pragma once
// Whole files: bounded reading, writing that leaves the old file or the new one and nothing in between.

#include <axiograd/core/result.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace axiograd::io {

/// The bytes of a regular file, decompressed if its name ends in ".gz"; never more than `max_bytes` are held.
/// Errors: io (cannot be opened or read, not a regular file, more than `max_bytes`), invalid_file (broken or truncated gzip
/// data), out_of_memory.
result<std::vector<std::byte>> read_file(const std::string& path, std::uint64_t max_bytes = std::uint64_t{1} << 32);

using byte_chunks = std::span<const std::span<const std::byte>>;

/// Replaces a file by the chunks' bytes: writes a temporary in the same folder, syncs it, renames it, syncs the folder.
/// A reader, or a crash at any point, sees the old file or the new one. An existing file's permissions are kept, and where
/// `path` is a symbolic link, the file it points to is replaced.
/// Errors: io, with the system's reason; the temporary is removed and the old file is as it was. Only if syncing the folder
/// fails, which comes last, is the new file there already.
result<void> write_file_atomically(const std::string& path, byte_chunks chunks);
result<void> write_file_atomically(const std::string& path, std::span<const std::byte> bytes);

}  // namespace axiograd::io
