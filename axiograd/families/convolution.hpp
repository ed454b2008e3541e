#pragma once
// The convolution family: a product whose second operand is made of patches of an image. A convolution, and its transpose.

#include <axiograd/families/family.hpp>
#include <axiograd/families/index.hpp>
#include <axiograd/kernels/cpu/convolution.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/patches.hpp>
#include <axiograd/kernels/products.hpp>
#include <axiograd/kernels/row_major.hpp>
#include <axiograd/kernels/sum_run.hpp>
#include <limits>

namespace axiograd {

namespace impl {
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
                          const epilogue_chain<float>* epilogue) const {
    if (!transposed) return convolve(c, w, bias, x, y, epilogue);
    if (bias != nullptr) fill_with(bias, y, c.x_layout);
    convolve_vjp(c, w, nullptr, x, {}, {y, bias != nullptr});
    if (epilogue != nullptr) parallel_for(at.samples, [&](int64_t i) { epilogue->run(y + i * at.y_step, at.y_step); });
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
  void fill_with(const T* bias, T* y, layout y_layout) const {
    const int64_t channels = at.y[0], positions = at.y.from(1).size(), block = y_layout.block;
    for (int64_t c = 0; c < at.samples * channels && y_layout.row_major(); ++c)
      std::fill_n(y + c * positions, positions, bias[c % channels]);
    for (int64_t b = 0; !y_layout.row_major() && b < at.samples * channels / block; ++b)
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
        source.copies(dims, patches, [&](const strided_copy& m) {
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
std::optional<layout> patches_layout_rule(const Op& op, std::span<const shape* const> in, const shape& y,
                                          std::span<const layout> layouts) {
  const bool asked = layouts[2].row_major();
  if (!layouts[0].row_major() || !layouts[1].row_major()) return std::nullopt;
  std::array<view<const T>, 3> views{};
  for (std::size_t k = 0; k < 3; ++k)
    if (in[k]->rank >= 0) views[k].dims = in[k];
  const patch_product<Op> p(op, std::span<const view<const T>>(views), y);
  const convolution_call c = p.call();
  if (!c.fits_library() || in[2]->rank != in[0]->rank) return asked ? std::optional(layout{}) : std::nullopt;
  return patch_product<Op>::transposed ? c.preferred_x_layout() : c.preferred_y_layout(in[1]->rank >= 0);
}

template <class Op, class T>
void run_patches_forward(const Op& op, const forward_run<T>& run) {
  constexpr bool transposed = patch_product<Op>::transposed;
  const patch_product<Op> p(op, run.in, *run.y.dims);
  const T* const w = run.in[0].data;
  const T* const bias = run.in[1].data;
  if constexpr (std::same_as<T, float>)
    if (const convolution_call c = p.call(run.input_layout(2), run.y_layout); c.fits_library())
      return p.forward_by_library(c, w, bias, run.in[2].data, run.y.data, run.epilogue);
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
      if (run.epilogue != nullptr) run.epilogue->run(y, p.at.y_step);
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
    const convolution_call c = p.call(run.input_layout(2), run.y_layout);
    if (c.fits_library()) {
      p.vjp_by_library(c, w, run.in[2].data, run.dy, {dkernel, run.adds(0)}, {run.dx[2], run.adds(2)});
      if (dbias == nullptr) return;
      const auto add_bias = run.y_layout.block == 16  ? &add_bias_gradient<16, Op, T>
                            : run.y_layout.block == 8 ? &add_bias_gradient<8, Op, T>
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
}  // namespace impl

namespace family {
struct convolution {
  static constexpr family_facts facts{.name = "convolution", .multilinear = true};
  template <class Op, class T>
  static constexpr bool runs_on = ring<T>;

  template <class Op>
  static constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
    return infer_by_samples(op, in);
  }

  template <class Op, class T, class Kernels>
  struct on {
    static void forward(const void* op, const forward_run<T>& run) {
      impl::run_patches_forward(impl::attributes_at<Op>(op), run);
    }
    static void vjp(const void* op, const vjp_run<T>& run) { impl::run_patches_vjp(impl::attributes_at<Op>(op), run); }
    static std::optional<layout> layout_rule(const void* op, std::span<const shape* const> in,
                                             std::span<const layout> layouts) {
      const Op& f = impl::attributes_at<Op>(op);
      return impl::patches_layout_rule<T>(f, in, *infer(f, in), layouts);
    }
    static constexpr void complete(operator_table<T>& table) {
      table.epilogue_limit = std::numeric_limits<int64_t>::max();
      if constexpr (std::same_as<T, float>) table.layout_rule = &layout_rule;
    }
  };
};
}  // namespace family

}  // namespace axiograd
