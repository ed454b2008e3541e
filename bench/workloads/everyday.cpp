// o: operators that models use every day, forward + backward, at sizes of one layer. Not among the workloads that are compared
// unless asked for: `./dev bench --peer torch --only o`.

#include "workload.hpp"

#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/ops.hpp>

namespace axiograd::bench {
namespace {

workload policy(int64_t batch) {
  struct state {
    nn::sequential<nn::linear, nn::relu, nn::linear, nn::relu, nn::linear> model{
        nn::linear{64, 256}, nn::relu{}, nn::linear{256, 256}, nn::relu{}, nn::linear{256, 16}};
    tensor<float> x, y;
  };
  auto s = std::make_shared<state>();
  s->x = data({batch, 64}, 1);
  set_parameters(s->model.parameters());
  s->model.prepack();
  return {[=] { s->y = s->model(s->x); }, [=](digest& d) { d.add(s->y); }};
}

}  // namespace

void add_everyday(workload_list& list) {
  using tensors = std::vector<tensor<float>>;
  // `megabytes`: x -> y, then x or y and dy -> dx, each once.
  const auto add = [&](const char* name, const char* what, double megabytes, const auto& inputs, const auto& f) {
    list.push_back({name, std::string(what) + ", forward + backward", 0, 1e6 * megabytes, 1,
                    [=] { return forward_and_backward(tensors(inputs()), f); }});
  };
  const auto square = [] { return tensors{data({1024, 1024}, 1, 4)}; };
  const auto image = [] { return tensors{data({16, 64, 56, 56}, 1)}; };
  add("o_avg_pool", "avg_pool2d 2x2 of 16x64x56x56", 32, image,
      [](const auto& in) { return avg_pool2d(in[0], {.kernel = 2}); });
  add("o_max_pool", "max_pool2d 2x2 of 16x64x56x56", 45, image,
      [](const auto& in) { return max_pool2d(in[0], {.kernel = 2}); });
  add("o_adaptive_pool", "adaptive_avg_pool to 7x7 of 16x64x56x56", 26, image,
      [](const auto& in) { return adaptive_avg_pool(in[0], {.windows = axis_list{7, 7}}); });
  add("o_cumsum_0", "cumsum along axis 0 of 1024x1024", 17, square, [](const auto& in) { return cumsum(in[0], {.axis = 0}); });
  add("o_cumsum_1", "cumsum along axis 1 of 1024x1024", 17, square, [](const auto& in) { return cumsum(in[0], {.axis = 1}); });
  add("o_softmax_0", "softmax along axis 0 of 1024x1024", 21, square,
      [](const auto& in) { return softmax(in[0], {.axis = 0}); });
  const auto masked = [] {
    tensor<float> x = data({1024, 1024}, 1, 5);
    for (int64_t i = 0; i < 1024; ++i)
      for (int64_t j = i + 1; j < 1024; ++j) x.mutable_data()[i * 1024 + j] = -1e9F;
    return tensors{x};
  };
  add("o_softmax_masked", "softmax of 1024x1024, entries above the diagonal -1e9", 21, masked,
      [](const auto& in) { return softmax(in[0]); });
  add("o_logsumexp_0", "logsumexp along axis 0 of 1024x1024", 13, square,
      [](const auto& in) { return logsumexp(in[0], {.axis = 0}); });
  const auto long_rows = [] { return tensors{data({4, 1 << 20}, 1, 5)}; };
  add("o_softmax_long", "softmax of 4 rows of 1 M floats", 84, long_rows, [](const auto& in) { return softmax(in[0]); });
  add("o_logsumexp_long", "logsumexp of 4 rows of 1 M floats", 50, long_rows,
      [](const auto& in) { return logsumexp(in[0], {.axis = 1}); });
  add("o_variance_long", "variance of 4 rows of 1 M floats", 50, long_rows,
      [](const auto& in) { return variance(in[0], {.axis = 1}); });
  const auto pair = [] { return tensors{data({16, 1 << 20}, 1), data({16, 1 << 20}, 2)}; };
  list.push_back({"o_sum_all", "sum of 16 M floats, forward", 0, 67e6, 1,
                  [] { return forward_only(tensors{data({16, 1 << 20}, 1)}, [](const auto& in) { return sum(in[0]); }); }});
  add("o_mse_all", "mse_loss of 16 M floats", 403, pair, [](const auto& in) { return mse_loss(in[0], in[1]); });
  add("o_bce_all", "bce_with_logits_loss of 16 M floats", 403, pair,
      [](const auto& in) { return bce_with_logits_loss(in[0], in[1]); });
  add("o_reduce_max_1", "reduce_max along axis 1 of 1024x1024", 13, square,
      [](const auto& in) { return reduce_max(in[0], {.axis = 1}); });
  add("o_variance_1", "variance along axis 1 of 1024x1024", 13, square,
      [](const auto& in) { return variance(in[0], {.axis = 1}); });
  add("o_transpose", "transposition of 1024x1024", 17, square,
      [](const auto& in) { return permute(in[0], {.axes = axis_list{1, 0}}); });
  add("o_gelu_erf", "gelu (erf form) of 1 M floats", 21, square, [](const auto& in) { return gelu_erf(in[0]); });
  add(
      "o_group_norm", "group_norm in 8 groups of 16x64x28x28", 16,
      [] { return tensors{data({16, 64, 28, 28}, 1), data({64}, 2), data({64}, 3)}; },
      [](const auto& in) { return group_norm(in[0], in[1], in[2], {.groups = 8}); });
  add(
      "o_rms_norm", "rms_norm of 4096x768", 63, [] { return tensors{data({4096, 768}, 1), data({768}, 2)}; },
      [](const auto& in) { return rms_norm(in[0], in[1], {.epsilon = {1, 100'000}}); });
  add(
      "o_heads", "permutation 8x128x8x64 -> 8x8x128x64", 8, [] { return tensors{data({8, 128, 8, 64}, 1)}; },
      [](const auto& in) { return permute(in[0], {.axes = axis_list{0, 2, 1, 3}}); });
  add(
      "o_concat", "concatenation of two 64x256x64 along axis 1", 34,
      [] { return tensors{data({64, 256, 64}, 1), data({64, 256, 64}, 2)}; },
      [](const auto& in) { return concat(in[0], in[1], {.axis = 1}); });
  add(
      "o_embedding", "4096 of 10000 rows of 256", 21, [] { return tensors{data({10'000, 256}, 1)}; },
      [at = labels({4096}, 2, 10'000)](const auto& in) { return gather_rows(in[0], at); });
  add(
      "o_bmm", "64 products 64x64x64", 6, [] { return tensors{data({64, 64, 64}, 1), data({64, 64, 64}, 2)}; },
      [](const auto& in) { return bmm(in[0], in[1]); });
  add(
      "o_depthwise", "depthwise conv 3x3 of 8x64x56x56", 32,
      [] { return tensors{data({64, 1, 3, 3}, 1), data({64}, 2), data({8, 64, 56, 56}, 3)}; },
      [](const auto& in) { return conv2d(in[0], in[1], in[2], {.padding = {1, 1}, .groups = 64}); });
  add(
      "o_conv_transpose", "conv_transpose 64->32 4x4, stride 2, of 8x64x28x28", 18,
      [] { return tensors{data({64, 32, 4, 4}, 1, 0.1), data({32}, 2), data({8, 64, 28, 28}, 3)}; },
      [](const auto& in) { return conv_transpose2d(in[0], in[1], in[2], {.stride = {2, 2}, .padding = {1, 1}}); });
  for (const int64_t batch : {1, 8, 64}) {
    constexpr double weights = 64 * 256 + 256 * 256 + 256 * 16;
    list.push_back({"o_policy_" + std::to_string(batch),
                    "MLP 64-256-256-16 with packed weights, batch " + std::to_string(batch) + ", evaluated",
                    2 * weights * static_cast<double>(batch), 4 * weights, 1, [=] { return policy(batch); }});
  }
}

}  // namespace axiograd::bench
