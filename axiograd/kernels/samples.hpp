#pragma once
// Operators written over one sample at a time: the loop over leading axes, and the drivers of the families that need it.

#include <axiograd/core/patches.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/boxes.hpp>
#include <axiograd/kernels/contraction.hpp>
#include <axiograd/kernels/cpu/convolution.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/row_major.hpp>
#include <axiograd/kernels/rowwise.hpp>
#include <axiograd/kernels/shared_gradients.hpp>

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

// ---- the index family ----------------------------------------------------------------------------------------------------

template <class Op, class T>
void run_boxes_forward(const Op& op, const forward_run<T>& run) {
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(op, run.in, *run.y.dims);
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
  const sample_layout<Op> at(op, run.in, *run.y.dims);
  unsigned writes = 0;
  vjp_run<T> cleared = run;
  if constexpr (arity_of<Op>.side == 0)
    if (run.fresh != 0) {
      const box_cover cover(op, at.in, at.y);
      for (std::size_t k = 0; k < at.inputs; ++k)
        if (at.step[k] != 0 || at.samples == 1) writes |= 1U << k;
      writes &= run.fresh & cover.at_most_once;
      cleared.fresh &= ~(writes & cover.whole);
    }
  clear_fresh(cleared);
  const auto one = [&](int64_t i, const auto& dx_of) {
    T* dx[at.inputs];
    for (std::size_t k = 0; k < at.inputs; ++k) dx[k] = dx_of(k, i);
    boxes_vjp(op, at.in, at.y, side.views, run.dy + i * at.y_step, dx, writes);
  };
  for_each_gradient(at, run, at.y_step, one);
}

// ---- operators that write their own loops over one sample ------------------------------------------------------------------

template <class Op, class T>
void run_sample_forward(const Op& op, const forward_run<T>& run) {
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(op, run.in, *run.y.dims);
  for_sample_blocks(at.samples, at.y_step * 8, true, [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i)
      [&]<std::size_t... I, std::size_t... S>(std::index_sequence<I...>, std::index_sequence<S...>) {
        op.forward(view<const T>{run.in[I].data + i * at.step[I], &at.in[I]}..., side.views[S]...,
                   view<T>{run.y.data + i * at.y_step, &at.y});
      }(inputs_of<Op>{}, sides_of<Op>{});
  });
}
template <class Op, class T>
void run_sample_vjp(const Op& op, const vjp_run<T>& run) {
  if (std::all_of(run.dx.begin(), run.dx.end(), [](const T* p) { return p == nullptr; })) return;
  clear_fresh(run);
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(op, run.in, *run.y.dims);
  for_each_gradient(at, run, at.y_step * 8, [&](int64_t i, const auto& dx_of) {
    [&]<std::size_t... I, std::size_t... S>(std::index_sequence<I...>, std::index_sequence<S...>) {
      op.vjp(view<const T>{run.in[I].data + i * at.step[I], &at.in[I]}..., side.views[S]...,
             view<const T>{run.y.data + i * at.y_step, &at.y}, view<const T>{run.dy + i * at.y_step, &at.y},
             view<T>{dx_of(I, i), &at.in[I]}...);
    }(inputs_of<Op>{}, sides_of<Op>{});
  });
}

// ---- contractions whose second operand is made of patches of an image: convolution and its transpose ------------------------

/// The product of a convolution in g groups: kernel (g,o,k) times patches (g,k,q) of an image gives windows (g,o,q). The
/// operator gives the number of groups, and as `patches` which entries of the image each window sees. A convolution maps the
/// image to the windows; a transposed one, its adjoint, maps windows to the image.
template <class Op>
struct patch_product {
  static constexpr bool transposed = requires { Op::transposed; };
  static constexpr product_pattern windows_of{"gok", "gkq", "goq"}, patches_of{"gok", "goq", "gkq"},
      kernel_of{"goq", "gkq", "gok"};
  sample_layout<Op> at;
  axiograd::patches source;
  shape kernel, patches, windows;

