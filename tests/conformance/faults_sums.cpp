// Right operators with one long sum that adds one term after the other.

#include <algorithm>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/reduction/cumsum.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/ops/shape/broadcast_to.hpp>
#include <utility>

#include "faults.hpp"

namespace axiograd::conformance {
namespace {

template <class Op>
const subject& right = subject_of<Op>();

template <class Op>
fault with(const char* what, void (*plant)(subject&)) {
  fault f{what, "long_sums", subject_of<Op>()};
  plant(f.planted);
  return f;
}

}  // namespace

std::vector<fault> sum_faults() {
  return {with<cumsum_op>("cumsum: totals without what rounding takes away",
                          [](subject& s) {
                            s.f32.chosen.forward = [](const void* op, const forward_run<float>& run) {
                              const shape& x = *run.in[0].dims;
                              const int axis = static_cast<const cumsum_op*>(op)->axis;
                              const int64_t n = x[axis], inner = x.stride(axis);
                              for (int64_t i = 0; i < x.size(); ++i) {
                                const float before = i / inner % n == 0 ? 0.0F : run.y.data[i - inner];
                                run.y.data[i] = before + run.in[0].data[i];
                              }
                            };
                          }),
          with<linear_op>("linear: the bias's gradient adds row by row",
                          [](subject& s) {
                            s.f32.chosen.vjp = [](const void* op, const vjp_run<float>& run) {
                              std::vector<float*> dx(run.dx.begin(), run.dx.end());
                              float* const dbias = std::exchange(dx[1], nullptr);
                              right<linear_op>.f32.chosen.vjp(op, {run.in, run.side, run.y, run.dy, dx, run.fresh});
                              if (dbias == nullptr) return;
                              const int64_t n = run.in[1].dims->size();
                              for (int64_t i = 0; i < run.y.dims->size(); ++i) dbias[i % n] += run.dy[i];
                            };
                          }),
          with<broadcast_to_op>(
              "broadcast_to: the gradient adds one repeated entry after the other",
              [](subject& s) {
                s.f32.chosen.vjp = [](const void* op, const vjp_run<float>& run) {
                  const shape in[]{*run.in[0].dims};
                  static_cast<const broadcast_to_op*>(op)->copies(in, *run.y.dims, [&](const strided_copy& m) {
                    for (int64_t i = 0; i < m.box.size(); ++i) {
                      int64_t from = m.from;
                      for (int axis = 0; axis < m.box.rank; ++axis)
                        from += i / m.box.stride(axis) % m.box[axis] * m.from_stride[static_cast<std::size_t>(axis)];
                      run.dx[0][from] += run.dy[i];
                    }
                  });
                };
              }),
          with<reduce_sum_op>("reduce_sum: columns add row by row", [](subject& s) {
            s.f32.chosen.forward = [](const void* op, const forward_run<float>& run) {
              const shape& x = *run.in[0].dims;
              const int axis = static_cast<const reduce_sum_op*>(op)->axis;
              const int64_t n = x[axis], inner = x.stride(axis);
              std::fill_n(run.y.data, run.y.dims->size(), 0.0F);
              for (int64_t i = 0; i < x.size(); ++i) run.y.data[i / (n * inner) * inner + i % inner] += run.in[0].data[i];
            };
          })};
}

}  // namespace axiograd::conformance
