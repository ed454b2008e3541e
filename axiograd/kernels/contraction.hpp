#pragma once
// The contraction family: sums of products declared by subscripts ("mk,kn->mn"). One function runs the forward product and
// both VJPs, as plain sums for any number and as GEMM calls for float and double.

#include <algorithm>
#include <axiograd/core/contraction.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/cpu/gemm.hpp>

namespace axiograd {

namespace impl {

/// Axes of one operand: letters outermost first, '*' for all leading axes together.
struct labelled_shape {
  std::array<char, max_rank + 1> letters{};
  std::array<int64_t, max_rank + 1> sizes{};
  int rank = 0;

  labelled_shape(std::string_view axes, const shape& dims) {
    const int sample = static_cast<int>(axes.size());
    if (dims.rank > sample) append('*', dims.first(dims.rank - sample).size());
    for (int axis = 0; axis < sample; ++axis) append(axes[static_cast<std::size_t>(axis)], dims[dims.rank - sample + axis]);
  }
  void append(char letter, int64_t size) {
    letters[static_cast<std::size_t>(rank)] = letter;
    sizes[static_cast<std::size_t>(rank++)] = size;
  }
  /// Stride of a letter, -1 if the operand lacks it.
  int64_t stride(char letter) const {
    int64_t s = 1;
    for (int axis = rank - 1; axis >= 0; --axis) {
      if (letters[static_cast<std::size_t>(axis)] == letter) return s;
      s *= sizes[static_cast<std::size_t>(axis)];
    }
    return -1;
  }
};

/// One axis of the product: its size and its stride in a, b and y (-1: absent).
struct product_axis {
  int64_t size, a, b, y;
};

/// Axes sorted by where they occur. Within a group, neighbours that are one axis in memory are joined.
struct product_plan {
  enum group { batch, rows, columns, summed, groups };
  std::array<std::array<product_axis, max_rank + 1>, groups> axes{};
  std::array<int, groups> count{};

