#pragma once

#include <axiograd/core/row.hpp>

namespace axiograd {

/// Groups of entries that are shifted to mean 0 and scaled to variance 1, then scaled and shifted by channel: group g is made
/// of `blocks` runs of `channels` times `inner` neighbouring entries; its channels are those from (g mod cycle) * channels on.
struct norm_groups {
  int64_t groups, cycle, group_step, blocks, block_step, channels, inner;

  /// y = gamma z + beta, z = (x - mean) / sqrt(variance + epsilon), for one group; S is a number or a vector of them.
  template <class S, class T = typename packet<S>::element>
  void forward_group(int64_t g, const T* x, const T* gamma, const T* beta, const T& epsilon, T* y) const {
    const moments<S> m = moments_of<S>(x, g, epsilon);
    for_each_run(g, [&](int64_t first, int64_t c) {
      store_row(number<S>(gamma[c]) * ((memory_row<S>{x + first, inner} - m.mean) * m.r) + number<S>(beta[c]), y + first);
    });
  }
  /// For one group, dx = r (h - mean h - z mean(h z)), h = dy gamma: added to dx, or written. Adds to dgamma and dbeta. A null
  /// gradient is not wanted.
  template <class S, class T = typename packet<S>::element>
  void vjp_group(int64_t g, const T* x, const T* gamma, const T& epsilon, const T* dy, T* dx, bool adds, T* dgamma,
                 T* dbeta) const {
    const moments<S> m = moments_of<S>(x, g, epsilon);
    const auto z = [&](int64_t first) { return (memory_row<S>{x + first, inner} - m.mean) * m.r; };
    S total(0), along(0);
    for_each_run(g, [&](int64_t first, int64_t c) {
      const memory_row<S> run{dy + first, inner};
      const S one = sum(run), with_z = sum(run * z(first)), scale = number<S>(gamma[c]);
      total = total + one * scale;
      along = along + with_z * scale;
      if (dgamma != nullptr) dgamma[c] = dgamma[c] + packet<S>::first(with_z);
      if (dbeta != nullptr) dbeta[c] = dbeta[c] + packet<S>::first(one);
    });
    if (dx == nullptr) return;
    const S mean = total / count<S>(), slope = along / count<S>();
    for_each_run(g, [&](int64_t first, int64_t c) {
      const auto gradient = (memory_row<S>{dy + first, inner} * number<S>(gamma[c]) - mean - z(first) * slope) * m.r;
      adds ? add_row(gradient, dx + first) : store_row(gradient, dx + first);
    });
  }

  template <class T>
  void forward(const T* x, const T* gamma, const T* beta, const T& epsilon, T* y) const {
    for (int64_t g = 0; g < groups; ++g) forward_group<T>(g, x, gamma, beta, epsilon, y);
  }
  template <class T>
  void vjp(const T* x, const T* gamma, const T& epsilon, const T* dy, T* dx, T* dgamma, T* dbeta) const {
    for (int64_t g = 0; g < groups; ++g) vjp_group<T>(g, x, gamma, epsilon, dy, dx, true, dgamma, dbeta);
  }

 private:
  template <class S>
  struct moments {
    S mean, r;
  };
  // The mean is corrected by the mean of what remains.
  template <class S, class T>
  moments<S> moments_of(const T* x, int64_t g, const T& epsilon) const {
    const auto total = [&](const auto& term) {
      S all(0);
      for_each_run(g, [&](int64_t first, int64_t) { all = all + sum(term(memory_row<S>{x + first, inner})); });
      return all;
    };
    S mean = total([](const auto& row) { return row; }) / count<S>();
    mean = mean + total([&](const auto& row) { return row - mean; }) / count<S>();
    const S square = total([&](const auto& row) { return (row - mean) * (row - mean); });
    return {mean, S(1) / sqrt(square / count<S>() + number<S>(epsilon))};
  }
  template <class S>
  S count() const {
    return S(static_cast<double>(blocks * channels * inner));
  }
  /// The same in every lane.
  template <class S, class T>
  static S number(const T& x) {
    return packet<S>::broadcast_first(packet<S>::load_first(&x, 1));
  }
  // Calls body(first entry, channel).
  template <class Body>
  void for_each_run(int64_t g, const Body& body) const {
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t c = 0; c < channels; ++c) body(g * group_step + b * block_step + c * inner, g % cycle * channels + c);
  }
};

}  // namespace axiograd
