#pragma once
// The driver of operators over norm_groups on floats and doubles: groups by vectors, channels on several threads.

#include <axiograd/kernels/cpu/native_norm.hpp>
#include <axiograd/kernels/samples.hpp>

namespace axiograd {

namespace impl {
/// Runs of fewer neighbours than this would leave vectors mostly empty.
inline constexpr int64_t shortest_norm_run = 8;

/// Calls body(channel group) for the groups of channels, which share nothing, on several threads.
template <class F>
void for_channel_groups(const norm_groups& n, int64_t samples, const F& body) {
  const int64_t work = samples * n.groups / n.cycle * n.blocks * n.channels * n.inner;
  const int64_t block = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, work));
  parallel_for((n.cycle + block - 1) / block, [&](int64_t b) {
    for (int64_t c = b * block; c < std::min(n.cycle, (b + 1) * block); ++c) body(c);
  });
}
}  // namespace impl

template <class Op, class T>
void norm_forward(const Op& op, const forward_run<T>& run) {
  const impl::sample_layout<Op> at(op, run.in, *run.y.dims);
  const norm_groups n = op.groups_of(at.in[0]);
  if (n.inner < impl::shortest_norm_run) return impl::run_sample_forward(op, run);
  impl::for_channel_groups(n, at.samples, [&](int64_t channel_group) {
    for (int64_t i = 0; i < at.samples; ++i)
      for (int64_t g = channel_group; g < n.groups; g += n.cycle)
        with_best_isa([&]<isa Set> {
          native_norm<T, Set>::forward(n, g, run.in[0].data + i * at.step[0], run.in[1].data + i * at.step[1],
                                       run.in[2].data + i * at.step[2], op.epsilon.template as<T>(),
                                       run.y.data + i * at.y_step);
        });
  });
}

template <class Op, class T>
void norm_vjp(const Op& op, const vjp_run<T>& run) {
  const impl::sample_layout<Op> at(op, run.in, *run.y.dims);
  const norm_groups n = op.groups_of(at.in[0]);
  if (n.inner < impl::shortest_norm_run || at.samples == 0) return impl::run_sample_vjp(op, run);
  for (const std::size_t k : {std::size_t{1}, std::size_t{2}})
    if (run.dx[k] != nullptr && !run.adds(k)) std::fill_n(run.dx[k], run.in[k].dims->size(), T(0));
  impl::for_channel_groups(n, at.samples, [&](int64_t channel_group) {
    for (int64_t i = 0; i < at.samples; ++i) {
      const auto place = [&](std::size_t k) { return run.dx[k] == nullptr ? nullptr : run.dx[k] + i * at.step[k]; };
      const bool adds = run.adds(0) || (i > 0 && at.step[0] == 0);
      for (int64_t g = channel_group; g < n.groups; g += n.cycle)
        with_best_isa([&]<isa Set> {
          native_norm<T, Set>::vjp(n, g, run.in[0].data + i * at.step[0], run.in[1].data + i * at.step[1],
                                   op.epsilon.template as<T>(), run.dy + i * at.y_step, place(0), adds, place(1), place(2));
        });
    }
  });
}

}  // namespace axiograd
