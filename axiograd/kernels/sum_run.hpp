#pragma once

#include <cstdint>

namespace axiograd::impl {

/// A sum by halves: its error grows with the logarithm of the length.
template <class T>
T sum_run(const T* x, std::int64_t n, std::int64_t step) {
  constexpr std::int64_t chains = 8;  // independent of each other, so that they run side by side
  if (n > 64 * chains) return sum_run(x, n / 2, step) + sum_run(x + n / 2 * step, n - n / 2, step);
  T total(0);
  std::int64_t i = 0;
  if (n >= chains) {
    T part[chains]{T(0), T(0), T(0), T(0), T(0), T(0), T(0), T(0)};
    for (; i + chains <= n; i += chains)
      for (std::int64_t u = 0; u < chains; ++u) part[u] = part[u] + x[(i + u) * step];
    total = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
  }
  for (; i < n; ++i) total = total + x[i * step];
  return total;
}

}  // namespace axiograd::impl
