#pragma once

#include <axiograd/core/block_sum.hpp>
#include <axiograd/families/row.hpp>

namespace axiograd {

namespace impl {
/// One group at a time: its runs are rows of S, a number or a vector along the run, and a sum stands in every lane.
template <class S>
struct along_runs {
  using lane = S;
  using element = typename packet<S>::element;
  int64_t n;  ///< entries of a run

  memory_row<S> run(const element* at) const { return {at, n}; }
  template <row R>
  S total(const R& run) const {
    return sum(run);
  }
  S channel(const element* at) const { return packet<S>::broadcast_first(packet<S>::load_first(at, 1)); }
  void add_to_channel(const S& value, element* at) const { *at = *at + packet<S>::first(value); }
  template <row R>
  void store(const R& run, element* to) const {
    store_row(run, to);
  }
  template <row R>
  void add(const R& run, element* to) const {
    add_row(run, to);
  }
};
/// What runs are reduced to on the way back.
template <class S>
struct run_sums {
  S one, with_z;

  run_sums() = default;
  explicit run_sums(int x) : one(S(x)), with_z(S(x)) {}
  run_sums(const S& a, const S& b) : one(a), with_z(b) {}
  friend run_sums operator+(const run_sums& a, const run_sums& b) { return {a.one + b.one, a.with_z + b.with_z}; }
};
/// Neighbouring groups in the lanes of S; their runs are single entries side by side, each a channel.
template <class S>
struct across_groups {
  using lane = S;
  using element = typename packet<S>::element;
  int64_t n;  ///< groups, at most the lanes of S

  S run(const element* at) const { return n == packet<S>::size ? packet<S>::load(at) : packet<S>::load_first(at, n); }
  S total(const S& run) const { return run; }
  S channel(const element* at) const { return run(at); }
  void add_to_channel(const S& value, element* at) const { add(value, at); }
  void store(const S& value, element* to) const {
    n == packet<S>::size ? packet<S>::store(value, to) : packet<S>::store_first(value, to, n);
  }
  void add(const S& value, element* to) const { store(run(to) + value, to); }
};
}  // namespace impl

/// Groups of entries that are shifted to mean 0 and scaled to variance 1, then scaled and shifted by channel: group g is made
/// of `blocks` runs of `channels` times `inner` neighbouring entries, where `blocks` or `channels` is 1; its channels are those
/// from (g mod cycle) * channels on.
struct norm_groups {
  int64_t groups, cycle, group_step, blocks, block_step, channels, inner;

  /// Whether neighbouring groups are neighbouring entries, so that vectors run across them.
  bool side_by_side() const { return inner == 1 && channels == 1 && group_step == 1 && cycle == groups; }

  /// y = gamma z + beta, z = (x - mean) / sqrt(variance + epsilon), for group g, or for those in the lanes from g on.
  template <class Access, class T = typename Access::element>
  void forward_group(const Access& at, int64_t g, const T* x, const T* gamma, const T* beta, const T& epsilon, T* y) const {
    const auto m = moments_of(at, x, g, epsilon);
    for_each_run(g, [&](int64_t first, int64_t c) {
      at.store(at.channel(gamma + c) * ((at.run(x + first) - m.mean) * m.r) + at.channel(beta + c), y + first);
    });
  }
  /// dx = r (h - mean h - z mean(h z)), h = dy gamma: added to dx, or written. Adds to dgamma and dbeta. A null gradient is not
  /// wanted.
  template <class Access, class T = typename Access::element>
  void vjp_group(const Access& at, int64_t g, const T* x, const T* gamma, const T& epsilon, const T* dy, T* dx, bool adds,
                 T* dgamma, T* dbeta) const {
    using S = typename Access::lane;
    const auto m = moments_of(at, x, g, epsilon);
    const auto z = [&](int64_t first) { return (at.run(x + first) - m.mean) * m.r; };
    using sums = impl::run_sums<S>;
    const sums all = sum_terms<sums>(channels, [&](int64_t i) {
      const int64_t c = g % cycle * channels + i;
      const sums channel = sum_terms<sums>(blocks, [&](int64_t b) {
        const int64_t first = g * group_step + b * block_step + i * inner;
        const auto run = at.run(dy + first);
        return sums(at.total(run), at.total(run * z(first)));
      });
      if (dgamma != nullptr) at.add_to_channel(channel.with_z, dgamma + c);
      if (dbeta != nullptr) at.add_to_channel(channel.one, dbeta + c);
      const S scale = at.channel(gamma + c);
      return sums(channel.one * scale, channel.with_z * scale);
    });
    if (dx == nullptr) return;
    const S mean = all.one / count<S>(), slope = all.with_z / count<S>();
    for_each_run(g, [&](int64_t first, int64_t c) {
      const auto gradient = (at.run(dy + first) * at.channel(gamma + c) - mean - z(first) * slope) * m.r;
      adds ? at.add(gradient, dx + first) : at.store(gradient, dx + first);
    });
  }

