#pragma once
// Text from files that nobody vouches for, in messages.

#include <algorithm>
#include <string>
#include <string_view>

namespace axiograd::io {

/// The first characters in quotes, on one line, anything but printable ASCII as a question mark.
inline std::string excerpt(std::string_view text, std::size_t most = 60) {
  std::string safe(text.substr(0, most));
  std::replace_if(safe.begin(), safe.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return '\'' + safe + (text.size() > most ? "...'" : "'");
}

}  // namespace axiograd::io
