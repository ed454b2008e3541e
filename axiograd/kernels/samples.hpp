#pragma once
// Operators written over one sample at a time: the loop over leading axes, and the drivers of the families that need it.

#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/boxes.hpp>
#include <axiograd/kernels/contraction.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/rowwise.hpp>

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
  sample_layout(std::span<const view<const T>> x, const shape& y_dims) {
    int leading = 0;
    for (std::size_t k = 0; k < inputs; ++k) {
      if (x[k].dims == nullptr) continue;
      in[k] = *x[k].dims;
      if constexpr (requires { Op::ranks; }) {
        const int extra = x[k].dims->rank - Op::ranks[k];
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

/// Calls body(first, count) for blocks of samples, on several threads if `parallel`.
template <class F>
void for_sample_blocks(int64_t samples, int64_t work_per_sample, bool parallel, const F& body) {
  const int64_t block = parallel ? std::max<int64_t>(1, 32768 / std::max<int64_t>(1, work_per_sample)) : samples;
  if (samples > 0)
    parallel_for((samples + block - 1) / block,
                 [&](int64_t b) { body(b * block, std::min(block, samples - b * block)); });
}

template <class Op>
struct side_views {
  std::array<index_view, static_cast<std::size_t>(arity_of<Op>.side)> views{};
  explicit side_views(std::span<const index_tensor> side) {
    for (std::size_t k = 0; k < views.size(); ++k) views[k] = {side[k].data(), &side[k].shape()};
  }
};

// ---- the index family ----------------------------------------------------------------------------------------------------

template <class Op, class T>
void run_boxes_forward(const Op& op, const forward_run<T>& run) {
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(run.in, *run.y.dims);
  for_sample_blocks(at.samples, at.y_step, true, [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i) {
      const T* x[at.inputs];
      for (std::size_t k = 0; k < at.inputs; ++k) x[k] = run.in[k].data + i * at.step[k];
      boxes_forward(op, at.in, at.y, side.views, x, run.y.data + i * at.y_step);
    }
  });
}
template <class Op, class T>
void run_boxes_vjp(const Op& op, const vjp_run<T>& run) {
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(run.in, *run.y.dims);
  for_sample_blocks(at.samples, at.y_step, gradients_are_separate(at, run), [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i) {
      T* dx[at.inputs];
      for (std::size_t k = 0; k < at.inputs; ++k) dx[k] = run.dx[k] == nullptr ? nullptr : run.dx[k] + i * at.step[k];
      boxes_vjp(op, at.in, at.y, side.views, run.dy + i * at.y_step, dx);
    }
  });
}

// ---- operators that write their own loops over one sample ------------------------------------------------------------------

template <class Op, class T>
void run_sample_forward(const Op& op, const forward_run<T>& run) {
  const sample_layout<Op> at(run.in, *run.y.dims);
  for_sample_blocks(at.samples, at.y_step * 8, true, [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i)
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        op.forward(view<const T>{run.in[I].data + i * at.step[I], &at.in[I]}...,
                   view<T>{run.y.data + i * at.y_step, &at.y});
      }(inputs_of<Op>{});
  });
}
template <class Op, class T>
void run_sample_vjp(const Op& op, const vjp_run<T>& run) {
  const sample_layout<Op> at(run.in, *run.y.dims);
  for_sample_blocks(at.samples, at.y_step * 8, gradients_are_separate(at, run), [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i)
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        op.vjp(view<const T>{run.in[I].data + i * at.step[I], &at.in[I]}...,
               view<const T>{run.y.data + i * at.y_step, &at.y}, view<const T>{run.dy + i * at.y_step, &at.y},
               view<T>{run.dx[I] == nullptr ? nullptr : run.dx[I] + i * at.step[I], &at.in[I]}...);
      }(inputs_of<Op>{});
  });
}

// ---- contractions whose second operand is made of patches of an input: convolution ------------------------------------------

/// The product of a convolution, g groups: kernel (g, o, k) times patches (g, k, q) gives y (g, o, q).
struct patch_product {
  shape kernel, patches, y, bias;
  static constexpr std::string_view kernel_axes = "gok", patch_axes = "gkq", y_axes = "goq", bias_axes = "go";
};