  template <class T>
  patch_product(const Op& op, std::span<const view<const T>> in, const shape& y_dims)
      : at(op, in, y_dims), source(op.patches(at.in[0], image_shape(), window_shape())) {
    const int64_t g = op.groups, o = window_shape()[0] / g, k = at.in[0].from(1).size(), q = window_shape().from(1).size();
    kernel = {g, o, k};
    patches = {g, k, q};
    windows = {g, o, q};
  }
  /// The same for the library, which takes whole batches, where the operator's image and its result lie so.
  convolution_call call(layout in = {}, layout out = {}) const {
    return {source.geometry, source.kernel, source.x, source.y, at.samples, transposed ? out : in, transposed ? in : out};
  }
  /// Its results by the library. A transposed convolution's value is what a convolution has as the gradient of its image, and
  /// the other way round.
  void forward_by_library(const convolution_call& c, const float* w, const float* bias, const float* x, float* y,
                          const follow_up<float>* then) const {
    if (!transposed) return convolve(c, w, bias, x, y, then);
    if (bias != nullptr) fill_with(bias, y, c.x_lies);
    convolve_vjp(c, w, nullptr, x, {}, {y, bias != nullptr});
    if (then != nullptr) parallel_for(at.samples, [&](int64_t i) { then->run(y + i * at.y_step, at.y_step); });
  }
  void vjp_by_library(const convolution_call& c, const float* w, const float* x, const float* dy,
                      const convolution_gradient& dkernel, const convolution_gradient& dx) const {
    if (!transposed) return convolve_vjp(c, w, x, dy, dkernel, dx);
    if (dkernel.data != nullptr) convolve_vjp(c, w, dy, x, dkernel, {});
    if (dx.data == nullptr) return;
    if (!dx.adds) return convolve(c, w, nullptr, dy, dx.data);
    const int64_t n = at.samples * at.in[2].size();
    scratch_memory<float> fresh(n);
    convolve(c, w, nullptr, dy, fresh.data());
    for (int64_t i = 0; i < n; ++i) dx.data[i] += fresh.data()[i];
  }
  /// Every sample's y as the bias alone.
  template <class T>
  void fill_with(const T* bias, T* y, layout y_lies) const {
    const int64_t channels = at.y[0], positions = at.y.from(1).size(), block = y_lies.block;
    for (int64_t c = 0; c < at.samples * channels && y_lies.row_major(); ++c)
      std::fill_n(y + c * positions, positions, bias[c % channels]);
    for (int64_t b = 0; !y_lies.row_major() && b < at.samples * channels / block; ++b)
      for (int64_t p = 0; p < positions; ++p) std::copy_n(bias + b * block % channels, block, y + (b * positions + p) * block);
  }
  const shape& image_shape() const { return transposed ? at.y : at.in[2]; }
  const shape& window_shape() const { return transposed ? at.in[2] : at.y; }
  /// Memory that one sample's patches need.
  int64_t patch_memory() const { return source.is_input() ? 1 : patches.size(); }
  /// The patches of one sample's image, in `memory` unless they are the image itself.
  template <class T>
  const T* gather(const T* image, T* memory) const {
    if (source.is_input()) return image;
    const T* const in[3]{image};
    const shape dims[3]{image_shape()};
    boxes_forward(source, dims, patches, {}, in, memory);
    return memory;
  }
  /// windows (+)= kernel patches.
  template <class T>
  void correlate(const T* w, const T* of_patches, T* to, bool add) const {
    multiply<T>(windows_of, {w, &kernel}, {of_patches, &patches}, {to, &windows}, add);
  }
  /// image += the adjoint of `gather` at kernel^T windows.
  template <class T>
  void scatter(const T* w, const T* from, T* memory, T* image) const {
    const bool direct = source.is_input();
    multiply<T>(patches_of, {w, &kernel}, {from, &windows}, {direct ? image : memory, &patches}, direct);
    if (!direct) add_back(memory, image);
  }
  /// The image's entries += those of the patches that see them.
  template <class T>
  void add_back(const T* of_patches, T* image) const {
    const shape dims[3]{image_shape()};
    const int64_t terms = std::min(source.kernel.from(2).size(), source.y.from(1).size());
    if (std::floating_point<T> && terms > sum_block)
      return scatter_sums(image, dims[0].size(), terms, [&](const auto& add) {
        source.moves(dims, patches, [&](const box_move& m) {
          for_each_line(m, 0, m.from, m.to, [&](int64_t to, int64_t from, int64_t n, int64_t step, int64_t distance) {
            for (int64_t i = 0; i < n; ++i) add(to + i * step, of_patches[from + i * distance]);
          });
        });
      });
    T* const targets[3]{image};
    boxes_vjp(source, dims, patches, {}, of_patches, targets);
  }
};

