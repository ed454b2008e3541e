// Right operators with one wrong kernel.

#include <algorithm>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/maximum.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/convolution/conv2d.hpp>
#include <axiograd/ops/indexing/slice_dim0.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/pooling/avg_pool2d.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <bit>

#include "faults.hpp"

namespace axiograd::conformance {
namespace {

template <class Op>
const subject& right = subject_of<Op>();

template <class Op>
fault with(const char* what, const char* caught_by, void (*plant)(subject&)) {
  fault f{what, caught_by, subject_of<Op>()};
  plant(f.planted);
  return f;
}

}  // namespace

std::vector<fault> kernel_faults() {
  return {with<slice_dim0_op>("slice_dim0: float reads one entry too far left", "integer_kernels",
                              [](subject& s) {
                                s.f32.chosen.forward = [](const void* op, const forward_run<float>& run) {
                                  right<slice_dim0_op>.f32.chosen.forward(op, run);
                                  std::rotate(run.y.data, run.y.data + run.y.dims->size() / 2, run.y.data + run.y.dims->size());
                                };
                              }),
          with<add_op>("add: AVX2 writes one entry too many", "integer_kernels",
                       [](subject& s) {
                         s.f32.sets[1].forward = [](const void* op, const forward_run<float>& run) {
                           right<add_op>.f32.sets[0].forward(op, run);
                           run.y.data[run.y.dims->size()] = 1;
                         };
                       }),
          with<matmul_op>("matmul: double forgets the last sum of a gradient", "integer_kernels",
                          [](subject& s) {
                            s.f64.chosen.vjp = [](const void* op, const vjp_run<double>& run) {
                              right<matmul_op>.f64.chosen.vjp(op, run);
                              if (run.dx[1] != nullptr && run.in[1].dims->size() > 0) run.dx[1][run.in[1].dims->size() - 1] = 0;
                            };
                          }),
          with<matmul_op>("matmul: every sample of a batch gives the first one's result", "leading_axes",
                          [](subject& s) {
                            s.field.forward = [](const void* op, const forward_run<probe>& run) {
                              right<matmul_op>.field.forward(op, run);
                              const int64_t sample = run.y.dims->last(2).size();
                              for (int64_t i = sample; i < run.y.dims->size(); ++i) run.y.data[i] = run.y.data[i - sample];
                            };
                          }),
          with<linear_op>("linear: the VJP overwrites the bias's gradient", "gradients_add",
                          [](subject& s) {
                            s.field.vjp = [](const void* op, const vjp_run<probe>& run) {
                              if (run.dx[1] != nullptr) std::fill_n(run.dx[1], run.in[1].dims->size(), probe(0));
                              right<linear_op>.field.vjp(op, run);
                            };
                          }),
          with<sub_op>("sub: no gradient at all when one is unwanted", "gradients_add",
                       [](subject& s) {
                         s.f32.chosen.vjp = [](const void* op, const vjp_run<float>& run) {
                           if (run.dx[0] != nullptr && run.dx[1] != nullptr) right<sub_op>.f32.chosen.vjp(op, run);
                         };
                       }),
          with<softmax_op>("softmax: the VJP adds to a gradient that holds nothing yet", "gradients_add",
                           [](subject& s) {
                             s.f32.chosen.vjp = [](const void* op, const vjp_run<float>& run) {
                               right<softmax_op>.f32.chosen.vjp(op, {run.in, run.side, run.y, run.dy, run.dx});
                             };
                           }),
          with<softmax_op>("softmax: threads that share a row forget its end", "threads",
                           [](subject& s) {
                             s.f32.chosen.forward = [](const void* op, const forward_run<float>& run) {
                               right<softmax_op>.f32.chosen.forward(op, run);
                               const int64_t n = run.y.dims->size();
                               if (num_threads() > 1 && n >= 1 << 18) run.y.data[n - 1] = 0;
                             };
                           }),
          with<sum_op>("sum: depends on the number of threads", "threads",
                       [](subject& s) {
                         s.f32.chosen.forward = [](const void* op, const forward_run<float>& run) {
                           right<sum_op>.f32.chosen.forward(op, run);
                           *run.y.data *= 1 + 1e-6F * static_cast<float>(num_threads());
                         };
                       }),
          with<exp_op>("exp: AVX-512 differs in the last bit", "instruction_sets",
                       [](subject& s) {
                         s.f32.sets[2].forward = [](const void* op, const forward_run<float>& run) {
                           right<exp_op>.f32.chosen.forward(op, run);
                           for (int64_t i = 0; i < run.y.dims->size(); ++i)
                             run.y.data[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(run.y.data[i]) ^ 1u);
                         };
                       }),
          with<maximum_op>("maximum: SIMD drops a NaN", "special_values",
                           [](subject& s) {
                             s.f32.chosen.forward = [](const void*, const forward_run<float>& run) {
                               for (int64_t i = 0; i < run.y.dims->size(); ++i)
                                 run.y.data[i] = std::max(run.in[1].data[i], run.in[0].data[i]);
                             };
                           }),
          with<sigmoid_op>("sigmoid: the interval is its midpoint", "containment",
                           [](subject& s) {
                             s.intervals.forward = [](const void* op, const forward_run<interval>& run) {
                               right<sigmoid_op>.intervals.forward(op, run);
                               for (int64_t i = 0; i < run.y.dims->size(); ++i)
                                 run.y.data[i] = interval(run.y.data[i].midpoint());
                             };
                           }),
          with<reshape_op>("reshape: an affine map is not linear", "family_laws",
                           [](subject& s) {
                             s.field.forward = [](const void* op, const forward_run<probe>& run) {
                               right<reshape_op>.field.forward(op, run);
                               if (run.y.dims->size() > 0) run.y.data[0] = run.y.data[0] + probe(1);
                             };
                           }),
          with<max_pool2d_op>("max_pool2d: at a tie the last maximum gets the gradient", "special_points",
                              [](subject& s) {
                                s.f64.plain.vjp = [](const void* op, const vjp_run<double>& run) {
                                  std::vector<double> x(run.in[0].data, run.in[0].data + run.in[0].dims->size());
                                  for (std::size_t i = 0; i < x.size(); ++i) x[i] += 1e-12 * static_cast<double>(i);
                                  const view<const double> in[]{{x.data(), run.in[0].dims}};
                                  right<max_pool2d_op>.f64.plain.vjp(op, {in, run.side, run.y, run.dy, run.dx});
                                };
                              }),
          with<avg_pool2d_op>("avg_pool2d: the VJP gives the whole cotangent to each entry", "exact_adjoint",
                              [](subject& s) {
                                s.field.vjp = [](const void* op, const vjp_run<probe>& run) {
                                  std::vector<probe> dy(run.dy, run.dy + run.y.dims->size());
                                  for (probe& g : dy) g = g * probe(4);
                                  right<avg_pool2d_op>.field.vjp(op, {run.in, run.side, run.y, dy.data(), run.dx});
                                };
                              }),
          with<conv2d_op>("conv2d: the VJP takes the kernel flipped", "exact_adjoint", [](subject& s) {
            s.field.vjp = [](const void* op, const vjp_run<probe>& run) {
              std::vector<view<const probe>> in(run.in.begin(), run.in.end());
              std::vector<probe> flipped(in[0].data, in[0].data + in[0].dims->size());
              std::reverse(flipped.begin(), flipped.end());
              in[0].data = flipped.data();
              right<conv2d_op>.field.vjp(op, {in, run.side, run.y, run.dy, run.dx});
            };
          })};
}

}  // namespace axiograd::conformance
