#include <algorithm>
#include <axiograd/core/block_sum.hpp>
#include <axiograd/core/scratch.hpp>
#include <axiograd/kernels/cpu/convolution.hpp>
#include <axiograd/kernels/cpu/library_call.hpp>
#include <axiograd/kernels/cpu/primitives.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <optional>
#include <vector>

namespace axiograd {
namespace {

using dims = dnnl::memory::dims;
using desc = dnnl::memory::desc;

// Multiplications of a part from which a primitive is worth its start; it also allocates memory of its own at each run.
constexpr std::int64_t smallest_work = 1 << 16;
// Longer sums of products go through matrix products, which are cut (docs/decisions/accuracy-of-sums.md).
constexpr std::int64_t longest_product = 1 << 16;
// The samples are cut into at most so many parts; each is computed by one thread, and sums its gradient of the kernel.
constexpr std::int64_t most_parts = 8;

enum class task { forward, back_to_x, back_to_kernel };

/// A tensor of a primitive: how it wants it, and the way from or to the caller's layout if that is another.
struct operand {
  desc own;
  std::optional<kept_primitive> way;

  operand(const desc& its_own, const desc& given, bool is_read) : own(its_own) {
    if (own == given) return;
    const desc &from = is_read ? given : own, &to = is_read ? own : given;
    way.emplace(dnnl::reorder(dnnl::reorder::primitive_desc(cpu_engine(), from, cpu_engine(), to)),
                std::vector<kept_primitive::argument>{{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }
};

/// A primitive for some samples, with its tensors.
struct prepared {
  kept_primitive primitive;  // kernel, x, y, scratch, and a bias
  operand kernel, x, y;
  std::int64_t scratch_bytes;
  layout preferred_x_layout, preferred_y_layout;
};

desc in_rows(const dims& d, const dims& order) {
  dims strides(d.size());
  dnnl::memory::dim step = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    strides[static_cast<std::size_t>(order[i])] = step;
    step *= d[static_cast<std::size_t>(order[i])];
  }
  return {d, dnnl::memory::data_type::f32, strides};
}
desc row_major(const dims& d) {
  dims order(d.size());
  for (std::size_t i = 0; i < d.size(); ++i) order[i] = static_cast<dnnl::memory::dim>(i);
  return in_rows(d, order);
}
desc of_its_choice(const desc& d) { return {d.dims(), dnnl::memory::data_type::f32, dnnl::memory::format_tag::any}; }

/// Images of these row-major dimensions as they lie.
desc in_layout(const desc& row_major, layout data_layout) {
  using tag = dnnl::memory::format_tag;
  if (data_layout.row_major()) return row_major;
  constexpr tag eights[]{tag::aBc8b, tag::aBcd8b, tag::aBcde8b}, sixteens[]{tag::aBc16b, tag::aBcd16b, tag::aBcde16b};
  const std::size_t axes = row_major.dims().size() - 3;
  return {row_major.dims(), dnnl::memory::data_type::f32, data_layout.block == 8 ? eights[axes] : sixteens[axes]};
}
/// How images lie that a primitive wants so; row-major stands for any other way.
layout layout_of(const desc& wanted, const desc& row_major) {
  for (const layout l : {layout{16}, layout{8}})
    if (row_major.dims()[1] % l.block == 0 && wanted == in_layout(row_major, l)) return l;
  return {};
}

std::shared_ptr<const prepared> prepare(const convolution_call& c, task what, std::int64_t samples, bool with_bias) {
  const auto axes = static_cast<std::size_t>(c.kernel.rank - 2);
  const conv_geometry& g = c.geometry;
  dims kernel, x{samples}, y{samples}, stride, dilation, padding, padding_after;
  if (g.groups > 1)
    kernel = {g.groups, c.kernel[0] / g.groups};
  else
    kernel = {c.kernel[0]};
  for (int axis = 1; axis < c.kernel.rank; ++axis) kernel.push_back(c.kernel[axis]);
  x.insert(x.end(), c.x.begin(), c.x.end());
  y.insert(y.end(), c.y.begin(), c.y.end());
  for (std::size_t i = 0; i < axes; ++i) {
    const int axis = static_cast<int>(i);
    stride.push_back(g.step(axis));
    dilation.push_back(g.distance(axis) - 1);
    padding.push_back(g.pad(axis));
    const std::int64_t reach = g.distance(axis) * (c.kernel[2 + axis] - 1) + 1;
    padding_after.push_back((c.y[1 + axis] - 1) * g.step(axis) + reach - c.x[1 + axis] - g.pad(axis));
  }
  const desc plain_kernel = row_major(kernel), plain_x = row_major(x), plain_y = row_major(y);
  const desc w = of_its_choice(plain_kernel), in = of_its_choice(plain_x), out = of_its_choice(plain_y);
  const desc bias(dims{c.y[0]}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
  const auto direct = dnnl::algorithm::convolution_direct;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // primitives are shared by threads

  const dnnl::convolution_forward::desc forward =
      with_bias ? dnnl::convolution_forward::desc(dnnl::prop_kind::forward_training, direct, in, w, bias, out, stride, dilation,
                                                  padding, padding_after)
                : dnnl::convolution_forward::desc(dnnl::prop_kind::forward_training, direct, in, w, out, stride, dilation,
                                                  padding, padding_after);
  const dnnl::convolution_forward::primitive_desc hint(forward, attributes, cpu_engine());
  const auto take = [&](const auto& pd, const desc& its_kernel, const desc& its_x, const desc& its_y, dnnl::primitive run) {
    const int names[][3]{{DNNL_ARG_WEIGHTS, DNNL_ARG_SRC, DNNL_ARG_DST},
                         {DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_DST},
                         {DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_SRC, DNNL_ARG_DIFF_DST}};
    const auto& name = names[static_cast<int>(what)];
    const desc scratch = pd.scratchpad_desc();
    std::vector<kept_primitive::argument> arguments{
        {name[0], its_kernel}, {name[1], its_x}, {name[2], its_y}, {DNNL_ARG_SCRATCHPAD, scratch}};
    if (with_bias) arguments.emplace_back(DNNL_ARG_BIAS, bias);
    return std::shared_ptr<const prepared>(new prepared{{std::move(run), std::move(arguments)},
                                                        {its_kernel, plain_kernel, what != task::back_to_kernel},
                                                        {its_x, in_layout(plain_x, c.x_layout), what != task::back_to_x},
                                                        {its_y, in_layout(plain_y, c.y_layout), what != task::forward},
                                                        static_cast<std::int64_t>(scratch.get_size()),
                                                        layout_of(its_x, plain_x),
                                                        layout_of(its_y, plain_y)});
  };
  if (what == task::forward)
    return take(hint, hint.weights_desc(), hint.src_desc(), hint.dst_desc(), dnnl::convolution_forward(hint));
  if (what == task::back_to_x) {
    const dnnl::convolution_backward_data::primitive_desc pd(
        dnnl::convolution_backward_data::desc(direct, in, w, out, stride, dilation, padding, padding_after), attributes,
        cpu_engine(), hint);
    return take(pd, pd.weights_desc(), pd.diff_src_desc(), pd.diff_dst_desc(), dnnl::convolution_backward_data(pd));
  }
  const dnnl::convolution_backward_weights::primitive_desc pd(
      dnnl::convolution_backward_weights::desc(direct, in, w, out, stride, dilation, padding, padding_after), attributes,
      cpu_engine(), hint);
  return take(pd, pd.diff_weights_desc(), pd.src_desc(), pd.diff_dst_desc(), dnnl::convolution_backward_weights(pd));
}

struct wanted_primitive {
  convolution_call call;
  task what;
  std::int64_t samples;
  bool with_bias;

  bool operator==(const wanted_primitive& o) const {
    return what == o.what && samples == o.samples && with_bias == o.with_bias && call.kernel == o.call.kernel &&
           call.x == o.call.x && call.y == o.call.y && call.geometry == o.call.geometry && call.x_layout == o.call.x_layout &&
           call.y_layout == o.call.y_layout;
  }
};

std::shared_ptr<const prepared> primitive_for(const convolution_call& c, task what, std::int64_t samples, bool with_bias) {
  static primitive_cache<wanted_primitive, prepared> cache;
  return cache.find({c, what, samples, with_bias}, [&] { return prepare(c, what, samples, with_bias); });
}

/// A tensor of the caller's, in the layout that a primitive wants.
class placed {
 public:
  placed(const operand& o, const float* data) : operand_(&o), given_(const_cast<float*>(data)), own_(given_) {
    if (o.way) own_ = room_.emplace(static_cast<std::int64_t>(o.own.get_size() / sizeof(float)) + 1).data();
  }
  const desc& data_layout() const { return operand_->own; }
  /// With the caller's numbers in it.
  const float* filled() {
    if (operand_->way) operand_->way->run({given_, own_});
    return own_;
  }
  /// As it is: for the primitive to write, or filled before.
  float* own() const { return own_; }
  /// Hands what was written to the caller.
  void give_back() {
    if (operand_->way) operand_->way->run({own_, given_});
  }

 private:
  const operand* operand_;
  float *given_, *own_;
  std::optional<scratch_memory<float>> room_;
};

/// The samples of part 0.
std::int64_t samples_of_a_part(const convolution_call& c) { return c.samples / std::min(c.samples, most_parts); }

void add(float* to, const float* from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

/// Calls body(part, first sample, samples) for the parts, on several threads.
template <class F>
void for_parts(const convolution_call& c, const F& body) {
  const std::int64_t parts = std::min(c.samples, most_parts);
  parallel_for(parts, [&](std::int64_t part) {
    const std::int64_t first = c.samples * part / parts;
    in_library([&] { body(part, first, c.samples * (part + 1) / parts - first); });
  });
}

}  // namespace

bool convolution_call::fits_library() const {
  if (kernel.rank < 3 || kernel.rank > 5 || samples == 0 || current_precision() != precision::fp32) return false;
  // Terms of one entry of y, and of one of x's gradient; the library adds them one after the other.
  const std::int64_t forward = kernel.from(1).size(), back = kernel[0] / geometry.groups * kernel.from(2).size();
  if (std::max(forward, back) > longest_product) return false;
  return samples_of_a_part(*this) * y.size() * forward >= smallest_work;
}

layout convolution_call::preferred_y_layout(bool with_bias) const {
  return in_library(
      [&] { return primitive_for(*this, task::forward, samples_of_a_part(*this), with_bias)->preferred_y_layout; });
}
layout convolution_call::preferred_x_layout() const {
  return in_library([&] { return primitive_for(*this, task::back_to_x, samples_of_a_part(*this), false)->preferred_x_layout; });
}

void convolve(const convolution_call& c, const float* kernel, const float* bias, const float* x, float* y,
              const epilogue_chain<float>* epilogue) {
  for_parts(c, [&](std::int64_t, std::int64_t first, std::int64_t samples) {
    const auto p = primitive_for(c, task::forward, samples, bias != nullptr);
    placed w(p->kernel, kernel), in(p->x, x + first * c.x.size()), out(p->y, y + first * c.y.size());
    scratch_memory<char> scratch(p->scratch_bytes + 1);
    if (bias != nullptr)
      p->primitive.run({w.filled(), in.filled(), out.own(), scratch.data(), bias});
    else
      p->primitive.run({w.filled(), in.filled(), out.own(), scratch.data()});
    out.give_back();
    if (epilogue != nullptr) epilogue->run(y + first * c.y.size(), samples * c.y.size());
  });
}

namespace {
/// Windows that one call of the library sums the kernel's gradient over; it adds one after the other
/// (docs/decisions/accuracy-of-sums.md).
constexpr std::int64_t longest_sum = 16384;

std::int64_t windows_of(const convolution_call& c) { return c.y.from(1).size(); }

/// Positions [first, first + count) along a spatial axis of each channel, zeros where they lie outside.
void copy_strip(const float* image, const shape& of, layout data_layout, int axis, std::int64_t first, std::int64_t count,
                float* to) {
  const std::int64_t side_by_side = std::max<std::int64_t>(1, data_layout.block),
                     inner = of.from(2 + axis).size() * side_by_side;
  const std::int64_t outer = of[0] / side_by_side * of.from(1).first(axis).size(), along = of[1 + axis];
  for (std::int64_t o = 0; o < outer; ++o, image += along * inner)
    for (std::int64_t i = first; i < first + count; ++i, to += inner)
      if (i >= 0 && i < along)
        std::copy_n(image + i * inner, inner, to);
      else
        std::fill_n(to, inner, 0.0F);
}

/// The gradient of the kernel for some samples, in one call.
void kernel_gradient(const convolution_call& c, std::int64_t samples, const float* x, const float* dy, float* dkernel) {
  const auto p = primitive_for(c, task::back_to_kernel, samples, false);
  placed w(p->kernel, dkernel), in(p->x, x), out(p->y, dy);
  scratch_memory<char> scratch(p->scratch_bytes + 1);
  const float *const from = in.filled(), *const by = out.filled();
  p->primitive.run({w.own(), from, by, scratch.data()});
  w.give_back();
}
/// The same for one sample, which may have more windows than one call may sum over: strips along the longest spatial axis, cut
/// again if need be, joined pairwise.
void kernel_gradient_by_strips(const convolution_call& c, const float* x, const float* dy, float* dkernel) {
  if (windows_of(c) <= longest_sum) return kernel_gradient(c, 1, x, dy, dkernel);
  const int axis = static_cast<int>(std::max_element(c.y.begin() + 1, c.y.end()) - c.y.begin()) - 1;
  const std::int64_t windows = c.y[1 + axis], most = std::max<std::int64_t>(1, longest_sum / (windows_of(c) / windows));
  const std::int64_t step = c.geometry.step(axis), reach = c.geometry.distance(axis) * (c.kernel[2 + axis] - 1) + 1;
  joined_rows<float> sums(c.kernel.size(), (windows + most - 1) / most);
  for (std::int64_t first = 0; first < windows; first += most) {
    convolution_call strip = c;
    strip.samples = 1;
    strip.y[1 + axis] = std::min(most, windows - first);
    strip.x[1 + axis] = (strip.y[1 + axis] - 1) * step + reach;
    if (strip.geometry.padding.rank > 0) strip.geometry.padding[axis] = 0;
    scratch_memory<float> its_x(strip.x.size()), its_dy(strip.y.size());
    copy_strip(x, c.x, c.x_layout, axis, first * step - c.geometry.pad(axis), strip.x[1 + axis], its_x.data());
    copy_strip(dy, c.y, c.y_layout, axis, first, strip.y[1 + axis], its_dy.data());
    kernel_gradient_by_strips(strip, its_x.data(), its_dy.data(), sums.next());
  }
  std::copy_n(sums.total(), c.kernel.size(), dkernel);
}
}  // namespace

void convolve_vjp(const convolution_call& c, const float* kernel, const float* x, const float* dy,
                  const convolution_gradient& dkernel, const convolution_gradient& dx) {
  const std::int64_t kernel_size = c.kernel.size(), parts = std::min(c.samples, most_parts);
  scratch_memory<float> sums(dkernel.data == nullptr ? 1 : parts * kernel_size);
  const bool by_strips = windows_of(c) > longest_sum;
  const auto some = [&](std::int64_t first, std::int64_t samples, float* kernel_sum) {
    std::shared_ptr<const prepared> has_dy;
    std::optional<placed> its_dy;  // both primitives often want it in one layout
    const auto run = [&](task what, const float* w, const float* in) {
      const auto p = primitive_for(c, what, samples, false);
      const bool to_x = what == task::back_to_x;
      placed its_kernel(p->kernel, w), its_x(p->x, in);
      if (!its_dy || its_dy->data_layout() != p->y.own) {
        its_dy.emplace(p->y, dy + first * c.y.size());
        its_dy->filled();
        has_dy = p;
      }
      scratch_memory<char> scratch(p->scratch_bytes + 1);
      p->primitive.run(
          {to_x ? its_kernel.filled() : its_kernel.own(), to_x ? its_x.own() : its_x.filled(), its_dy->own(), scratch.data()});
      (to_x ? its_x : its_kernel).give_back();
    };
    if (dkernel.data != nullptr && by_strips)
      kernel_gradient_by_strips(c, x + first * c.x.size(), dy + first * c.y.size(), kernel_sum);
    else if (dkernel.data != nullptr)
      run(task::back_to_kernel, kernel_sum, x + first * c.x.size());
    if (dx.data == nullptr) return;
    float* const to = dx.data + first * c.x.size();
    if (!dx.adds) return run(task::back_to_x, kernel, to);
    scratch_memory<float> fresh(samples * c.x.size());
    run(task::back_to_x, kernel, fresh.data());
    add(to, fresh.data(), samples * c.x.size());
  };
  for_parts(c, [&](std::int64_t part, std::int64_t first, std::int64_t samples) {
    float* const kernel_sum = sums.data() + part * kernel_size;
    const std::int64_t most = dkernel.data == nullptr ? samples : std::max<std::int64_t>(1, longest_sum / windows_of(c));
    if (samples <= most) return some(first, samples, kernel_sum);
    joined_rows<float> pieces(kernel_size, (samples + most - 1) / most);
    for (std::int64_t i = 0; i < samples; i += most) some(first + i, std::min(most, samples - i), pieces.next());
    std::copy_n(pieces.total(), kernel_size, kernel_sum);
  });
  if (dkernel.data == nullptr) return;
  if (!dkernel.adds) std::fill_n(dkernel.data, kernel_size, 0.0F);
  for (std::int64_t part = 0; part < parts; ++part) add(dkernel.data, sums.data() + part * kernel_size, kernel_size);
}

}  // namespace axiograd
