#pragma once

#include <axiograd/core/scalar/scalar.hpp>
#include <axiograd/core/view.hpp>

namespace axiograd {

/// Groups of entries that are shifted to mean 0 and scaled to variance 1, then scaled and shifted by channel: group g is made
/// of `blocks` runs of `channels` times `inner` neighbouring entries; its channels are those from (g mod cycle) * channels on.
struct norm_groups {
  int64_t groups, cycle, group_step, blocks, block_step, channels, inner;

  /// y = gamma z + beta, z = (x - mean) / sqrt(variance + epsilon).
  template <class T>
  void forward(const T* x, const T* gamma, const T* beta, const T& epsilon, T* y) const {
    for (int64_t g = 0; g < groups; ++g) {
      const moments<T> m = moments_of(x, g, epsilon);
      for_each(g, [&](int64_t i, int64_t c) { y[i] = gamma[c] * ((x[i] - m.mean) * m.r) + beta[c]; });
    }
  }
  /// Adds into each gradient that is not null: dx = r (h - mean h - z mean(h z)), h = dy gamma.
  template <class T>
  void vjp(const T* x, const T* gamma, const T& epsilon, const T* dy, T* dx, T* dgamma, T* dbeta) const {
    for (int64_t g = 0; g < groups; ++g) {
      const moments<T> m = moments_of(x, g, epsilon);
      T total(0), along(0);
      for_each(g, [&](int64_t i, int64_t c) {
        const T z = (x[i] - m.mean) * m.r;
        total = total + dy[i] * gamma[c];
        along = along + dy[i] * gamma[c] * z;
        if (dgamma != nullptr) dgamma[c] = dgamma[c] + dy[i] * z;
        if (dbeta != nullptr) dbeta[c] = dbeta[c] + dy[i];
      });
      if (dx == nullptr) continue;
      const T n = count<T>();
      for_each(g, [&](int64_t i, int64_t c) {
        dx[i] = dx[i] + m.r * (dy[i] * gamma[c] - total / n - (x[i] - m.mean) * m.r * (along / n));
      });
    }
  }

 private:
  template <class T>
  struct moments {
    T mean, r;
  };
  // The mean is corrected by the mean of what remains.
  template <class T>
  moments<T> moments_of(const T* x, int64_t g, const T& epsilon) const {
    T mean(0), square(0);
    for (int pass = 0; pass < 2; ++pass) {
      T rest(0);
      for_each(g, [&](int64_t i, int64_t) { rest = rest + (x[i] - mean); });
      mean = mean + rest / count<T>();
    }
    for_each(g, [&](int64_t i, int64_t) { square = square + (x[i] - mean) * (x[i] - mean); });
    return {mean, T(1) / sqrt(square / count<T>() + epsilon)};
  }
  template <class T>
  T count() const {
    return T(static_cast<double>(blocks * channels * inner));
  }
  // Calls body(entry, channel).
  template <class Body>
  void for_each(int64_t g, const Body& body) const {
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t first = g * group_step + b * block_step + c * inner;
        for (int64_t i = first; i < first + inner; ++i) body(i, g % cycle * channels + c);
      }
  }
};

}  // namespace axiograd
