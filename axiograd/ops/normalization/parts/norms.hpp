#pragma once
// The driver of operators over norm_groups on floats and doubles: groups by vectors, channels on several threads.

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/normalization/parts/native_norm.hpp>

namespace axiograd {

namespace impl {
/// Runs of fewer neighbours than this would leave vectors mostly empty.
inline constexpr int64_t shortest_norm_run = 8;

/// Whether vectors fill: along runs, or across groups.
inline bool fills_vectors(const norm_groups& n) { return n.side_by_side() || n.inner >= shortest_norm_run; }

/// Calls body(first, last + 1) for ranges of channel groups, which share nothing, on several threads if that pays.
template <class F>
void for_channel_groups(const norm_groups& n, int64_t samples, const F& body) {
  static work_meter meter;
  const int64_t work = std::max<int64_t>(1, samples * n.groups / n.cycle * n.blocks * n.channels * n.inner);
  const int64_t unit = n.side_by_side() ? 64 * work : work;  // whole cache lines
  meter.run(n.cycle * work, unit, [&](int64_t begin, int64_t count) { body(begin / work, (begin + count) / work); });
}
}  // namespace impl

template <class Op, class T>
void norm_forward(const Op& op, const forward_run<T>& run) {
  const impl::sample_layout<Op> at(op, run.in, *run.y.dims);
  const norm_groups n = op.groups_of(at.in[0]);
  if (!impl::fills_vectors(n)) return impl::run_sample_forward(op, run);
  const T epsilon = op.epsilon.template as<T>();
  impl::for_channel_groups(n, at.samples, [&](int64_t from, int64_t to) {
    for (int64_t i = 0; i < at.samples; ++i) {
      const auto in = [&](std::size_t k) { return run.in[k].data + i * at.step[k]; };
      T* const y = run.y.data + i * at.y_step;
      with_best_isa([&]<isa Set> {
        using native = native_norm<T, Set>;
        if (n.side_by_side()) return native::forward_side_by_side(n, from, to, in(0), in(1), in(2), epsilon, y);
        for (int64_t c = from; c < to; ++c)
          for (int64_t g = c; g < n.groups; g += n.cycle) native::forward(n, g, in(0), in(1), in(2), epsilon, y);
      });
    }
  });
}

template <class Op, class T>
void norm_vjp(const Op& op, const vjp_run<T>& run) {
  const impl::sample_layout<Op> at(op, run.in, *run.y.dims);
  const norm_groups n = op.groups_of(at.in[0]);
  if (!impl::fills_vectors(n) || at.samples == 0) return impl::run_sample_vjp(op, run);
  for (const std::size_t k : {std::size_t{1}, std::size_t{2}})
    if (run.dx[k] != nullptr && !run.adds(k)) std::fill_n(run.dx[k], run.in[k].dims->size(), T(0));
  const T epsilon = op.epsilon.template as<T>();
  const bool joins = at.samples > sum_block && at.step[1] == 0 && at.step[2] == 0;
  impl::for_channel_groups(n, at.samples, [&](int64_t from, int64_t to) {
    // The gradients that samples share, of these channels.
    const int64_t first = from * n.channels, width = (to - from) * n.channels;
    joined_rows<T> sums(joins ? 2 * width : 0, joins ? at.samples / sum_block + 1 : 1);
    T* block = nullptr;
    for (int64_t i = 0; i < at.samples; ++i) {
      if (joins && i % sum_block == 0) block = sums.next_zeros();
      const T* const x = run.in[0].data + i * at.step[0];
      const T* const gamma = run.in[1].data + i * at.step[1];
      const T* const dy = run.dy + i * at.y_step;
      const auto dx = [&](std::size_t k) -> T* {
        if (run.dx[k] == nullptr) return nullptr;
        return joins && k > 0 ? block + (k == 1 ? 0 : width) - first : run.dx[k] + i * at.step[k];
      };
      const bool adds = run.adds(0) || (i > 0 && at.step[0] == 0);
      with_best_isa([&]<isa Set> {
        using native = native_norm<T, Set>;
        if (n.side_by_side()) return native::vjp_side_by_side(n, from, to, x, gamma, epsilon, dy, dx(0), adds, dx(1), dx(2));
        for (int64_t c = from; c < to; ++c)
          n.for_groups_of(c, dx(1), dx(2), [&](int64_t g, T* dgamma, T* dbeta) {
            native::vjp(n, g, x, gamma, epsilon, dy, dx(0), adds, dgamma, dbeta);
          });
      });
    }
    if (!joins) return;
    const T* const total = sums.total();
    for (const std::size_t k : {std::size_t{1}, std::size_t{2}})
      for (int64_t c = 0; c < width && run.dx[k] != nullptr; ++c)
        run.dx[k][first + c] = run.dx[k][first + c] + total[(k == 1 ? 0 : width) + c];
  });
}

}  // namespace axiograd
