// Errors of the operators, and what real libraries got wrong.

#include <axiograd/ops/operator_values.test.hpp>
#include <cmath>

namespace axiograd {
namespace {

// ---- errors ----------------------------------------------------------------------------------------------------------------

TEST(Errors, Shapes) {
  using k = error_kind;
  const numbers v2({2}), v3({3}), m({2, 3}), none({2, 0, 3});
  EXPECT_EQ(error_of(add_op{}, {v2, v3}), k::shape_mismatch);
  EXPECT_EQ(error_of(where_greater_op{}, {v2, v2, v2, v3}), k::shape_mismatch);
  EXPECT_EQ(error_of(mse_loss_op{}, {v2, v3}), k::shape_mismatch);
  EXPECT_EQ(error_of(cross_entropy_logits_op{}, {v2, v3}), k::shape_mismatch);
  EXPECT_EQ(error_of(cross_entropy_labels_op{}, {m}, {index_tensor({3})}), k::shape_mismatch);
  EXPECT_EQ(error_of(cross_entropy_labels_op{}, {numbers::scalar(1)}, {index_tensor::scalar(0)}), k::shape_mismatch);
  for (int axis : {-3, 2}) {
    EXPECT_EQ(error_of(reduce_sum_op{.axis = axis}, {m}), k::invalid_axis);
    EXPECT_EQ(error_of(reduce_mean_op{.axis = axis}, {m}), k::invalid_axis);
  }
  for (int axis : {0, 1, 2}) EXPECT_EQ(error_of(reduce_sum_op{.axis = axis}, {none}), k::invalid_axis);
  EXPECT_EQ(error_of(log_softmax_op{.axis = 2}, {m}), k::invalid_axis);
  EXPECT_EQ(error_of(layer_norm_op{}, {m, v3, v2}), k::shape_mismatch);
  EXPECT_EQ(error_of(layer_norm_op{}, {numbers::scalar(1), v3, v3}), k::shape_mismatch);
  EXPECT_EQ(error_of(layer_norm_op{}, {numbers({2, 0}), numbers({0}), numbers({0})}), k::invalid_parameter);
  EXPECT_EQ(error_of(layer_norm_op{}, {numbers({0, 3}), v3, v3}), k::invalid_parameter);
  EXPECT_EQ(error_of(reshape_op{.dims = {4}}, {m}), k::size_mismatch);
  EXPECT_EQ(error_of(flatten_op{.start = 3}, {m}), k::invalid_axis);
  EXPECT_EQ(error_of(transpose2d_op{}, {v2}), k::shape_mismatch);
  EXPECT_EQ(error_of(permute_op{.axes = {0, 0}}, {m}), k::invalid_axis);
  EXPECT_EQ(error_of(permute_op{.axes = {0}}, {m}), k::invalid_axis);
  EXPECT_EQ(error_of(permute_op{.axes = {0, 2}}, {m}), k::invalid_axis);
  EXPECT_EQ(error_of(broadcast_to_op{.dims = {3, 3}}, {m}), k::not_broadcastable);
  EXPECT_EQ(error_of(broadcast_to_op{.dims = {3}}, {m}), k::not_broadcastable);
  EXPECT_EQ(error_of(broadcast_to_op{.dims = {3, 2}, .axes = {1, 0}}, {m}), k::not_broadcastable);
  EXPECT_EQ(error_of(broadcast_to_op{.dims = {2, 3}, .axes = {1}}, {m}), k::not_broadcastable);
  EXPECT_EQ(error_of(broadcast_to_op{.dims = {2, 3, 4}, .axes = {0, 1, 2}}, {m}), k::not_broadcastable);
  EXPECT_EQ(error_of(broadcast_to_op{.dims = {2, 2}, .axes = {0, 0}}, {numbers({2, 2})}), k::not_broadcastable);
  for (const int correction : {-1, 2, 3})
    EXPECT_EQ(error_of(variance_op{.axis = 0, .correction = correction}, {m}), k::invalid_parameter);
  EXPECT_EQ(error_of(concat_dim0_op{}, {m, v2}), k::shape_mismatch);
  EXPECT_EQ(error_of(concat_dim0_op{}, {numbers::scalar(1), numbers::scalar(1)}), k::shape_mismatch);
  for (const double smoothing : {-0.25, 1.5, nan})
    EXPECT_EQ(error_of(cross_entropy_labels_op{.label_smoothing = smoothing}, {m}, {index_tensor({2})}), k::invalid_parameter);
  const shape half{shape::overflow / 2 + 1};
  const std::array both{&half, &half};
  const concat_op concat{.axis = 0};
  EXPECT_FALSE((table_of<concat_op, double>().infer(&concat, both)));
  EXPECT_FALSE((table_of<concat_dim0_op, double>().infer(&concat, both)));
  EXPECT_EQ(error_of(slice_dim0_op{.start = 1, .length = 2}, {v2}), k::index_out_of_range);
  EXPECT_EQ(error_of(slice_dim0_op{.start = -1, .length = 1}, {v2}), k::index_out_of_range);
  EXPECT_EQ(error_of(slice_dim0_op{.start = 2, .length = std::numeric_limits<int64_t>::max()}, {v2}), k::index_out_of_range);
}

TEST(Errors, Attention) {
  const auto bad = error_kind::shape_mismatch;
  const numbers w({3, 4}), back({4, 3}), x({2, 3}), other({5, 4});
  const multi_head_attention_op op{.heads = 2};
  EXPECT_TRUE(run<double>(op, {w, w, w, back, x}).has_value());
  EXPECT_EQ(error_of(op, {w, other, w, back, x}), bad);
  EXPECT_EQ(error_of(op, {w, w, other, back, x}), bad);
  EXPECT_EQ(error_of(op, {other, other, other, numbers({4, 3}), x}), bad);
  EXPECT_EQ(error_of(op, {w, w, w, numbers({6, 3}), x}), bad);
  EXPECT_EQ(error_of(op, {w, w, w, numbers({4, 5}), x}), bad);
  const auto attend = [](int heads, int key_heads) {
    return error_of(scaled_dot_product_attention_op{},
                    {numbers({heads, 2, 4}), numbers({key_heads, 5, 4}), numbers({key_heads, 5, 3})});
  };
  EXPECT_EQ(attend(3, 2), error_kind::invalid_parameter);
  EXPECT_EQ(attend(3, 0), error_kind::invalid_parameter);
}

TEST(Errors, ProductsAndWindows) {
  using k = error_kind;
  const auto bad_shape = k::shape_mismatch, bad = k::invalid_parameter;
  EXPECT_EQ(error_of(linear_op{}, {numbers({4, 3}), numbers({3}), numbers({3})}), bad_shape);
  EXPECT_EQ(error_of(linear_op{}, {numbers({4, 3}), numbers({4}), numbers({2, 4})}), bad_shape);
  EXPECT_EQ(error_of(linear_op{}, {numbers({2, 4, 3}), numbers({4}), numbers({2, 3})}), bad_shape);
  EXPECT_EQ(error_of(bmm_op{}, {numbers({2, 3, 4}), numbers({3, 4, 5})}), bad_shape);
  const numbers w({2, 3, 2, 2}), b({2}), x({3, 4, 4});
  EXPECT_EQ(error_of(conv2d_op{}, {w, b, numbers({2, 4, 4})}), bad_shape);
  EXPECT_EQ(error_of(conv2d_op{}, {w, numbers({3}), x}), bad_shape);
  EXPECT_EQ(error_of(conv2d_op{}, {w, b, numbers({4, 4})}), bad_shape);
  EXPECT_EQ(error_of(conv2d_op{.groups = 2}, {numbers({2, 1, 2, 2}), b, x}), bad);
  EXPECT_EQ(error_of(conv2d_op{.groups = 0}, {w, b, x}), bad);
  EXPECT_EQ(error_of(conv2d_op{.stride = {1, 0}}, {w, b, x}), bad);
  EXPECT_EQ(error_of(conv2d_op{.padding = -1}, {w, b, x}), bad);
  EXPECT_EQ(error_of(conv2d_op{.dilation = 4}, {w, b, x}), bad);  // window 5 > 4 (C11)
  EXPECT_EQ(error_of(conv2d_op{.padding = std::numeric_limits<int64_t>::max()}, {w, b, x}), bad);
  EXPECT_EQ(error_of(conv2d_op{.dilation = std::numeric_limits<int64_t>::max()}, {w, b, x}), bad);
  EXPECT_EQ(error_of(conv2d_op{}, {numbers({2, 3, 0, 2}), b, x}), bad);
  EXPECT_EQ(error_of(conv2d_op{}, {numbers({2, 0, 2, 2}), b, numbers({0, 4, 4})}), bad);
  const auto told = run(conv2d_op{.stride = 3}, std::vector{numbers({2, 3, 5, 2}), b, x});
  EXPECT_EQ(told.error().message, "conv2d: no window of length 5 with stride 3 fits 4 entries with padding 0");
  const auto pools = [&](extents<2> kernel, extents<2> stride, extents<2> padding, const numbers& in) {
    EXPECT_EQ(error_of(max_pool2d_op{.kernel = kernel, .stride = stride, .padding = padding}, {in}),
              error_of(avg_pool2d_op{.kernel = kernel, .stride = stride, .padding = padding}, {in}));
    return error_of(max_pool2d_op{.kernel = kernel, .stride = stride, .padding = padding}, {in});
  };
  EXPECT_EQ(pools(0, 0, 0, x), bad);
  EXPECT_EQ(pools(5, 0, 0, x), bad);
  EXPECT_EQ(pools(2, -1, 0, x), bad);
  EXPECT_EQ(pools(3, 0, 2, x), bad);  // C13: padding beyond half a kernel
  EXPECT_EQ(pools(2, 0, 0, numbers({3, 0, 4})), bad);
  EXPECT_EQ(pools(2, 0, 0, numbers({4, 4})), bad_shape);
}

TEST(Errors, LogChecksItsDomainOnATapeOnly) {
  for (const double bad : {0.0, -1.0, nan}) {
    tape<double> t;
    const node_id x = *t.leaf(vector_of({1, bad, 2}));
    EXPECT_EQ(t.apply(log_op{}, x).error().kind, error_kind::domain_error);
    EXPECT_EQ(t.size(), 1u);
  }
  tape<double> t;
  EXPECT_TRUE(t.apply(log_op{}, *t.leaf(numbers({0}))));
  EXPECT_EQ(log(vector_of({0}))[0], -infinity);
}

// ---- what real libraries got wrong
// --------------------------------------------------------------------------------------------

TEST(BugZoo, ConstantSlicesAreCentredExactly) {
  for (const int64_t d : {1, 3, 7, 31, 100, 1000, 4099})
    for (const float c : {1.0F, 0.1F, 1e8F, 1.3e8F, 3e20F, 1e30F, -1e30F}) {
      const auto gamma = tensor<float>::full({d}, 3), beta = tensor<float>::full({d}, 0.7F);
      const auto n = on_tape(layer_norm_op{}, {tensor<float>::full({2, d}, c), gamma, beta}, tensor<float>::full({2, d}, 2));
      EXPECT_EQ(n.y, tensor<float>::full({2, d}, 0.7F)) << d << " times " << c;
      EXPECT_EQ(n.dx[1], tensor<float>::zeros({d})) << d << " times " << c;
    }
}

TEST(BugZoo, LayerNormOverOneEntryIsItsBias) {
  const auto n = on_tape(layer_norm_op{}, {vector_of({3e7, -2, 0.1}).reshaped({3, 1}), vector_of({1.7}), vector_of({0.3})},
                         vector_of({1, 2, 3}).reshaped({3, 1}));
  EXPECT_EQ(n.y, numbers::full({3, 1}, 0.3));
  EXPECT_EQ(n.dx[0], numbers::zeros({3, 1}));
  EXPECT_EQ(n.dx[2], vector_of({6}));
}

TEST(BugZoo, EpsilonIsInsideTheRoot) {
  const numbers y = layer_norm(vector_of({-1, 1}), numbers::ones({2}), numbers::zeros({2}), {.epsilon = {3, 1}});
  EXPECT_EQ(y, vector_of({-0.5, 0.5}));
}

TEST(BugZoo, LogSoftmaxOfFarLogits) {
  expect_near(log_softmax(vector_of({0, 1000})), vector_of({-1000, 0}), 1e-15, "log_softmax");
  expect_near(log_softmax(vector_of({-1e30, -1e30})), vector_of({-std::log(2), -std::log(2)}), 1e-15, "log_softmax");
  EXPECT_EQ(log_softmax(vector_of({-infinity, 0})), vector_of({-infinity, 0}));
  EXPECT_TRUE(std::isnan(log_softmax(vector_of({-infinity, -infinity}))[0]));
  EXPECT_EQ(log_softmax(numbers({3, 0})).shape(), (shape{3, 0}));
}

TEST(BugZoo, GradientsOfConstantsAreNotComputed) {
  tape<double> t;
  const node_id x = *t.leaf(spread({2, 4, 4}), "x", false);
  for (const auto& y : {t.apply(max_pool2d_op{.kernel = 2}, x), t.apply(avg_pool2d_op{.kernel = 2}, x),
                        t.apply(permute_op{.axes = {2, 1, 0}}, x), t.apply(log_softmax_op{}, x),
                        t.apply(conv2d_op{}, *t.leaf(spread({2, 2, 3, 3}), "w", false), x)})
    EXPECT_TRUE(t.backward_dense(*y, numbers::ones(t.shape_of(*y))));
}

TEST(BugZoo, GradientsDoNotDependOnThreads) {
  const auto run_once = [](int threads) {
    set_num_threads(threads);
    const auto x = spread({67, 3, 9, 8}).cast<float>();
    const auto conv =
        on_tape(conv2d_op{.padding = 1}, std::vector{spread({4, 3, 3, 3}).cast<float>(), spread({4}).cast<float>(), x});
    const auto norm = on_tape(
        layer_norm_op{}, std::vector{spread({999, 70}).cast<float>(), spread({70}).cast<float>(), spread({70}).cast<float>()});
    return std::vector{conv.dx[0], conv.dx[1], conv.dx[2], norm.dx[0], norm.dx[1], norm.dx[2]};
  };
  const int before = num_threads();
  const auto one = run_once(1), three = run_once(3);
  set_num_threads(before);
  EXPECT_EQ(one, three);
}

// ---- calls -----------------------------------------------------------------------------------------------------------------

TEST(Calls, AttributesInTypesCheckShapesInTheCompiler) {
  recording<double> r;
  const auto x = r.input<shape{any, 3, 8, 8}>(spread({2, 3, 8, 8}));
  const auto w = r.input<shape{4, 3, 3, 3}>(spread({4, 3, 3, 3}));
  const auto y = conv2d<conv2d_op{.stride = {2, 2}, .padding = {1, 1}}>(w, x);
  static_assert(decltype(y)::static_shape == shape{any, 4, 4, 4});
  const auto p = max_pool2d<max_pool2d_op{.kernel = 2}>(y);
  static_assert(decltype(p)::static_shape == shape{any, 4, 2, 2});
  const auto f = flatten<flatten_op{.start = 1}>(p);
  static_assert(decltype(f)::static_shape == shape{any, 16});
  const auto mean = reduce_mean<reduce_mean_op{.axis = 1}>(f);
  static_assert(decltype(mean)::static_shape == shape{any});
  EXPECT_EQ(mean.shape(), (shape{2}));
}

}  // namespace
}  // namespace axiograd
