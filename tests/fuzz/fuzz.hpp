#pragma once
// What the fuzz targets share. A target gives each input to a reader, which must answer: with a value that keeps what its page
// promises, or with an error of one line. AddressSanitizer and UndefinedBehaviorSanitizer watch.

#include <axiograd/core/result.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace fuzz {

using bytes = std::span<const std::byte>;

inline void require(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

/// An error of reading a file that is named "f".
inline void require_answer(const axiograd::error& e) {
  using axiograd::error_kind;
  require(e.message.starts_with("f: ") && e.message.size() > 3, "a message begins with the file's name");
  require(e.message.find('\n') == std::string::npos, "a message is one line");
  require(e.kind == error_kind::invalid_file || e.kind == error_kind::io || e.kind == error_kind::rank_limit ||
              e.kind == error_kind::shape_mismatch,
          "a file's fault is no other kind of error");
}

/// A safetensors file whose first 8 bytes are the length of the text up to the last brace: other changes of the header do not
/// die of that.
inline std::vector<std::byte> with_right_length(bytes file) {
  std::vector<std::byte> repaired(file.begin(), file.end());
  if (file.size() < 8) return repaired;
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 8, file.size() - 8);
  const std::size_t brace = text.rfind('}');
  const std::uint64_t length = brace == std::string_view::npos ? 0 : brace + 1;
  std::memcpy(repaired.data(), &length, 8);
  return repaired;
}

}  // namespace fuzz
