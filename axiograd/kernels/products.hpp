#pragma once
// Sums of products declared by subscripts ("mk,kn->mn"), as plain sums for any number and as GEMM calls for float and double.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/block_sum.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/column_sums.hpp>
#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/parallel.hpp>

namespace axiograd {

namespace impl {

/// Which axes of a product's operands are the same: what the subscripts say, read once, in the compiler.
struct product_pattern {
  /// A letter: the axis of each operand, counted from the innermost one; -1: absent.
  struct letter {
    int a, b, y;
  };
  static constexpr int most = 2 * max_rank;
  std::array<letter, static_cast<std::size_t>(most)> letters{};  ///< y's axes outermost first, then those that a alone has
  int in_y = 0, count = 0;
  int a_rank = 0, b_rank = 0, y_rank = 0;  ///< of samples

  constexpr product_pattern() = default;
  constexpr product_pattern(std::string_view a, std::string_view b, std::string_view y)
      : a_rank(static_cast<int>(a.size())), b_rank(static_cast<int>(b.size())), y_rank(static_cast<int>(y.size())) {
    const auto axis = [](std::string_view axes, char name) {
      const auto at = axes.find(name);
      return at == std::string_view::npos ? -1 : static_cast<int>(axes.size() - 1 - at);
    };
    for (const char name : y) letters[static_cast<std::size_t>(count++)] = {axis(a, name), axis(b, name), axis(y, name)};
    in_y = count;
    for (const char name : a)
      if (axis(y, name) < 0) letters[static_cast<std::size_t>(count++)] = {axis(a, name), axis(b, name), -1};
  }
};

/// One axis of the product: its size and its stride in a, b and y (-1: absent).
struct product_axis {
  int64_t size, a, b, y;
};

/// Axes sorted by where they occur. Within a group, neighbours that are one axis in memory are joined; so are leading axes.
struct product_plan {
  enum group { batch, rows, columns, summed, groups };
  std::array<std::array<product_axis, max_rank + 1>, groups> axes;
  std::array<int, groups> count{};

  product_plan(const product_pattern& pattern, const shape& a_dims, const shape& b_dims, const shape& y_dims) {
    const strides a(a_dims, pattern.a_rank), b(b_dims, pattern.b_rank), y(y_dims, pattern.y_rank);
    if (y.leading >= 0) add({y.leading_size, a.leading, b.leading, y.leading});
    for (int i = 0; i < pattern.in_y; ++i) {
      const product_pattern::letter& l = pattern.letters[static_cast<std::size_t>(i)];
      add({y_dims[y_dims.rank - 1 - l.y], a.of(l.a), b.of(l.b), y.of(l.y)});
    }
    if (a.leading >= 0 && y.leading < 0) add({a.leading_size, a.leading, b.leading, -1});
    for (int i = pattern.in_y; i < pattern.count; ++i) {
      const product_pattern::letter& l = pattern.letters[static_cast<std::size_t>(i)];
      add({a_dims[a_dims.rank - 1 - l.a], a.of(l.a), b.of(l.b), -1});
    }
  }
  /// How many positions the axes of a group have.
  int64_t positions(group g) const {
    int64_t n = 1;
    for (int i = 0; i < count[g]; ++i) n *= axes[g][static_cast<std::size_t>(i)].size;
    return n;
  }
  struct offsets {
    int64_t a = 0, b = 0, y = 0;
  };
  /// Where position `index` of a group lies in the operands, the last axis fastest.
  offsets position(group g, int64_t index) const {
    offsets at;
    for (int i = count[g]; i-- > 0;) {
      const product_axis& x = axes[g][static_cast<std::size_t>(i)];
      const int64_t here = i == 0 ? index : index % x.size;
      if (x.a >= 0) at.a += here * x.a;
      if (x.b >= 0) at.b += here * x.b;
      if (x.y >= 0) at.y += here * x.y;
      index /= x.size;
    }
    return at;
  }

 private:
  /// Distances between neighbours of one operand; leading axes count as one.
  struct strides {
    std::array<int64_t, max_rank> axis;  // from the innermost one
    int64_t leading = -1, leading_size = 1;

