// e, f, h, i: one operator, or one fused lambda.

#include "workload.hpp"

#include <axiograd/operators/evaluate.hpp>
#include <axiograd/operators/program.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/ops.hpp>

namespace axiograd::bench {
namespace {

using tensors = std::vector<tensor<float>>;

// ---- e: convolution
// ------------------------------------------------------------------------------------------------------------

constexpr auto convolve = [](const auto& in) { return conv2d(in[0], in[1], in[2], {.padding = {1, 1}}); };
tensors convolution_inputs() { return {data({64, 64, 3, 3}, 1, 0.05), data({64}, 2), data({8, 64, 56, 56}, 3)}; }

void add_convolution(workload_list& list) {
  constexpr double flops = 2.0 * 8 * 56 * 56 * 64 * 64 * 9, image = 4.0 * 8 * 64 * 56 * 56;
  list.push_back({"e_conv_forward", "conv 64->64 3x3 on 56x56, batch 8, forward", flops, 2 * image, 1,
                  [] { return forward_only(convolution_inputs(), convolve); }});
  list.push_back({"e_conv_backward", "conv 64->64 3x3 on 56x56, batch 8, backward", 2 * flops, 3 * image, 1,
                  [] { return backward_only(convolution_inputs(), convolve); }});
}

// ---- f: rows
// ---------------------------------------------------------------------------------------------------------------------

constexpr auto take_softmax = [](const auto& in) { return softmax(in[0]); };
constexpr auto take_log_softmax = [](const auto& in) { return log_softmax(in[0]); };

workload loss_of_logits(int64_t rows, int64_t classes) {
  return forward_and_backward(tensors{data({rows, classes}, 1, 5)}, [target = labels({rows}, 2, classes)](const auto& in) {
    return cross_entropy_labels(in[0], target);
  });
}
workload sum_over(int axis) {
  return forward_only(tensors{data({4096, 4096}, 1)}, [axis](const auto& in) { return reduce_sum(in[0], {.axis = axis}); });
}

void add_rows(workload_list& list) {
  constexpr double square = 4.0 * 1024 * 1024, wide = 4.0 * 64 * 50257, norm = 4.0 * 4096 * 768, large = 4.0 * (1 << 24);
  // Forward x -> y; backward y, dy -> dx.
  list.push_back({"f_softmax_forward", "softmax 1024x1024, forward", 0, 2 * square, 1,
                  [] { return forward_only(tensors{data({1024, 1024}, 1, 5)}, take_softmax); }});
  list.push_back({"f_softmax", "softmax 1024x1024, forward + backward", 0, 5 * square, 1,
                  [] { return forward_and_backward(tensors{data({1024, 1024}, 1, 5)}, take_softmax); }});
  list.push_back({"f_log_softmax", "log_softmax 1024x1024, forward + backward", 0, 5 * square, 1,
                  [] { return forward_and_backward(tensors{data({1024, 1024}, 1, 5)}, take_log_softmax); }});
  list.push_back({"f_log_softmax_wide", "log_softmax 64x50257, forward + backward", 0, 5 * wide, 1,
                  [] { return forward_and_backward(tensors{data({64, 50257}, 1, 5)}, take_log_softmax); }});
  // x -> dx in one pass.
  list.push_back({"f_cross_entropy", "cross-entropy of logits and labels 1024x1024, forward + backward", 0, 2 * square, 1,
                  [] { return loss_of_logits(1024, 1024); }});
  list.push_back({"f_cross_entropy_wide", "cross-entropy of logits and labels 64x50257, forward + backward", 0, 2 * wide, 1,
                  [] { return loss_of_logits(64, 50257); }});
  list.push_back({"f_layer_norm", "layer_norm 4096x768, forward + backward", 0, 5 * norm, 1, [] {
                    return forward_and_backward(tensors{data({4096, 768}, 1), data({768}, 2), data({768}, 3)},
                                                [](const auto& in) { return layer_norm(in[0], in[1], in[2]); });
                  }});
  list.push_back({"f_gelu", "gelu (tanh form) of 16 M floats, forward", 0, 2 * large, 1,
                  [] { return forward_only(tensors{data({1 << 24}, 1, 4)}, [](const auto& in) { return gelu(in[0]); }); }});
  list.push_back({"f_sum_axis0", "sum over axis 0 of 4096x4096, forward", 0, large, 1, [] { return sum_over(0); }});
  list.push_back({"f_sum_axis1", "sum over axis 1 of 4096x4096, forward", 0, large, 1, [] { return sum_over(1); }});
}

// ---- h: products
// -----------------------------------------------------------------------------------------------------------------

void add_products(workload_list& list) {
  for (const int64_t n : {64, 256, 1024, 2048}) {
    const auto size = static_cast<double>(n);
    const std::string digits = std::to_string(n);
    list.push_back({"h_matmul_" + digits, "matmul " + digits + "x" + digits + ", forward + backward", 6 * size * size * size,
                    4 * 6 * size * size, 1, [n] {
                      return forward_and_backward(tensors{data({n, n}, 1), data({n, n}, 2)},
                                                  [](const auto& in) { return matmul(in[0], in[1]); });
                    }});
  }
}

// ---- i: a chain to fuse
// ------------------------------------------------------------------------------------------------------------

constexpr auto chain = [](const auto& in) {
  return map([](auto x, auto a, auto b) { return gelu(x * a + b) * tanh(x); }, in[0], in[1], in[2]);
};
tensors chain_inputs() { return {data({1 << 22}, 1, 2), data({1 << 22}, 2), data({1 << 22}, 3)}; }

void add_fused(workload_list& list) {
  constexpr double array = 4.0 * (1 << 22);
  list.push_back({"i_fused_forward", "gelu(x*a+b)*tanh(x), 4 M floats, forward", 0, 4 * array, 1,
                  [] { return forward_only(chain_inputs(), chain); }});
  list.push_back({"i_fused", "gelu(x*a+b)*tanh(x), 4 M floats, forward + backward", 0, 11 * array, 1,
                  [] { return forward_and_backward(chain_inputs(), chain); }});
}

}  // namespace

void add_operators(workload_list& list) {
  add_convolution(list);
  add_rows(list);
  add_products(list);
  add_fused(list);
}

}  // namespace axiograd::bench