/// How the result may lie, and lies best: the library takes and gives blocks of channels where samples have one axis.
template <class T, class Op>
std::optional<layout> patches_lay_out(const Op& op, std::span<const shape* const> in, const shape& y,
                                      std::span<const layout> lie) {
  const bool asked = lie[2].row_major();
  if (!lie[0].row_major() || !lie[1].row_major()) return std::nullopt;
  std::array<view<const T>, 3> views{};
  for (std::size_t k = 0; k < 3; ++k)
    if (in[k]->rank >= 0) views[k].dims = in[k];
  const patch_product<Op> p(op, std::span<const view<const T>>(views), y);
  const convolution_call c = p.call();
  if (!c.fits_library() || in[2]->rank != in[0]->rank) return asked ? std::optional(layout{}) : std::nullopt;
  return patch_product<Op>::transposed ? c.likes_x() : c.likes_y(in[1]->rank >= 0);
}

template <class Op, class T>
void run_patches_forward(const Op& op, const forward_run<T>& run) {
  constexpr bool transposed = patch_product<Op>::transposed;
  const patch_product<Op> p(op, run.in, *run.y.dims);
  const T* const w = run.in[0].data;
  const T* const bias = run.in[1].data;
  if constexpr (std::same_as<T, float>)
    if (const convolution_call c = p.call(run.input_lies(2), run.y_lies); c.fits_library())
      return p.forward_by_library(c, w, bias, run.in[2].data, run.y.data, run.then);
  const int64_t channels = p.at.y[0], positions = p.at.y.from(1).size();
  for_sample_blocks(p.at.samples, p.patches.size() * 8, true, [&](int64_t first, int64_t count) {
    scratch_memory<T> memory(p.patch_memory());
    for (int64_t i = first; i < first + count; ++i) {
      const T* const x = run.in[2].data + i * p.at.step[2];
      T* const y = run.y.data + i * p.at.y_step;
      if (bias != nullptr || transposed)
        for (int64_t o = 0; o < channels; ++o) std::fill_n(y + o * positions, positions, bias == nullptr ? T(0) : bias[o]);
      if constexpr (transposed)
        p.scatter(w, x, memory.data(), y);
      else
        p.correlate(w, p.gather(x, memory.data()), y, bias != nullptr);
      if (run.then != nullptr) run.then->run(y, p.at.y_step);
    }
  });
}

/// Numbers of channels that lie side by side.
template <class T, int Block>
struct channel_numbers {
  T of[Block];

  channel_numbers() = default;
  explicit channel_numbers(int value) { std::fill_n(of, Block, T(value)); }
  channel_numbers operator+(const channel_numbers& other) const {
    channel_numbers sum;
    for (int c = 0; c < Block; ++c) sum.of[c] = of[c] + other.of[c];
    return sum;
  }
};

/// dbias (+)= the sums of dy over samples and positions; `Block` channels lie side by side.
template <int Block, class Op, class T>
void add_bias_gradient(const sample_layout<Op>& at, const T* dy, T* dbias, bool adds) {
  using numbers = std::conditional_t<Block == 1, T, channel_numbers<T, Block>>;
  const int64_t positions = at.y.from(1).size(), blocks = at.y[0] / Block;
  static work_meter meter;
  meter.run_tasks(blocks, at.samples * positions * Block, [&](int64_t b) {
    const numbers total = sum_of<numbers>(at.samples, [&](const auto& term) {
      for (int64_t i = 0; i < at.samples; ++i)
        term(sum_run(reinterpret_cast<const numbers*>(dy + i * at.y_step) + b * positions, positions, 1));
    });
    const T* const sums = reinterpret_cast<const T*>(&total);
    for (int64_t c = 0; c < Block; ++c) dbias[b * Block + c] = adds ? dbias[b * Block + c] + sums[c] : sums[c];
  });
}

