#pragma once
// The loop over leading axes, for families whose operators are written over one sample at a time.

#include <axiograd/families/op.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/kernels/shared_gradients.hpp>
#include <axiograd/kernels/strided_copy.hpp>

namespace axiograd::impl {

/// Where sample number `i` of each input and of the output lies.
template <class Op>
struct sample_layout {
  static constexpr std::size_t inputs = static_cast<std::size_t>(arity_of<Op>.tensors);
  int64_t samples = 1;
  std::array<shape, inputs> in{};
  std::array<int64_t, inputs> step{};  // 0: shared by all samples
  shape y;
  int64_t y_step = 0;

  template <class T>
  sample_layout(const Op& op, std::span<const view<const T>> x, const shape& y_dims) {
    int leading = 0;
    for (std::size_t k = 0; k < inputs; ++k) {
      if (x[k].dims == nullptr) continue;
      in[k] = *x[k].dims;
      if constexpr (has_samples<Op>) {
        const int extra = x[k].dims->rank - ranks_of(op, *x[0].dims)[k];
        in[k] = x[k].dims->from(extra);
        step[k] = extra > 0 ? in[k].size() : 0;
        leading = std::max(leading, extra);
      }
    }
    samples = y_dims.first(leading).size();
    y = y_dims.from(leading);
    y_step = y.size();
  }
};

/// Samples may run side by side in reverse unless they add into a gradient that they share.
template <class Op, class T>
bool gradients_are_separate(const sample_layout<Op>& at, const vjp_run<T>& run) {
  for (std::size_t k = 0; k < at.inputs; ++k)
    if (run.dx[k] != nullptr && at.step[k] == 0) return false;
  return true;
}

/// Calls body(first, count) for blocks of samples, on several threads if `parallel` and if that pays.
template <class F>
void for_sample_blocks(int64_t samples, int64_t work_per_sample, bool parallel, const F& body) {
  if (samples == 0) return;
  if (!parallel) return body(0, samples);
  static work_meter meter;
  const int64_t work = std::max<int64_t>(1, work_per_sample);
  meter.run(samples * work, work, [&](int64_t begin, int64_t count) { body(begin / work, count / work); });
}

template <class Op>
struct side_views {
  std::array<index_view, static_cast<std::size_t>(arity_of<Op>.side)> views{};
  explicit side_views(std::span<const index_tensor> side) {
    for (std::size_t k = 0; k < views.size(); ++k) views[k] = {side[k].data(), &side[k].shape()};
  }
};

template <class Op>
using sides_of = std::make_index_sequence<static_cast<std::size_t>(arity_of<Op>.side)>;

/// Calls one(sample, dx_of) for every sample, where dx_of(k, sample) is the place that its gradient of input k is added to.
template <class Op, class T, class F>
void for_each_gradient(const sample_layout<Op>& at, const vjp_run<T>& run, int64_t work_per_sample, const F& one) {
  if (gradients_are_separate(at, run)) {
    const auto own = [&](std::size_t k, int64_t i) { return run.dx[k] == nullptr ? nullptr : run.dx[k] + i * at.step[k]; };
    return for_sample_blocks(at.samples, work_per_sample, true, [&](int64_t first, int64_t count) {
      for (int64_t i = first; i < first + count; ++i) one(i, own);
    });
  }
  if (at.samples == 0) return;
  shared_gradients<T, sample_layout<Op>::inputs> shared(run, at.step, at.samples);
  for (int64_t i = 0; i < at.samples; ++i) {
    shared.begin(i);
    one(i, [&](std::size_t k, int64_t sample) { return shared.of(k, sample); });
  }
  shared.finish();
}

}  // namespace axiograd::impl
