#pragma once
// Max pooling of floating-point planes without a branch for each entry: every place in the window is compared for a whole line
// of windows at a time; windows that lie side by side go through vectors.

#include <axiograd/families/custom.hpp>
#include <axiograd/ops/pooling/parts/native_max_pool.hpp>
#include <axiograd/ops/pooling/parts/windows.hpp>
#include <limits>
#include <optional>

namespace axiograd {

/// The windows of one plane (n...) of a channels-first tensor.
class max_windows {
 public:
  /// x and y: shapes of a sample, (C, n...) and (C, n'...).
  max_windows(const pool_geometry& g, const shape& x, const shape& y)
      : g_(g), x_(x.from(1)), y_(y.from(1)), last_(x_.rank - 1), line_(y_[last_]), tiling_(tiling()) {}
  /// Whether places in a plane fit the 32 bits that they are remembered in.
  bool fits() const { return x_.size() < std::numeric_limits<std::int32_t>::max(); }
  /// Whether channels may lie in blocks.
  bool takes_blocks() const { return tiling_.has_value(); }

  /// y[q] = the largest entry of window q, NaN if there is one.
  template <class T>
  void forward(const T* x, T* y) const {
    if (tiling_) return with_best_isa([&]<isa Set> { native_max_pool<T, Set>::forward(*tiling_, x, y); });
    for_each_line([&](const auto& cells, int64_t q0) {
      T* const best = y + q0;
      std::fill_n(best, line_, -std::numeric_limits<T>::infinity());
      cells([&](int64_t from, index_range q, int64_t step) {
        for (int64_t i = q.begin; i < q.end; ++i) {
          const T value = x[from + i * step];
          best[i] = ((value > best[i]) | (value != value)) ? value : best[i];
        }
      });
    });
  }
  /// dx[place of the first largest entry] += dy[q], where a fresh dx counts as zeros.
  template <class T>
  void vjp(const T* x, const T* y, const T* dy, T* dx, bool fresh) const {
    if (fresh && !(tiling_ && covers_all())) std::fill_n(dx, x_.size(), T(0));
    if (fresh && tiling_) return with_best_isa([&]<isa Set> { native_max_pool<T, Set>::vjp(*tiling_, x, y, dy, dx); });
    scratch_memory<std::int32_t> memory(line_);
    std::int32_t* const winner = memory.data();
    scatter_sums(dx, x_.size(), g_.windows_of_an_entry(), [&](const auto& add) {
      for_each_line([&](const auto& cells, int64_t q0) {
        // Equal entries are met in order: the first one keeps its place.
        std::fill_n(winner, line_, std::int32_t{-1});
        cells([&](int64_t from, index_range q, int64_t step) {
          for (int64_t i = q.begin; i < q.end; ++i) {
            const T value = x[from + i * step], best = y[q0 + i];
            const bool hit = (value == best) | ((value != value) & (best != best));
            winner[i] = (hit & (winner[i] < 0)) ? static_cast<std::int32_t>(from + i * step) : winner[i];
          }
        });
        for (int64_t i = 0; i < line_; ++i) add(winner[i], dy[q0 + i]);
      });
    });
  }
  /// The same for channels in a block.
  template <class T>
  void forward(layout data_layout, const T* x, T* y) const {
    with_best_isa([&]<isa Set> { native_max_pool<T, Set>::forward(*tiling_, data_layout.block, x, y); });
  }
  template <class T>
  void vjp(layout data_layout, const T* x, const T* y, const T* dy, T* dx, bool fresh) const {
    if (fresh && !covers_all()) std::fill_n(dx, x_.size() * data_layout.block, T(0));
    with_best_isa([&]<isa Set> { native_max_pool<T, Set>::vjp(*tiling_, data_layout.block, x, y, dy, dx, !fresh); });
  }

