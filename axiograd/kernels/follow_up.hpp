#pragma once
// What is done to a result while it is in the caches.

#include <array>
#include <cstddef>
#include <cstdint>

namespace axiograd {

/// An elementwise operator that takes a product's result: it is run on each part of the result as soon as that is complete. Its
/// inputs, the result among them, and its own result lie in memory alike.
template <class T>
struct follow_up {
  static constexpr std::size_t most_inputs = 4;

  void (*forward)(const void* op, const T* const* in, T* y, std::int64_t n);
  const void* op;
  T* to;           ///< its own result
  const T* after;  ///< the product's
  std::size_t inputs;
  std::array<const T*, most_inputs> in;

  /// The n entries from `at` on, of the product's result, are complete.
  void run(const T* at, std::int64_t n) const {
    std::array<const T*, most_inputs> here;
    for (std::size_t k = 0; k < inputs; ++k) here[k] = in[k] + (at - after);
    forward(op, here.data(), to + (at - after), n);
  }
};

}  // namespace axiograd
