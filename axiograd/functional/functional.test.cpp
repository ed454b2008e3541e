// Functions composed of operators: shapes, errors, builders. Values and gradients are compared with PyTorch in tests/torch.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/functional/attention.hpp>
#include <axiograd/functional/einsum.hpp>
#include <axiograd/functional/order.hpp>
#include <axiograd/functional/random.hpp>
#include <axiograd/functional/recurrent.hpp>
#include <axiograd/nn/normalization.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/ops/attention/rotary.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/normalization/log_softmax.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/reduction/logsumexp.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <cmath>
#include <gtest/gtest.h>

using namespace axiograd;

namespace {

using numbers = tensor<double>;
const numbers x = numbers::from({2, 3}, {1, 5, 3, 4, 2, 6});

/// The kind and the text of the failure that f throws.
template <class F>
void expect_failure(error_kind kind, const std::string& part, const F& f) {
  try {
    f();
    ADD_FAILURE() << "no failure: " << part;
  } catch (const failure& e) {
    EXPECT_EQ(e.kind(), kind);
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(functional, axes_come_and_go) {
  EXPECT_EQ(unsqueeze(x, 1).shape(), (shape{2, 1, 3}));
  EXPECT_EQ(squeeze(unsqueeze(x, 0), 0), x);
  EXPECT_EQ(transpose(x, 0, 1)(2, 1), 6);
  expect_failure(error_kind::invalid_axis, "squeeze: axis 1 of shape (2,3) does not have extent 1", [] { squeeze(x, 1); });
  expect_failure(error_kind::invalid_axis, "unsqueeze: axis 3", [] { unsqueeze(x, 3); });
  expect_failure(error_kind::invalid_axis, "transpose: axes 0 and 2", [] { transpose(x, 0, 2); });
}

TEST(functional, slices_along_the_first_axis_are_those_along_the_last) {
  // Short ones run across neighbours, partly filled vectors included; those above 65,536 numbers one by one.
  for (const shape& dims : {shape{1, 5}, shape{40, 1}, shape{33, 19}, shape{3, 1000}, shape{66'000, 3}}) {
    const tensor<float> along = random_normal<float>({dims[1], dims[0]}, {seed{7}, 0}),
                        weights = random_normal<float>({dims[1], dims[0]}, {seed{8}, 0});
    const auto both = [&](int axis, const tensor<float>& in, const tensor<float>& by) {
      recording<float> r;
      const auto v = r.leaf(in);
      const auto y = softmax(v, {.axis = axis});
      const auto loss =
          sum(y * r.constant(by)) + sum(logsumexp(v, {.axis = axis})) + sum(log_softmax(v, {.axis = axis}) * 0.5F);
      return std::pair{y.value(), grad(loss, {v})[0]};
    };
    const auto [y, dx] = both(1, along, weights);
    const auto [y_across, dx_across] = both(0, transpose(along, 0, 1), transpose(weights, 0, 1));
    const tensor<float> back = transpose(y_across, 0, 1), dback = transpose(dx_across, 0, 1);
    for (int64_t i = 0; i < y.size(); ++i) {
      ASSERT_NEAR(back.data()[i], y.data()[i], 1e-5F * y.data()[i]) << dims[0] << " x " << dims[1];
      ASSERT_NEAR(dback.data()[i], dx.data()[i], 1e-5F) << dims[0] << " x " << dims[1];
    }
  }
}

TEST(functional, joining_undoes_cutting) {
  for (const int axis : {0, 1})
    for (const int64_t length : {1, 2, 5}) EXPECT_EQ(cat(split(x, length, axis), axis), x);
  EXPECT_EQ(chunk(numbers::zeros({7}), 3).size(), 3u);
  EXPECT_EQ(chunk(numbers::zeros({7}), 3).back().shape(), shape{1});
  EXPECT_EQ(stack({x, x, x}, 2).shape(), (shape{2, 3, 3}));
  expect_failure(error_kind::invalid_parameter, "cat: there are no tensors", [] { cat(std::vector<numbers>{}); });
  expect_failure(error_kind::shape_mismatch, "concat", [] { cat({x, numbers::zeros({2, 2})}); });
  expect_failure(error_kind::invalid_parameter, "split: pieces of length 0", [] { split(x, 0); });
  expect_failure(error_kind::index_out_of_range, "slice", [] { select_index(x, 1, 3); });
}

TEST(functional, reductions_over_sets_of_axes) {
  EXPECT_EQ(reduce_sum(x, over{}).item(), 21);
  EXPECT_EQ(reduce_sum(x, over{{0}, true}), numbers::from({1, 3}, {5, 7, 9}));
  EXPECT_EQ(reduce_max(x, over{{1}}), numbers::from({2}, {5, 6}));
  EXPECT_EQ(reduce_min(x, over{{0, 1}, true}).shape(), (shape{1, 1}));
  EXPECT_EQ(mean(x).item(), 3.5);
  EXPECT_EQ(variance(numbers::full({4}, 1e15 / 3), over{}).item(), 0);
  expect_failure(error_kind::invalid_axis, "reduce_sum: axis 0 is out of range or repeated",
                 [] { reduce_sum(x, over{{0, 0}}); });
  expect_failure(error_kind::invalid_axis, "reduce_mean", [] { reduce_mean(numbers::zeros({0, 2}), over{{0}}); });
}

TEST(functional, positions_by_size) {
  const double nan = std::nan("");
  EXPECT_EQ(argmax(x, 1), index_tensor::from({2}, {1, 2}));
  EXPECT_EQ(argmin(x, 0), index_tensor::from({3}, {0, 1, 0}));
  EXPECT_EQ(argmax(numbers::from({4}, {3, 7, 7, 1}), 0).item(), 1) << "the first of equal entries";
  EXPECT_EQ(argmax(numbers::from({3}, {9, nan, 1}), 0).item(), 1) << "a NaN comes first";
  const auto top = topk(x, 2, 1);
  EXPECT_EQ(top.values, numbers::from({2, 2}, {5, 3, 6, 4}));
  EXPECT_EQ(top.indices, index_tensor::from({2, 2}, {1, 2, 2, 0}));
  EXPECT_EQ(topk(x, 1, 0).indices, index_tensor::from({1, 3}, {1, 0, 1}));
  expect_failure(error_kind::invalid_parameter, "topk: 4 of 3 entries", [] { topk(x, 4, 1); });
  expect_failure(error_kind::invalid_axis, "argmax", [] { argmax(x, 2); });
}

TEST(functional, einsum_refuses_malformed_equations) {
  expect_failure(error_kind::invalid_parameter, "fewer terms", [] { einsum("ij", x, x); });
  expect_failure(error_kind::invalid_parameter, "more terms", [] { einsum("ij,jk->ik", x); });
  expect_failure(error_kind::invalid_parameter, "subscript '1'", [] { einsum("i1->i", x); });
  expect_failure(error_kind::invalid_parameter, "3 subscripts for shape (2,3)", [] { einsum("ijk->i", x); });
  expect_failure(error_kind::invalid_parameter, "no input with the result's subscript k", [] { einsum("ij->k", x); });
  expect_failure(error_kind::invalid_parameter, "repeats the result's subscript i", [] { einsum("ij->ii", x); });
  expect_failure(error_kind::shape_mismatch, "extents 3 and 2 for one subscript", [] { einsum("ij,jk->ik", x, x); });
}

TEST(functional, einsum_is_the_matrix_product) {
  const numbers b = numbers::from({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(einsum("ij, jk -> ik", x, b), matmul(x, b));
  EXPECT_EQ(einsum("ij,kj", x, x), matmul(x, transpose(x, 0, 1)));
  EXPECT_EQ(einsum("ij->", x).item(), 21);
}

TEST(functional, builders_remember_the_first_error) {
  const auto r = tape_builder<double>::eval({}, [](auto& b) {
    const auto v = b.leaf(x);
    return einsum("ij,jk->ik", reduce_sum(unsqueeze(squeeze(v, 0), 5), over{{7}}), v);
  });
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().kind, error_kind::invalid_axis);
  EXPECT_NE(r.error().message.find("squeeze: axis 0"), std::string::npos) << r.error().message;
}

TEST(functional, dropout_keeps_the_mean_and_repeats_with_its_key) {
  const auto ones = numbers::ones({10'000});
  const auto a = dropout(ones, 0.3, {seed{5}, 1});
  EXPECT_EQ(a, dropout(ones, 0.3, {seed{5}, 1}));
  EXPECT_NE(a, dropout(ones, 0.3, {seed{5}, 2}));
  EXPECT_NEAR(mean(a).item(), 1, 0.05);
  for (const double v : a) EXPECT_TRUE(v == 0 || v == 1 / 0.7);
  expect_failure(error_kind::invalid_parameter, "dropout: p = 1.0", [&] { dropout(ones, 1, {}); });
}

TEST(functional, random_tensors_have_their_moments) {
  const auto n = random_normal<double>({20'000}, {seed{1}, 0});
  EXPECT_NEAR(mean(n).item(), 0, 0.03);
  EXPECT_NEAR(variance(n, over{}).item(), 1, 0.05);
  const auto u = random_uniform<double>({20'000}, {seed{1}, 0}, -1, 3);
  EXPECT_NEAR(mean(u).item(), 1, 0.05);
  EXPECT_GE(reduce_min(u, over{}).item(), -1);
  EXPECT_LT(reduce_max(u, over{}).item(), 3);
  EXPECT_NEAR(mean(bernoulli_mask<double>({20'000}, {seed{2}, 0}, 0.25)).item(), 0.25, 0.02);
}

TEST(functional, heads_are_split_and_merged) {
  const auto t = numbers::from({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(split_heads(t, 2), numbers::from({2, 2, 2}, {1, 2, 5, 6, 3, 4, 7, 8}));
  EXPECT_EQ(merge_heads(split_heads(t, 2)), t);
  expect_failure(error_kind::invalid_parameter, "cannot be cut into 3 heads", [&] { split_heads(t, 3); });
}

TEST(functional, rotary_keeps_lengths_and_sees_distances_only) {
  const auto a = numbers::from({1, 4}, {1, -2, 0.5, 3}), b = numbers::from({1, 4}, {0.3, 1, 2, -1});
  const auto dot = [](const numbers& p, const numbers& q) { return sum(mul(p, q)).item(); };
  EXPECT_NEAR(dot(rotary(a, {.offset = 9}), rotary(a, {.offset = 9})), dot(a, a), 1e-12);
  EXPECT_NEAR(dot(rotary(a, {.offset = 9}), rotary(b, {.offset = 4})), dot(rotary(a, {.offset = 5}), b), 1e-12);
  EXPECT_NEAR(sinusoidal_positions<double>(3, 4)(2, 1), std::cos(2.0), 1e-15);
}

TEST(layers, batch_norm_in_evaluation_uses_running_statistics) {
  nn::batch_norm layer(2, 1.0);  // the last batch counts alone
  layer.init(seed{0});
  recording<float> r;
  nn::recorded_parameters<float> training(r);
  const auto batch = tensor<float>::from({2, 2}, {1, 10, 3, 30});
  const auto y = layer(training, r.constant(batch)).value();
  EXPECT_NEAR(y(0, 0), -1, 1e-4);
  EXPECT_NEAR(y(1, 1), 1, 1e-4);
  const nn::evaluation plain;
  EXPECT_NEAR(layer(plain, tensor<float>::from({1, 2}, {2, 20}))(0, 1), 0, 1e-6);
  EXPECT_NEAR(layer(plain, tensor<float>::from({1, 2}, {4, 20}))(0, 0), 2 / std::sqrt(2.0), 1e-5)
      << "the unbiased variance is 2";
  expect_failure(error_kind::invalid_parameter, "batch_norm: one entry for each channel",
                 [&] { layer(training, r.constant(tensor<float>::zeros({1, 2}))); });
  expect_failure(error_kind::shape_mismatch, "does not have 2 channels", [&] { layer(plain, tensor<float>::zeros({1, 3})); });
}

TEST(layers, attention_layer_attends_across_and_in_groups) {
  nn::multi_head_attention layer(8, 4, 2);
  layer.init(seed{3});
  const nn::evaluation plain;
  const auto a = random_normal({2, 3, 8}, {seed{1}, 0}), context = random_normal({2, 5, 8}, {seed{2}, 0});
  EXPECT_EQ(layer(plain, a, context).shape(), (shape{2, 3, 8}));
  const auto all = index_tensor::full({3, 5}, 1);
  EXPECT_EQ(layer(plain, a, context, all), layer(plain, a, context));
  EXPECT_THROW(nn::multi_head_attention(8, 3), failure);
}

TEST(layers, recurrent_layers_run_step_by_step_to_the_same_bits) {
  nn::lstm layer(3, 4);
  layer.init(seed{1});
  const nn::evaluation plain;
  const auto sequence = random_normal({5, 2, 3}, {seed{7}, 0});
  const auto whole = layer(plain, sequence);
  lstm_state<tensor<float>> state{tensor<float>::zeros({2, 4}), tensor<float>::zeros({2, 4})};
  for (int64_t t = 0; t < 5; ++t) state = lstm_cell(layer.weights(plain), select_index(sequence, 0, t), state);
  EXPECT_EQ(select_index(whole, 0, 4), state.h);
  expect_failure(error_kind::shape_mismatch, "a sequence is (T,N,I)", [&] { layer(plain, tensor<float>::zeros({3})); });
}

// A thread keeps the angles of its last call: calls that differ in one thing only must not take another's.
TEST(attention, rotary_turns_by_its_own_angles_whatever_was_called_before) {
  const rotary_op first{.base = 100, .offset = 2};
  for (const auto& [op, n, d] : std::vector<std::tuple<rotary_op, int64_t, int64_t>>{{first, 3, 4},
                                                                                     {{.base = 7, .offset = 2}, 3, 4},
                                                                                     {first, 3, 4},
                                                                                     {{.base = 100, .offset = 5}, 3, 4},
                                                                                     {first, 3, 4},
                                                                                     {first, 6, 4},
                                                                                     {first, 3, 4},
                                                                                     {first, 3, 8}}) {
    const numbers ones = numbers::ones({n, d}), y = rotary(ones, op);
    for (int64_t p = 0; p < n; ++p)
      for (int64_t i = 0; i < d / 2; ++i) {
        const double t =
            static_cast<double>(op.offset + p) * std::pow(op.base, -2.0 * static_cast<double>(i) / static_cast<double>(d));
        EXPECT_DOUBLE_EQ(y(p, i), std::cos(t) - std::sin(t));
        EXPECT_DOUBLE_EQ(y(p, i + d / 2), std::sin(t) + std::cos(t));
      }
  }
}

}  // namespace
