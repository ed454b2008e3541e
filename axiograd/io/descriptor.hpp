#pragma once
// File descriptors, and system calls as they have to be made.

#include <unistd.h>

#include <axiograd/core/result.hpp>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace axiograd::io {

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    const int kept = errno;
    if (number_ >= 0) ::close(number_);
    errno = kept;
  }
  explicit operator bool() const { return number_ >= 0; }
  int get() const { return number_; }

 private:
  int number_;
};

/// Repeats a call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  for (;;)
    if (const auto answer = call(); answer >= 0 || errno != EINTR) return answer;
}

/// "PATH: WHAT: the system's reason"
inline tl::unexpected<error> system_failure(const std::string& path, const char* what, int number = errno) {
  return fail(error_kind::io, path + ": " + what + ": " + std::generic_category().message(number));
}

}  // namespace axiograd::io