template <class Op, class T>
void run_patches_vjp(const Op& op, const vjp_run<T>& run) {
  constexpr bool transposed = patch_product<Op>::transposed;
  const patch_product<Op> p(op, run.in, *run.y.dims);
  const T* const w = run.in[0].data;
  T* const dkernel = run.dx[0];
  T* const dbias = run.dx[1];
  if constexpr (std::same_as<T, float>) {
    const convolution_call c = p.call(run.input_lies(2), run.y_lies);
    if (c.fits_library()) {
      p.vjp_by_library(c, w, run.in[2].data, run.dy, {dkernel, run.adds(0)}, {run.dx[2], run.adds(2)});
      if (dbias == nullptr) return;
      const auto add_bias = run.y_lies.block == 16  ? &add_bias_gradient<16, Op, T>
                            : run.y_lies.block == 8 ? &add_bias_gradient<8, Op, T>
                                                    : &add_bias_gradient<1, Op, T>;
      return add_bias(p.at, run.dy, dbias, run.adds(1));
    }
    if (!run.row_major()) return vjp_in_row_major(run, [&](const vjp_run<T>& plain) { run_patches_vjp(op, plain); });
  }
  clear_fresh(run);
  // Each block of samples sums the shared gradients by itself; the sums are added in order, whatever the threads did.
  const int64_t kernel_size = dkernel == nullptr ? 0 : p.kernel.size();
  const int64_t bias_size = dbias == nullptr ? 0 : p.at.y[0], positions = p.at.y.from(1).size();
  const int64_t blocks = std::min<int64_t>(p.at.samples, 8);
  scratch_memory<T> sums(std::max<int64_t>(1, blocks * (kernel_size + bias_size)));
  std::fill_n(sums.data(), blocks * (kernel_size + bias_size), T(0));
  static work_meter meter;
  meter.run_tasks(blocks, p.at.samples * p.patches.size() / std::max<int64_t>(1, blocks), [&](int64_t block) {
    const int64_t first = p.at.samples * block / blocks, end = p.at.samples * (block + 1) / blocks;
    T* kernel_sum = sums.data() + block * (kernel_size + bias_size);
    const bool joins = sums_by_blocks<T> && end - first > sum_block;
    std::optional<joined_rows<T>> parts;
    if (joins) parts.emplace(kernel_size + bias_size, (end - first) / sum_block + 1);
    scratch_memory<T> memory(p.patch_memory());
    for (int64_t i = first; i < end; ++i) {
      if (joins && (i - first) % sum_block == 0) kernel_sum = parts->next_zeros();
      T* const bias_sum = kernel_sum + kernel_size;
      const T* const dy = run.dy + i * p.at.y_step;
      const T* const x = run.in[2].data + i * p.at.step[2];
      T* const dx = run.dx[2] == nullptr ? nullptr : run.dx[2] + i * p.at.step[2];
      const T* const image = transposed ? dy : x;
      const T* const windows = transposed ? x : dy;
      const bool gathers = dkernel != nullptr || (transposed && dx != nullptr);
      const T* const patches = gathers ? p.gather(image, memory.data()) : nullptr;
      if (dkernel != nullptr)
        multiply<T>(p.kernel_of, {windows, &p.windows}, {patches, &p.patches}, {kernel_sum, &p.kernel}, true);
      for (int64_t o = 0; o < bias_size; ++o) bias_sum[o] = bias_sum[o] + sum_run(dy + o * positions, positions, 1);
      if (dx == nullptr) continue;
      if constexpr (transposed)
        p.correlate(w, patches, dx, true);
      else
        p.scatter(w, dy, memory.data(), dx);
    }
    if (joins) std::copy_n(parts->total(), kernel_size + bias_size, sums.data() + block * (kernel_size + bias_size));
  });
  for (int64_t block = 0; block < blocks; ++block) {
    const T* const part = sums.data() + block * (kernel_size + bias_size);
    for (int64_t i = 0; i < kernel_size; ++i) dkernel[i] = dkernel[i] + part[i];
    for (int64_t i = 0; i < bias_size; ++i) dbias[i] = dbias[i] + part[kernel_size + i];
  }
}

}  // namespace axiograd::impl
