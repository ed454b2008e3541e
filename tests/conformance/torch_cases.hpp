#pragma once
// PyTorch's cases run by this library on numbers of one type; included by one unit for each.

// First: operator templates of the library are tried on its number types once they are seen.
#include "check.hpp"

#include <axiograd/axiograd.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

namespace axiograd::conformance {

using nlohmann::json;
template <class T>
double torch_error(const json& c);

template <class T>
using torch_call = std::function<var<T>(const std::vector<var<T>>&, const std::vector<index_tensor>&, const json&)>;

inline axis_list axes_of(const json& j) {
  axis_list l;
  for (const json& x : j) l.append(x.get<int64_t>());
  return l;
}
inline reduction reduction_of(const json& a) { return a.at("reduction") == "sum" ? reduction::sum : reduction::mean; }

/// The operators by the names in the file.
template <class T>
std::map<std::string, torch_call<T>> calls() {
  std::map<std::string, torch_call<T>> m;
  // clang-format off
#define UNARY(name) m[#name] = [](const auto& x, const auto&, const json&) { return name(x[0]); };
  UNARY(abs) UNARY(cos) UNARY(cosh) UNARY(erf) UNARY(erfc) UNARY(exp) UNARY(expm1) UNARY(log) UNARY(log1p) UNARY(neg)
  UNARY(reciprocal) UNARY(sin) UNARY(sinh) UNARY(sqrt) UNARY(square) UNARY(sign) UNARY(tanh) UNARY(sigmoid) UNARY(relu)
  UNARY(silu) UNARY(mish) UNARY(hardswish) UNARY(selu) UNARY(softplus) UNARY(gelu) UNARY(gelu_erf) UNARY(sum)
  UNARY(log_shifted) UNARY(safe_log) UNARY(safe_reciprocal) UNARY(smooth_abs) UNARY(transpose2d)
  UNARY(transpose3d_first_to_last) UNARY(transpose3d_last_to_first) UNARY(transpose3d_last_two)
#undef UNARY
#define BINARY(name) m[#name] = [](const auto& x, const auto&, const json&) { return name(x[0], x[1]); };
  BINARY(add) BINARY(sub) BINARY(mul) BINARY(div) BINARY(maximum) BINARY(minimum) BINARY(pow) BINARY(gt) BINARY(ge) BINARY(eq)
  BINARY(matmul) BINARY(bmm) BINARY(safe_div) BINARY(concat_dim0) BINARY(concat_vectors)
#undef BINARY
#define ALONG(name) \
  m[#name] = [](const auto& x, const auto&, const json& a) { return name(x[0], {.axis = a.at("axis").template get<int>()}); };
                      ALONG(softmax) ALONG(log_softmax) ALONG(logsumexp) ALONG(reduce_sum) ALONG(reduce_mean) ALONG(reduce_max)
                          ALONG(reduce_min) ALONG(cumsum)
#undef ALONG
#define OVER(name, function)                                                                  \
  m[name] = [](const auto& x, const auto&, const json& a) {                                   \
    return function(x[0], over{axes_of(a.at("axes")), a.at("keepdim").template get<bool>()}); \
  };
                              OVER("sum_over", reduce_sum) OVER("mean_over", reduce_mean) OVER("logsumexp_over", logsumexp)
#undef OVER
#define LOSS(name) \
  m[#name] = [](const auto& x, const auto&, const json& a) { return name(x[0], x[1], {.reduction = reduction_of(a)}); };
                                  LOSS(mse_loss) LOSS(mae_loss) LOSS(bce_with_logits_loss) LOSS(cross_entropy_logits)
                                      LOSS(binary_cross_entropy_loss) LOSS(poisson_loss) LOSS(hinge_loss) LOSS(log_cosh_loss)
                                          LOSS(cross_entropy_loss)
#undef LOSS
      // clang-format on
      using X = const std::vector<var<T>>&;
  using I = const std::vector<index_tensor>&;
  const auto number = [](const json& a, const char* name) { return a.at(name).get<double>(); };
  const auto whole = [](const json& a, const char* name) { return a.at(name).get<int>(); };
  m["where"] = [](X x, I, const json&) { return where(x[0], x[1], x[2]); };
  m["elu"] = [=](X x, I, const json& a) { return elu(x[0], {.alpha = number(a, "alpha")}); };
  m["leaky_relu"] = [=](X x, I, const json& a) { return leaky_relu(x[0], {.slope = number(a, "slope")}); };
  m["clamp"] = [=](X x, I, const json& a) { return clamp(x[0], {.lo = number(a, "lo"), .hi = number(a, "hi")}); };
  m["scale"] = [=](X x, I, const json& a) { return scale(x[0], {.factor = number(a, "factor")}); };
  m["variance"] = [=](X x, I, const json& a) {
    return variance(x[0], {.axis = whole(a, "axis"), .correction = whole(a, "correction")});
  };
  m["layer_norm"] = [](X x, I, const json&) { return layer_norm(x[0], x[1], x[2]); };
  m["rms_norm"] = [](X x, I, const json&) { return rms_norm(x[0], x[1]); };
  m["batch_norm"] = [](X x, I, const json&) { return batch_norm(x[0], x[1], x[2]); };
  m["group_norm"] = [=](X x, I, const json& a) { return group_norm(x[0], x[1], x[2], {.groups = whole(a, "groups")}); };
  m["batch_norm_channel_first"] = [](X x, I, const json&) { return batch_norm_channel_first(x[0], x[1], x[2]); };
  m["huber_loss"] = [=](X x, I, const json& a) {
    return huber_loss(x[0], x[1], {.delta = number(a, "delta"), .reduction = reduction_of(a)});
  };
  m["smooth_l1_loss"] = [=](X x, I, const json& a) {
    return smooth_l1_loss(x[0], x[1], {.beta = number(a, "beta"), .reduction = reduction_of(a)});
  };
  m["cross_entropy_labels"] = [=](X x, I i, const json& a) {
    return cross_entropy_logits(x[0], i[0],
                                {.label_smoothing = number(a, "label_smoothing"),
                                 .ignore_index = whole(a, "ignore_index"),
                                 .reduction = reduction_of(a)});
  };
  m["linear"] = [](X x, I, const json&) { return linear(x[0], x[1], x[2]); };
  const auto window = [](const json& a, auto op) {
    op.stride = axes_of(a.at("stride"));
    op.padding = axes_of(a.at("padding"));
    if constexpr (requires { op.dilation; }) {
      op.dilation = axes_of(a.at("dilation"));
      op.groups = a.at("groups").get<int>();
    }
    return op;
  };
  m["conv"] = [=](X x, I, const json& a) { return conv(x[0], x[1], x[2], window(a, conv_op{})); };
  m["conv_transpose"] = [=](X x, I, const json& a) { return conv_transpose(x[0], x[1], x[2], window(a, conv_transpose_op{})); };
  m["max_pool"] = [=](X x, I, const json& a) {
    return max_pool(x[0], window(a, max_pool_op{.kernel = axes_of(a.at("kernel"))}));
  };
  m["avg_pool"] = [=](X x, I, const json& a) {
    return avg_pool(x[0], window(a, avg_pool_op{.kernel = axes_of(a.at("kernel"))}));
  };
  m["adaptive_avg_pool"] = [](X x, I, const json& a) { return adaptive_avg_pool(x[0], {.windows = axes_of(a.at("windows"))}); };
  m["adaptive_max_pool"] = [](X x, I, const json& a) { return adaptive_max_pool(x[0], {.windows = axes_of(a.at("windows"))}); };
  m["scaled_dot_product_attention"] = [](X x, I, const json& a) {
    const scaled_dot_product_attention_op op{.causal = a.at("causal").get<bool>()};
    if (x.size() == 4) return scaled_dot_product_attention(x[0], x[1], x[2], x[3], op);
    return scaled_dot_product_attention(x[0], x[1], x[2], op);
  };
  m["concat"] = [=](X x, I, const json& a) { return concat(x[0], x[1], {.axis = whole(a, "axis")}); };
  m["slice"] = [=](X x, I, const json& a) {
    return slice(x[0],
                 {.axis = whole(a, "axis"), .start = whole(a, "start"), .stop = whole(a, "stop"), .step = whole(a, "step")});
  };
  m["diagonal"] = [=](X x, I, const json& a) {
    return diagonal(x[0], {.axis1 = whole(a, "axis1"), .axis2 = whole(a, "axis2")});
  };
  m["permute"] = [](X x, I, const json& a) { return permute(x[0], {.axes = axes_of(a.at("axes"))}); };
  m["gather_rows"] = [](X x, I i, const json&) { return gather_rows(x[0], i[0]); };
  const auto pair = [](const json& a, const char* name) {
    return extents<2>(a.at(name)[0].get<int64_t>(), a.at(name)[1].get<int64_t>());
  };
  const auto window2d = [=](const json& a, auto op) {
    op.stride = pair(a, "stride");
    op.padding = pair(a, "padding");
    if constexpr (requires { op.dilation; }) {
      op.dilation = pair(a, "dilation");
      op.groups = a.at("groups").get<int>();
    }
    return op;
  };
  m["conv2d"] = [=](X x, I, const json& a) { return conv2d(x[0], x[1], x[2], window2d(a, conv2d_op{})); };
  m["conv_transpose2d"] = [=](X x, I, const json& a) {
    return conv_transpose2d(x[0], x[1], x[2], window2d(a, conv_transpose2d_op{}));
  };
  m["max_pool2d"] = [=](X x, I, const json& a) {
    return max_pool2d(x[0], window2d(a, max_pool2d_op{.kernel = pair(a, "kernel")}));
  };
  m["avg_pool2d"] = [=](X x, I, const json& a) {
    return avg_pool2d(x[0], window2d(a, avg_pool2d_op{.kernel = pair(a, "kernel")}));
  };
  m["smooth_max_pool"] = [=](X x, I, const json& a) {
    return smooth_max_pool(x[0], window(a, smooth_max_pool_op{.kernel = axes_of(a.at("kernel")), .beta = number(a, "beta")}));
  };
  m["smooth_max_pool2d"] = [=](X x, I, const json& a) {
    return smooth_max_pool2d(x[0], window2d(a, smooth_max_pool2d_op{.kernel = pair(a, "kernel"), .beta = number(a, "beta")}));
  };
  m["multi_head_attention"] = [=](X x, I, const json& a) {
    return multi_head_attention(x[0], x[1], x[2], x[3], x[4],
                                {.heads = whole(a, "heads"), .causal = a.at("causal").get<bool>()});
  };
  m["masked_multi_head_attention"] = [=](X x, I i, const json& a) {
    return masked_multi_head_attention(x[0], x[1], x[2], x[3], x[4], i[0],
                                       {.heads = whole(a, "heads"), .causal = a.at("causal").get<bool>()});
  };
  m["rotary"] = [=](X x, I, const json& a) {
    return rotary(x[0],
                  {.base = number(a, "base"), .offset = whole(a, "offset"), .interleaved = a.at("interleaved").get<bool>()});
  };
  m["where_greater"] = [](X x, I, const json&) { return where_greater(x[0], x[1], x[2], x[3]); };
  m["broadcast_to"] = [](X x, I, const json& a) {
    return broadcast_to(x[0], {.dims = axes_of(a.at("dims")), .axes = axes_of(a.at("axes"))});
  };
  m["flatten"] = [=](X x, I, const json& a) { return flatten(x[0], {.start = whole(a, "start")}); };
  m["reshape"] = [](X x, I, const json& a) { return reshape(x[0], {.dims = axes_of(a.at("dims"))}); };
  m["gather_row"] = [=](X x, I, const json& a) { return gather_row(x[0], {.i = whole(a, "i")}); };
  m["gather_scalar"] = [=](X x, I, const json& a) { return gather_scalar(x[0], {.i = whole(a, "i")}); };
  m["gather_scalar_nat"] = [=](X x, I, const json& a) { return gather_scalar_nat(x[0], {.i = whole(a, "i")}); };
  m["gather_vec"] = [](X x, I i, const json&) { return gather_vec(x[0], i[0]); };
  m["scatter_add_row"] = [=](X x, I, const json& a) { return scatter_add_row(x[0], x[1], {.i = whole(a, "i")}); };
  m["scatter_add_vec"] = [=](X x, I, const json& a) { return scatter_add_vec(x[0], x[1], {.i = whole(a, "i")}); };
  m["slice_dim0"] = [=](X x, I, const json& a) {
    return slice_dim0(x[0], {.start = whole(a, "start"), .length = whole(a, "length")});
  };
  m["swap_adjacent_at_depth"] = [=](X x, I, const json& a) {
    return swap_adjacent_at_depth(x[0], {.depth = whole(a, "depth")});
  };
  m["cosine_similarity_loss"] = [=](X x, I, const json& a) {
    return cosine_similarity_loss(x[0], x[1], {.epsilon = {1, static_cast<int64_t>(std::llround(1 / number(a, "epsilon")))}});
  };
  m["stack"] = [=](X x, I, const json& a) { return stack(x, whole(a, "axis")); };
  m["chunk"] = [=](X x, I, const json& a) {
    return chunk(x[0], whole(a, "count"), whole(a, "axis")).at(a.at("piece").get<std::size_t>());
  };
  m["einsum"] = [](X x, I, const json& a) {
    const auto equation = a.at("equation").get<std::string>();
    if (x.size() == 1) return einsum(equation, x[0]);
    if (x.size() == 2) return einsum(equation, x[0], x[1]);
    return einsum(equation, x[0], x[1], x[2]);
  };
  const auto zeros = [](X x) {
    return x[0].where().current_tape().size() > 0
               ? axiograd::impl::constant_beside(x[0], tensor<T>::zeros({x[4].shape()[1], x[1].shape()[1]}))
               : x[0];
  };
  const auto weights = [](X x) { return recurrent_weights<var<T>>{x[0], x[1], x[2], x[3]}; };
  m["rnn"] = [=](X x, I, const json&) {
    auto h = zeros(x);
    return rnn(weights(x), x[4], h);
  };
  m["gru"] = [=](X x, I, const json&) {
    auto h = zeros(x);
    return gru(weights(x), x[4], h);
  };
  m["lstm"] = [=](X x, I, const json&) {
    lstm_state<var<T>> state{zeros(x), zeros(x)};
    return lstm(weights(x), x[4], state);
  };
  return m;
}

template <class T>
tensor<T> tensor_of(const json& j) {
  return tensor<T>::from(axes_of(j.at("shape")), j.at("data").get<std::vector<T>>());
}
/// The largest difference, relative to the largest entry or 1.
template <class T>
double error_of(const tensor<T>& ours, const json& theirs) {
  const auto expected = tensor_of<double>(theirs);
  if (ours.shape() != expected.shape()) return std::numeric_limits<double>::infinity();
  double worst = 0, size = 1;
  for (int64_t i = 0; i < ours.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(ours[i]) - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  return worst / size;
}

/// The largest error of value and gradients in one case.
template <class T>
double torch_error(const json& c) {
  static const auto by_name = calls<T>();
  recording<T> r;
  std::vector<var<T>> x;
  for (const json& in : c.at("inputs")) x.push_back(r.leaf(tensor_of<T>(in)));
  std::vector<index_tensor> indices;
  for (const json& in : c.at("indices")) indices.push_back(tensor_of<int64_t>(in));
  const var<T> y = by_name.at(c.at("op").get<std::string>())(x, indices, c.at("attributes"));
  double error = error_of(y.value(), c.at("y"));
  const auto gradients = grad(sum(mul(y, r.constant(tensor_of<T>(c.at("w"))))), x);
  for (std::size_t k = 0; k < x.size(); ++k) error = std::max(error, error_of(gradients[k], c.at("gradients")[k]));
  return error;
}

}  // namespace axiograd::conformance
