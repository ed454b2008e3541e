#pragma once
// What is done to a result while it is in the caches.

#include <array>
#include <cstddef>
#include <cstdint>

namespace axiograd {

/// Elementwise operators that take a product's result, and each other's: they are run on each part of it as soon as that is
/// complete. All their inputs and results lie in memory as the product's result does.
template <class T>
struct epilogue_chain {
  static constexpr std::size_t most_inputs = 4, most_links = 3;
  struct link {
    void (*forward)(const void* op, const T* const* in, T* y, std::int64_t n);
    const void* op;
    T* to;  ///< its own result
    std::size_t inputs;
    std::array<const T*, most_inputs> in;
  };

  const T* after;  ///< the product's result
  std::size_t count = 0;
  std::array<link, most_links> links;

  /// The n entries from `at` on, of the product's result, are complete.
  void run(const T* at, std::int64_t n) const {
    const std::ptrdiff_t place = at - after;
    for (std::size_t i = 0; i < count; ++i) {
      const link& l = links[i];
      std::array<const T*, most_inputs> here;
      for (std::size_t k = 0; k < l.inputs; ++k) here[k] = l.in[k] + place;
      l.forward(l.op, here.data(), l.to + place, n);
    }
  }
};

}  // namespace axiograd