  product_plan(const labelled_shape& a, const labelled_shape& b, const labelled_shape& y) {
    for (const labelled_shape* operand : {&y, &a})
      for (int axis = 0; axis < operand->rank; ++axis) {
        const auto i = static_cast<std::size_t>(axis);
        const char letter = operand->letters[i];
        if (operand == &a && y.stride(letter) >= 0) continue;
        add({operand->sizes[i], a.stride(letter), b.stride(letter), y.stride(letter)});
      }
  }
  void add(const product_axis& x) {
    const group g = x.y < 0 ? summed : x.a < 0 ? columns : x.b < 0 ? rows : batch;
    auto& list = axes[g];
    int& n = count[g];
    if (n > 0) {
      product_axis& last = list[static_cast<std::size_t>(n - 1)];
      const auto continues = [&](int64_t outer, int64_t inner) { return outer < 0 || outer == inner * x.size; };
      if (continues(last.a, x.a) && continues(last.b, x.b) && continues(last.y, x.y)) {
        last = {last.size * x.size, x.a, x.b, x.y};
        return;
      }
    }
    list[static_cast<std::size_t>(n++)] = x;
  }
};

/// Calls body(a, b, y) for every position of the axes of a group, the last one fastest.
template <class F>
void for_each_position(const product_plan& plan, product_plan::group g, int axis, int64_t a, int64_t b, int64_t y,
                       const F& body) {
  if (axis == plan.count[g]) return body(a, b, y);
  const product_axis& x = plan.axes[g][static_cast<std::size_t>(axis)];
  for (int64_t i = 0; i < x.size; ++i)
    for_each_position(plan, g, axis + 1, x.a < 0 ? a : a + i * x.a, x.b < 0 ? b : b + i * x.b, x.y < 0 ? y : y + i * x.y, body);
}

/// Plain sums, the contraction index ascending (contract G4).
template <class T>
void sum_products(const product_plan& plan, const T* a, const T* b, T* y, bool add) {
  using p = product_plan;
  for_each_position(plan, p::batch, 0, 0, 0, 0, [&](int64_t a0, int64_t b0, int64_t y0) {
    for_each_position(plan, p::rows, 0, a0, b0, y0, [&](int64_t a1, int64_t b1, int64_t y1) {
      for_each_position(plan, p::columns, 0, a1, b1, y1, [&](int64_t a2, int64_t b2, int64_t y2) {
        T total(0);
        for_each_position(plan, p::summed, 0, a2, b2, y2,
                          [&](int64_t a3, int64_t b3, int64_t) { total = total + a[a3] * b[b3]; });
        y[y2] = add ? y[y2] + total : total;
      });
    });
  });
}

/// The same through the library where each group is one axis and every operand has a unit stride; false where not.
template <class T>
bool gemm_products(const product_plan& plan, const T* a, const T* b, T* y, bool add) {
  using p = product_plan;
  for (const auto g : {p::rows, p::columns, p::summed})
    if (plan.count[g] > 1) return false;
  const auto axis = [&](p::group g) { return plan.count[g] == 1 ? plan.axes[g][0] : product_axis{1, 1, 1, 1}; };
  const product_axis m = axis(p::rows), n = axis(p::columns), k = axis(p::summed);
  gemm_call<T> call;
  call.m = m.size;
  call.n = n.size;
  call.k = k.size;
  call.add = add;
  if (!call.a.set(m.size, m.a, k.size, k.a) || !call.b.set(k.size, k.b, n.size, n.b)) return false;
  if (!call.y.set(m.size, m.y, n.size, n.y)) return false;
  for_each_position(plan, p::batch, 0, 0, 0, 0, [&](int64_t a0, int64_t b0, int64_t y0) {
    call.a.data = a + a0;
    call.b.data = b + b0;
    call.y.data = y + y0;
    gemm(call);
  });
  return true;
}

}  // namespace impl

/// y (+)= sum over the axes that y lacks of a * b. Axes are named by letters; leading axes by '*'.
template <class T>
[[gnu::noinline]] void multiply(std::string_view a_axes, const view<const T>& a, std::string_view b_axes,
                                const view<const T>& b, std::string_view y_axes, const view<T>& y, bool add) {
  const impl::product_plan plan({a_axes, *a.dims}, {b_axes, *b.dims}, {y_axes, *y.dims});
  if constexpr (has_gemm<T>)
    if (impl::gemm_products(plan, a.data, b.data, y.data, add)) return;
  impl::sum_products(plan, a.data, b.data, y.data, add);
}

namespace impl {
/// Calls body(bias, y, n) for runs of n entries of y that take n neighbouring entries of the bias.
template <class F>
void for_each_bias_run(const contraction& c, const shape& bias_dims, const shape& y_dims, const F& body) {
  const labelled_shape y(c.y_axes(), y_dims), bias(c.bias_subscripts, bias_dims);
  const product_plan plan(bias, bias, y);
  const product_axis& own = plan.axes[product_plan::batch][0];
  const bool is_run = plan.count[product_plan::batch] == 1 && own.a == 1 && own.y == 1;
  for_each_position(plan, product_plan::columns, 0, 0, 0, 0, [&](int64_t, int64_t, int64_t y0) {
    if (is_run) return body(int64_t{0}, y0, own.size);
    for_each_position(plan, product_plan::batch, 0, 0, 0, y0,
                      [&](int64_t b0, int64_t, int64_t at) { body(b0, at, int64_t{1}); });
  });
}
}  // namespace impl

template <class T>
[[gnu::noinline]] void contraction_forward(const contraction& c, const forward_run<T>& run) {
  const auto& a = run.in[static_cast<std::size_t>(c.a)];
  const auto& b = run.in[static_cast<std::size_t>(c.b)];
  const view<const T> bias = c.bias < 0 ? view<const T>{} : run.in[static_cast<std::size_t>(c.bias)];
  if (bias.data != nullptr)  // the bias goes in first, the product adds to it
    impl::for_each_bias_run(c, *bias.dims, *run.y.dims,
                            [&](int64_t from, int64_t to, int64_t n) { std::copy_n(bias.data + from, n, run.y.data + to); });
  multiply(c.a_axes(), a, c.b_axes(), b, c.y_axes(), run.y, bias.data != nullptr);
}

template <class T>
[[gnu::noinline]] void contraction_vjp(const contraction& c, const vjp_run<T>& run) {
  const std::size_t ia = static_cast<std::size_t>(c.a), ib = static_cast<std::size_t>(c.b);
  const view<const T>& a = run.in[ia];
  const view<const T>& b = run.in[ib];
  const view<const T> dy{run.dy, run.y.dims};
  if (run.dx[ia] != nullptr) multiply(c.y_axes(), dy, c.b_axes(), b, c.a_axes(), view<T>{run.dx[ia], a.dims}, run.adds(ia));
  if (run.dx[ib] != nullptr) multiply(c.a_axes(), a, c.y_axes(), dy, c.b_axes(), view<T>{run.dx[ib], b.dims}, run.adds(ib));
  if (c.bias < 0) return;
  T* const dbias = run.dx[static_cast<std::size_t>(c.bias)];
  if (dbias == nullptr) return;
  if (!run.adds(static_cast<std::size_t>(c.bias)))
    std::fill_n(dbias, run.in[static_cast<std::size_t>(c.bias)].dims->size(), T(0));
  impl::for_each_bias_run(c, *run.in[static_cast<std::size_t>(c.bias)].dims, *run.y.dims,
                          [&](int64_t to, int64_t from, int64_t n) {
                            for (int64_t i = 0; i < n; ++i) dbias[to + i] = dbias[to + i] + run.dy[from + i];
                          });
}

// Compiled once (contraction.cpp), not in every operator's unit.
extern template void multiply(std::string_view, const view<const float>&, std::string_view, const view<const float>&,
                              std::string_view, const view<float>&, bool);
extern template void contraction_forward(const contraction&, const forward_run<float>&);
extern template void contraction_vjp(const contraction&, const vjp_run<float>&);
extern template void multiply(std::string_view, const view<const double>&, std::string_view, const view<const double>&,
                              std::string_view, const view<double>&, bool);
extern template void contraction_forward(const contraction&, const forward_run<double>&);
extern template void contraction_vjp(const contraction&, const vjp_run<double>&);

}  // namespace axiograd