  template <class T>
  void forward(const T* x, const T* gamma, const T* beta, const T& epsilon, T* y) const {
    for (int64_t g = 0; g < groups; ++g) forward_group(impl::along_runs<T>{inner}, g, x, gamma, beta, epsilon, y);
  }
  template <class T>
  void vjp(const T* x, const T* gamma, const T& epsilon, const T* dy, T* dx, T* dgamma, T* dbeta) const {
    for (int64_t c = 0; c < cycle; ++c)
      for_groups_of(c, dgamma, dbeta, [&](int64_t g, T* to_gamma, T* to_beta) {
        vjp_group(impl::along_runs<T>{inner}, g, x, gamma, epsilon, dy, dx, true, to_gamma, to_beta);
      });
  }
  /// Calls one(g, dgamma, dbeta) for the groups that share the channels of group c < cycle. Where they are more than a block,
  /// they add to the sums of blocks, which go to the gradients in the end.
  template <class T, class F>
  void for_groups_of(int64_t c, T* dgamma, T* dbeta, const F& one) const {
    const int64_t sharing = groups / cycle;
    if (!sums_by_blocks<T> || sharing <= sum_block || (dgamma == nullptr && dbeta == nullptr)) {
      for (int64_t g = c; g < groups; g += cycle) one(g, dgamma, dbeta);
      return;
    }
    joined_rows<T> sums(2 * channels, sharing / sum_block + 1);
    T* block = nullptr;
    for (int64_t i = 0; i < sharing; ++i) {
      if (i % sum_block == 0) block = sums.next_zeros() - c * channels;
      one(c + i * cycle, dgamma == nullptr ? nullptr : block, dbeta == nullptr ? nullptr : block + channels);
    }
    const T* const total = sums.total();
    for (int64_t i = 0; i < channels; ++i) {
      if (dgamma != nullptr) dgamma[c * channels + i] = dgamma[c * channels + i] + total[i];
      if (dbeta != nullptr) dbeta[c * channels + i] = dbeta[c * channels + i] + total[channels + i];
    }
  }

 private:
  template <class S>
  struct moments {
    S mean, r;
  };
  // The mean is corrected by the mean of what remains.
  template <class Access, class T>
  moments<typename Access::lane> moments_of(const Access& at, const T* x, int64_t g, const T& epsilon) const {
    using S = typename Access::lane;
    const auto total = [&](const auto& term) {
      return sum_terms<S>(runs(), [&](int64_t i) { return at.total(term(at.run(x + g * group_step + i * run_step()))); });
    };
    S mean = total([](const auto& run) { return run; }) / count<S>();
    mean = mean + total([&](const auto& run) { return run - mean; }) / count<S>();
    const S square = total([&](const auto& run) { return (run - mean) * (run - mean); });
    return {mean, S(1) / sqrt(square / count<S>() + impl::along_runs<S>{1}.channel(&epsilon))};
  }
  template <class S>
  S count() const {
    return S(static_cast<double>(runs() * inner));
  }
  int64_t runs() const { return blocks * channels; }
  int64_t run_step() const { return channels == 1 ? block_step : inner; }
  // Calls body(first entry, channel).
  template <class Body>
  void for_each_run(int64_t g, const Body& body) const {
    for (int64_t i = 0; i < runs(); ++i) body(g * group_step + i * run_step(), g % cycle * channels + (channels == 1 ? 0 : i));
  }
};

}  // namespace axiograd