 private:
  std::optional<window_tiling> tiling() const {
    if (last_ > 1 || !window_tiling::fits(g_.kernel[last_])) return std::nullopt;
    for (int axis = 0; axis <= last_; ++axis)
      if (g_.step(axis) != g_.kernel[axis] || g_.pad(axis) != 0) return std::nullopt;
    if (last_ == 0) return window_tiling{1, g_.kernel[0], 1, line_, x_[0]};
    return window_tiling{g_.kernel[0], g_.kernel[1], y_[0], line_, x_[1]};
  }
  bool covers_all() const {
    for (int axis = 0; axis <= last_; ++axis)
      if (x_[axis] != y_[axis] * g_.kernel[axis]) return false;
    return true;
  }
  // Calls body(cells, place of the line in y) for each line of windows along the last axis; cells(visit) calls
  // visit(from, windows, step) for each place in the window, in row-major order: the entry of window i is at from + i step.
  template <class Body>
  void for_each_line(const Body& body) const {
    std::array<index_range, max_rank> rows{};
    int64_t q0 = 0;
    const auto lines = [&](const auto& self, int axis) -> void {
      if (axis < last_) {
        for (int64_t q = 0; q < y_[axis]; ++q) {
          rows[static_cast<std::size_t>(axis)] = g_.range(axis, q, x_[axis]);
          self(self, axis + 1);
        }
        return;
      }
      body(
          [&](const auto& visit) {
            const auto places = [&](const auto& deeper, int a, int64_t from) -> void {
              if (a < last_) {
                const index_range r = rows[static_cast<std::size_t>(a)];
                for (int64_t i = r.begin; i < r.end; ++i) deeper(deeper, a + 1, from + i * x_.stride(a));
                return;
              }
              for (int64_t offset = 0; offset < g_.kernel[last_]; ++offset) {
                const index_range q = windows_inside(offset, x_[last_], g_.step(last_), g_.pad(last_), line_);
                if (q.size() > 0) visit(from + offset - g_.pad(last_), q, g_.step(last_));
              }
            };
            places(places, 0, 0);
          },
          q0);
      q0 += line_;
    };
    lines(lines, 0);
  }

  pool_geometry g_;
  shape x_, y_;
  int last_;
  int64_t line_;
  std::optional<window_tiling> tiling_;  ///< where windows lie side by side
};

/// How the result of max pooling may lie: as the images do.
template <class Op>
std::optional<layout> max_pool_layout_rule(const Op& op, const pool_geometry& g, const shape& images, layout data_layout) {
  const shape x = images.from(1);
  if (images.rank != 2 + g.kernel.rank || !max_windows(g, x, *op.infer_shape(x)).takes_blocks()) return std::nullopt;
  return data_layout;
}

/// Calls body(place in x, place in y) for each plane, or block of planes, on several threads.
template <class F>
void for_planes(work_meter& meter, const shape& x, const shape& y, int64_t samples, layout data_layout, const F& body) {
  const int64_t side_by_side = std::max<int64_t>(1, data_layout.block);
  const int64_t x_plane = x.from(1).size() * side_by_side, y_plane = y.from(1).size() * side_by_side,
                planes = samples * y[0] / side_by_side;
  meter.run_tasks(planes, x_plane, [&](int64_t p) { body(p * x_plane, p * y_plane); });
}

/// Max pooling of a whole tensor, plane by plane; the operator's own loops where places do not fit.
template <class Op, class T>
void max_pool_forward(const Op& op, const pool_geometry& g, const forward_run<T>& run) {
  const impl::sample_layout<Op> at(op, run.in, *run.y.dims);
  const max_windows w(g, at.in[0], at.y);
  if (!w.fits()) return impl::run_sample_forward(op, run);
  const layout data_layout = run.y_layout;
  static work_meter meter;
  for_planes(meter, at.in[0], at.y, at.samples, data_layout, [&](int64_t from, int64_t to) {
    if (data_layout.row_major())
      w.forward(run.in[0].data + from, run.y.data + to);
    else
      w.forward(data_layout, run.in[0].data + from, run.y.data + to);
  });
}
template <class Op, class T>
void max_pool_vjp(const Op& op, const pool_geometry& g, const vjp_run<T>& run) {
  if (run.dx[0] == nullptr) return;
  const layout data_layout = run.input_layout(0);
  if (data_layout != run.y_layout) {  // the smaller ones follow the images
    const int64_t n = run.y.dims->size();
    scratch_memory<T> memory(2 * n);
    T *const y = memory.data(), *const dy = y + n;
    const auto copy = [&](const T* from, T* to) {
      if (data_layout.row_major())
        out_of_blocks(from, to, *run.y.dims, run.y_layout);
      else
        into_blocks(from, to, *run.y.dims, data_layout);
    };
    copy(run.y.data, y);
    copy(run.dy, dy);
    vjp_run<T> alike = run;
    alike.y.data = y;
    alike.dy = dy;
    alike.y_layout = data_layout;
    return max_pool_vjp(op, g, alike);
  }
  const impl::sample_layout<Op> at(op, run.in, *run.y.dims);
  const max_windows w(g, at.in[0], at.y);
  if (!w.fits()) return impl::run_sample_vjp(op, run);
  static work_meter meter;
  for_planes(meter, at.in[0], at.y, at.samples, data_layout, [&](int64_t x, int64_t y) {
    const T *const in = run.in[0].data + x, *const out = run.y.data + y, *const dy = run.dy + y;
    if (data_layout.row_major())
      w.vjp(in, out, dy, run.dx[0] + x, !run.adds(0));
    else
      w.vjp(data_layout, in, out, dy, run.dx[0] + x, !run.adds(0));
  });
}

}  // namespace axiograd
