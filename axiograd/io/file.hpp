#pragma once
// Whole files: bounded reading, writing that leaves the old file or the new one and nothing in between.

#include <axiograd/core/result.hpp>
#include <axiograd/io/descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace axiograd::io {

/// A regular file, open for reading from its beginning.
class file_reader {
 public:
  /// Errors: io (cannot be opened, not a regular file, longer than `max_bytes`).
  static result<file_reader> open(const std::string& path, std::uint64_t max_bytes);
  /// Its length when it was opened.
  std::uint64_t size() const { return size_; }
  /// The next bytes. Errors: io (cannot be read, became shorter).
  result<void> read(std::span<std::byte> to);

 private:
  file_reader(std::string path, descriptor file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}
  std::string path_;
  descriptor file_;
  std::uint64_t size_;
};

/// The bytes of a regular file, decompressed by gunzip if its name ends in ".gz"; neither the file nor what it holds may have
/// more than `max_bytes` bytes.
/// Errors: io (cannot be opened or read, not a regular file, more than `max_bytes`), invalid_file (broken or truncated gzip
/// data, or such that grow too much), out_of_memory.
result<std::vector<std::byte>> read_file(const std::string& path, std::uint64_t max_bytes = std::uint64_t{1} << 26);

using byte_chunks = std::span<const std::span<const std::byte>>;

/// Replaces a file by the chunks' bytes: writes a temporary in the same folder, syncs it, renames it, syncs the folder.
/// A reader, or a crash at any point, sees the old file or the new one. An existing file's permissions are kept, and where
/// `path` is a symbolic link, the file it points to is replaced.
/// Errors: io, with the system's reason; out_of_memory; the temporary is removed and the old file is as it was. Only if syncing
/// the folder fails, which comes last, is the new file there already.
result<void> write_file_atomically(const std::string& path, byte_chunks chunks);
result<void> write_file_atomically(const std::string& path, std::span<const std::byte> bytes);

/// Renames a file to PATH.old, in the place of one that was there, and syncs the folder. False if there is no such file.
/// Errors: io, with the system's reason.
result<bool> set_aside(const std::string& path);

}  // namespace axiograd::io