    strides(const shape& dims, int sample_rank) {
      int64_t step = 1;
      for (int i = 0; i < sample_rank; ++i) {
        axis[static_cast<std::size_t>(i)] = step;
        step *= dims[dims.rank - 1 - i];
      }
      if (dims.rank == sample_rank) return;
      leading = step;
      for (int i = 0; i < dims.rank - sample_rank; ++i) leading_size *= dims[i];
    }
    int64_t of(int i) const { return i < 0 ? -1 : axis[static_cast<std::size_t>(i)]; }
  };
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

/// Plain sums by blocks, in them the contraction index ascending (contract G4).
template <class T>
void sum_products(const product_plan& plan, const T* a, const T* b, T* y, bool add) {
  using p = product_plan;
  const int64_t terms = plan.positions(p::summed);
  for_each_position(plan, p::batch, 0, 0, 0, 0, [&](int64_t a0, int64_t b0, int64_t y0) {
    for_each_position(plan, p::rows, 0, a0, b0, y0, [&](int64_t a1, int64_t b1, int64_t y1) {
      for_each_position(plan, p::columns, 0, a1, b1, y1, [&](int64_t a2, int64_t b2, int64_t y2) {
        const T total = sum_of<T>(terms, [&](const auto& term) {
          for_each_position(plan, p::summed, 0, a2, b2, y2, [&](int64_t a3, int64_t b3, int64_t) { term(a[a3] * b[b3]); });
        });
        y[y2] = add ? y[y2] + total : total;
      });
    });
  });
}

/// Multiply-adds that are worth a thread: about 20 us.
inline constexpr int64_t block_of_products = int64_t{1} << 21;

/// Where the operands lie, if their entries never change.
struct constant_operands {
  memory_chunk *a = nullptr, *b = nullptr;
};

/// The same through the library where each group is one axis and every operand has a unit stride; false where not.
template <class T>
bool gemm_products(const product_plan& plan, const T* a, const T* b, T* y, bool add, const epilogue_chain<T>* epilogue,
                   const constant_operands& constant) {
  using p = product_plan;
  for (const auto g : {p::rows, p::columns, p::summed})
    if (plan.count[g] > 1) return false;
  static constexpr product_axis one_position{1, 1, 1, 1};
  const auto axis = [&](p::group g) -> const product_axis& { return plan.count[g] == 1 ? plan.axes[g][0] : one_position; };
  const product_axis &m = axis(p::rows), &n = axis(p::columns), &k = axis(p::summed);
  gemm_call<T> call;
  call.m = m.size;
  call.n = n.size;
  call.k = k.size;
  call.add = add;
  call.epilogue = epilogue;
  if (!call.a.set(m.size, m.a, k.size, k.a) || !call.b.set(k.size, k.b, n.size, n.b)) return false;
  if (!call.y.set(m.size, m.y, n.size, n.y)) return false;
  if (plan.count[p::batch] == 0) {
    call.a.data = a;
    call.b.data = b;
    call.y.data = y;
    call.a.constant = constant.a;
    call.b.constant = constant.b;
    gemm(call);
    return true;
  }
  // A batch is cut into blocks that are worth a thread; a few large products share the threads one after another. Each product
  // is the same wherever it runs.
  const int64_t batch = plan.positions(p::batch), work = std::max<int64_t>(1, m.size * n.size * k.size);
  const int64_t block = std::max<int64_t>(1, batch < 8 && work >= 4 * block_of_products ? batch : block_of_products / work);
  parallel_for((batch + block - 1) / block, [&](int64_t first) {
    gemm_call<T> one = call;
    for (int64_t i = first * block; i < std::min(batch, (first + 1) * block); ++i) {
      const auto at = plan.position(p::batch, i);
      one.a.data = a + at.a;
      one.b.data = b + at.b;
      one.y.data = y + at.y;
      gemm(one);
    }
  });
  return true;
}

/// y (+)= sum over the axes that y lacks of a * b, and what follows.
template <class T>
[[gnu::noinline]] void multiply(const product_pattern& pattern, const view<const T>& a, const view<const T>& b,
                                const view<T>& y, bool add, const epilogue_chain<T>* epilogue = nullptr,
                                const constant_operands& constant = {}) {
  const product_plan plan(pattern, *a.dims, *b.dims, *y.dims);
  if constexpr (has_gemm<T>)
    if (gemm_products(plan, a.data, b.data, y.data, add, epilogue, constant)) return;
  sum_products(plan, a.data, b.data, y.data, add);
  if (epilogue != nullptr) epilogue->run(y.data, y.dims->size());
}

/// Calls body(bias, y, n) for runs of n entries of y that take n neighbouring entries of the bias.
template <class F>
void for_each_bias_run(const product_pattern& pattern, const shape& bias, const shape& y, const F& body) {
  const product_plan plan(pattern, bias, bias, y);
  const product_axis& own = plan.axes[product_plan::batch][0];
  const bool is_run = plan.count[product_plan::batch] == 1 && own.a == 1 && own.y == 1;
  for_each_position(plan, product_plan::columns, 0, 0, 0, 0, [&](int64_t, int64_t, int64_t y0) {
    if (is_run) return body(int64_t{0}, y0, own.size);
    for_each_position(plan, product_plan::batch, 0, 0, 0, y0,
                      [&](int64_t b0, int64_t, int64_t at) { body(b0, at, int64_t{1}); });
  });
}

/// dbias (+)= dy summed over the axes that the bias lacks.
template <class T>
void add_row_sums(const product_pattern& pattern, const shape& bias, const view<const T>& dy, T* dbias, bool adds) {
  const int64_t n = bias.size(), rows = n == 0 ? 0 : dy.dims->size() / n;
  if constexpr (std::floating_point<T>)
    if (rows > 0 && pattern.a_rank == 1 && pattern.y_rank == 1) {            // dy is rows, each as long as the bias
      if (!adds && rows <= sum_block && n * rows <= work_meter::shortest) {  // the same sums at a third of the cost
        std::copy_n(dy.data, n, dbias);
        return add_rows(dy.data + n, n, rows - 1, n, dbias);
      }
      static work_meter meter;
      if (!adds) return sum_columns(meter, dy.data, 1, rows, n, dbias);
      scratch_memory<T> sums(n);
      sum_columns(meter, dy.data, 1, rows, n, sums.data());
      for (int64_t i = 0; i < n; ++i) dbias[i] = dbias[i] + sums.data()[i];
      return;
    }
  if (!adds) std::fill_n(dbias, n, T(0));
  for_each_bias_run(pattern, bias, *dy.dims, [&](int64_t to, int64_t from, int64_t count) {
    for (int64_t i = 0; i < count; ++i) dbias[to + i] = dbias[to + i] + dy.data[from + i];
  });
}
}  // namespace impl

// Compiled once (products.cpp), not in every operator's unit.
extern template void impl::multiply(const impl::product_pattern&, const view<const float>&, const view<const float>&,
                                    const view<float>&, bool, const epilogue_chain<float>*, const constant_operands&);
extern template void impl::multiply(const impl::product_pattern&, const view<const double>&, const view<const double>&,
                                    const view<double>&, bool, const epilogue_chain<double>*, const constant_operands&);

}  // namespace axiograd