template <class Op, class T>
void run_patches_forward(const Op& op, const forward_run<T>& run) {
  const sample_layout<Op> at(run.in, *run.y.dims);
  const patch_product p = op.template product<patch_product>(at.in[0], at.in[2], at.y);
  const T* const bias = run.in[1].data;
  for_sample_blocks(at.samples, p.patches.size() * 8, true, [&](int64_t first, int64_t count) {
    scratch_memory<T> patches(p.patches.size());
    for (int64_t i = first; i < first + count; ++i) {
      const T* const x[3]{nullptr, nullptr, run.in[2].data + i * at.step[2]};
      boxes_forward(op.patches(at.in[0], at.in[2], at.y), at.in, p.patches, {}, x, patches.data());
      T* const y = run.y.data + i * at.y_step;
      if (bias != nullptr) {
        const int64_t positions = p.y[2];
        for (int64_t o = 0; o < p.bias.size(); ++o) std::fill_n(y + o * positions, positions, bias[o]);
      }
      multiply<T>(p.kernel_axes, {run.in[0].data, &p.kernel}, p.patch_axes, {patches.data(), &p.patches}, p.y_axes, {y, &p.y},
                  bias != nullptr);
    }
  });
}

template <class Op, class T>
void run_patches_vjp(const Op& op, const vjp_run<T>& run) {
  const sample_layout<Op> at(run.in, *run.y.dims);
  const patch_product p = op.template product<patch_product>(at.in[0], at.in[2], at.y);
  T* const dkernel = run.dx[0];
  T* const dbias = run.dx[1];
  // Each block of samples sums the shared gradients by itself; the sums are added in order, whatever the threads did.
  const int64_t kernel_size = dkernel == nullptr ? 0 : p.kernel.size();
  const int64_t bias_size = dbias == nullptr ? 0 : p.bias.size();
  const int64_t blocks = std::min<int64_t>(at.samples, 8);
  scratch_memory<T> sums(std::max<int64_t>(1, blocks * (kernel_size + bias_size)));
  std::fill_n(sums.data(), blocks * (kernel_size + bias_size), T(0));
  parallel_for(blocks, [&](int64_t block) {
    T* const kernel_sum = sums.data() + block * (kernel_size + bias_size);
    T* const bias_sum = kernel_sum + kernel_size;
    scratch_memory<T> patches(p.patches.size());
    for (int64_t i = at.samples * block / blocks; i < at.samples * (block + 1) / blocks; ++i) {
      const view<const T> dy{run.dy + i * at.y_step, &p.y};
      if (dkernel != nullptr) {
        const T* const x[3]{nullptr, nullptr, run.in[2].data + i * at.step[2]};
        boxes_forward(op.patches(at.in[0], at.in[2], at.y), at.in, p.patches, {}, x, patches.data());
        multiply<T>(p.y_axes, dy, p.patch_axes, {patches.data(), &p.patches}, p.kernel_axes, {kernel_sum, &p.kernel}, true);
      }
      if (dbias != nullptr)
        for (int64_t o = 0; o < bias_size; ++o) {
          T total(0);
          for (int64_t q = 0; q < p.y[2]; ++q) total = total + dy.data[o * p.y[2] + q];
          bias_sum[o] = bias_sum[o] + total;
        }
      if (run.dx[2] != nullptr) {
        multiply<T>(p.kernel_axes, {run.in[0].data, &p.kernel}, p.y_axes, dy, p.patch_axes, {patches.data(), &p.patches}, false);
        T* const dx[3]{nullptr, nullptr, run.dx[2] + i * at.step[2]};
        boxes_vjp(op.patches(at.in[0], at.in[2], at.y), at.in, p.patches, {}, patches.data(), dx);
      }
    }
  });
  for (int64_t block = 0; block < blocks; ++block) {
    const T* const part = sums.data() + block * (kernel_size + bias_size);
    for (int64_t i = 0; i < kernel_size; ++i) dkernel[i] = dkernel[i] + part[i];
    for (int64_t i = 0; i < bias_size; ++i) dbias[i] = dbias[i] + part[kernel_size + i];
  }
}

}  // namespace axiograd::impl
