#pragma once
// Things that are done step by step, with every allocation failing in turn: each step is done or reports that memory is short;
// then nothing has changed, and the step does the same when it is tried again.

#include <axiograd/core/result.hpp>
#include <axiograd/core/tensor.hpp>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace axiograd {

/// A number that any change of what it is fed changes.
class digest {
 public:
  digest& operator<<(std::uint64_t x) {
    sum_ = (sum_ ^ x) * 0x9e3779b97f4a7c15U;
    sum_ ^= sum_ >> 29;
    return *this;
  }
  digest& operator<<(double x) { return *this << std::bit_cast<std::uint64_t>(x); }
  digest& operator<<(std::string_view text) {
    for (const char c : text) *this << static_cast<std::uint64_t>(static_cast<unsigned char>(c));
    return *this << text.size();
  }
  template <class T>
  digest& operator<<(const tensor<T>& t) {
    for (const int64_t extent : t.shape()) *this << static_cast<std::uint64_t>(extent);
    for (const T& x : t) *this << static_cast<double>(x);
    return *this;
  }
  std::uint64_t sum() const { return sum_; }

 private:
  std::uint64_t sum_ = 1;
};

/// The steps and what they are done to.
struct script {
  std::vector<std::function<bool()>> steps{};  ///< each is done, or false: it said that memory is short, and so is an exception
  std::function<std::uint64_t()> state{};      ///< what a step that failed must have left as it was
  std::function<std::uint64_t()> outcome{};    ///< what all steps led to
  bool throws = false;                         ///< whether steps may report by std::bad_alloc and `failure` (out_of_memory)
};

/// Whether a result is there; anything but out_of_memory instead of it is thrown on.
template <class T>
bool done(const result<T>& r) {
  if (!r && r.error().kind != error_kind::out_of_memory) throw std::runtime_error("reports " + r.error().message);
  return r.has_value();
}
/// Whether a result is the error that it has to be.
template <class T>
bool refused(const result<T>& r, error_kind expected) {
  if (r) throw std::runtime_error("does what it must refuse");
  if (r.error().kind == expected) return true;
  return done(r);
}

/// Runs the script that `make` gives once for every allocation that its steps ask for, in a process of its own each, where the
/// first, second, ... of them fails; alone, and with all that follow. `stride`: every so many of them.
void expect_all_or_nothing(const std::function<std::unique_ptr<script>()>& make, std::int64_t stride = 1);

}  // namespace axiograd
