// The operators against values from outside: the contract's anchors, hand-derived numbers, direct loops, central differences.

#include <axiograd/ops/operator_values.test.hpp>
#include <cmath>

namespace axiograd {
namespace {

// ---- the contract's anchors, section 22 ------------------------------------------------------------------------------------

TEST(Anchors, Activations) {
  EXPECT_NEAR(softplus(1.0), 1.3132616875182228, 1e-15);
  const auto at = [](const auto& op, double x) { return on_tape(op, std::vector{vector_of({x, x, x, x, x, x, x, x, x})}); };
  for (const auto& [x, y, slope] : {std::array{1.0, 0.8411919906082768, 1.0829640838457826},
                                    std::array{-1.0, -0.15880800939172324, -0.08296408384578255}}) {
    const auto g = at(gelu_op{}, x);
    for (int i : {0, 8}) {
      EXPECT_NEAR(g.y[i], y, 3e-16);
      EXPECT_NEAR(g.dx[0][i], slope, 5e-16);
    }
  }
  const auto s = at(silu_op{}, 1);
  EXPECT_NEAR(s.y[0], 0.7310585786300049, 2e-16);
  EXPECT_NEAR(s.dx[0][8], 0.9276705118714867, 3e-16);
}

TEST(Anchors, NumbersBesideTheirEdges) {
  const auto value = [](const auto& op, const std::vector<numbers>& in) { return run<double>(op, in)->data()[0]; };
  const auto one = [](double x) { return std::vector{numbers::scalar(x)}; };
  EXPECT_NEAR(value(safe_reciprocal_op{}, one(4)), 1 / 4.000001, 1e-16);
  EXPECT_NEAR(value(log_shifted_op{}, one(0)), -13.815510557964274, 1e-14);
  for (const double x : {nan, infinity, -infinity}) EXPECT_EQ(value(eq_op{}, {numbers::scalar(x), numbers::scalar(x)}), 0);
  EXPECT_EQ(value(eq_op{}, {numbers::scalar(nan), numbers::scalar(1)}), 0);
}

TEST(Anchors, Rotary) {  // Su et al. 2021, eq. 15: the pair i of row p turns by p base^(-2 i / d)
  const numbers x = numbers::from({2, 4}, {1, 2, 3, 4, 1, 2, 3, 4});
  const auto turned = [](double a, double b, double t) {
    return std::array{a * std::cos(t) - b * std::sin(t), a * std::sin(t) + b * std::cos(t)};
  };
  const auto halves = run<double>(rotary_op{}, {x}).value(), pairs = run<double>(rotary_op{.interleaved = true}, {x}).value();
  for (const int i : {0, 1}) {
    const double t = i == 0 ? 1 : 0.01;
    const auto h = turned(1 + i, 3 + i, t), p = turned(1 + 2 * i, 2 + 2 * i, t);
    for (const int k : {0, 1}) {
      EXPECT_NEAR(halves.data()[4 + i + 2 * k], h[static_cast<std::size_t>(k)], 1e-15);
      EXPECT_NEAR(pairs.data()[4 + 2 * i + k], p[static_cast<std::size_t>(k)], 1e-15);
      EXPECT_EQ(halves.data()[i + 2 * k], x.data()[i + 2 * k]);
    }
  }
}

TEST(Anchors, Softmax) {
  const numbers x = vector_of({1, 2, 3, 4}), g = vector_of({1, 0, 0, 0});
  const auto s = on_tape(softmax_op{}, {x}, g);
  expect_near(s.y, vector_of({0.0320586033, 0.0871443187, 0.2368828181, 0.6439142599}), 1e-10, "softmax");
  expect_near(s.dx[0], vector_of({0.0310308492, -0.0027937251, -0.0075941323, -0.0206429918}), 1e-10, "softmax vjp");
  const auto l = on_tape(log_softmax_op{}, {x}, g);
  expect_near(l.dx[0], vector_of({0.9679413967, -0.0871443187, -0.2368828181, -0.6439142599}), 1e-10, "log_softmax vjp");
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(l.y[i], std::log(s.y[i]), 1e-15);
  const numbers m = spread({2, 3});  // the default is the last axis, not the whole tensor
  EXPECT_EQ(on_tape(softmax_op{}, {m}, m).y, on_tape(softmax_op{.axis = 1}, {m}, m).y);
  EXPECT_EQ(on_tape(log_softmax_op{}, {m}, m).y, on_tape(log_softmax_op{.axis = 1}, {m}, m).y);
  EXPECT_EQ(on_tape(softmax_op{.axis = 0}, {numbers::scalar(3)}, numbers::scalar(1)).y.item(), 1);
  EXPECT_EQ(on_tape(log_softmax_op{.axis = 0}, {numbers::scalar(3)}, numbers::scalar(1)).y.item(), 0);
}

TEST(Anchors, LayerNorm) {
  const numbers one = numbers::ones({4}), zero = numbers::zeros({4});
  const auto n =
      on_tape(layer_norm_op{}, {numbers::from({1, 4}, {1, 2, 3, 4}), one, zero}, numbers::from({1, 4}, {1, 0, 0, 0}));
  expect_near(n.y, numbers::from({1, 4}, {-1.341640249843881, -0.44721341661462705, 0.44721341661462705, 1.341640249843881}),
              1e-15, "layer_norm");
  expect_near(n.dx[0], numbers::from({1, 4}, {0.2683283720, -0.3577706260, -0.0894427907, 0.1788850446}), 1e-10,
              "layer_norm vjp");
}

// ---- kinks and NaN: contract 3 and 4
// -----------------------------------------------------------------------------------------

/// Value and partials of an elementwise operator at one point, from every lane of the fast kernels in both precisions.
template <class Op>
void expect_point(const Op& op, std::vector<double> x, double value, std::vector<double> partials) {
  const auto same = [](double a, double b) { return a == b || (a != a && b != b); };
  const auto check = [&]<class T>(T) {
    std::vector<tensor<T>> in;
    for (const double v : x) in.push_back(tensor<T>::full({35}, static_cast<T>(v)));
    const auto got = on_tape(op, in);
    for (int i = 0; i < 35; ++i) {
      EXPECT_TRUE(same(got.y[i], static_cast<T>(value))) << op.info.name.s << " at " << x[0] << ": " << got.y[i];
      for (std::size_t k = 0; k < x.size(); ++k)
        EXPECT_TRUE(same(got.dx[k][i], static_cast<T>(partials[k])))
            << op.info.name.s << " at " << x[0] << ", partial " << k << ": " << got.dx[k][i];
    }
  };
  check(float{});
  check(double{});
}

TEST(Kinks, OneInput) {
  expect_point(relu_op{}, {0}, 0, {0});
  expect_point(relu_op{}, {-2}, 0, {0});
  expect_point(relu_op{}, {2}, 2, {1});
  expect_point(relu_op{}, {nan}, nan, {0});
  expect_point(abs_op{}, {0}, 0, {0});
  expect_point(abs_op{}, {-2}, 2, {-1});
  expect_point(leaky_relu_op{.slope = 0.25}, {0}, 0, {0.25});
  expect_point(leaky_relu_op{.slope = 0.25}, {-2}, -0.5, {0.25});
  expect_point(leaky_relu_op{.slope = 0.25}, {3}, 3, {1});
  expect_point(leaky_relu_op{.slope = 0.25}, {-infinity}, -infinity, {0.25});
  expect_point(leaky_relu_op{.slope = 0.25}, {infinity}, infinity, {1});
  expect_point(leaky_relu_op{.slope = 0.25}, {nan}, nan, {0.25});
  expect_point(elu_op{.alpha = 2}, {0}, 0, {2});
  expect_point(elu_op{.alpha = 2}, {3}, 3, {1});
  expect_point(elu_op{.alpha = 2}, {1000}, 1000, {1});
  expect_point(elu_op{.alpha = 2}, {-1000}, -2, {0});
  expect_point(sqrt_op{}, {0}, 0, {0});
  expect_point(sqrt_op{}, {-4}, 0, {0});
  expect_point(sqrt_op{}, {4}, 2, {0.25});
  expect_point(sqrt_op{}, {nan}, nan, {0});
  expect_point(clamp_op{.lo = -1, .hi = 1}, {-1}, -1, {0});
  expect_point(clamp_op{.lo = -1, .hi = 1}, {1}, 1, {0});
  expect_point(clamp_op{.lo = -1, .hi = 1}, {0.5}, 0.5, {1});
  expect_point(clamp_op{.lo = -1, .hi = 1}, {5}, 1, {0});
  expect_point(clamp_op{.lo = 1, .hi = -1}, {0}, -1, {0});  // lo > hi: hi
  expect_point(clamp_op{.lo = -1, .hi = 1}, {nan}, nan, {0});
  expect_point(reciprocal_op{}, {0.5}, 2, {-4});
  expect_point(reciprocal_op{}, {0}, infinity, {-infinity});
  expect_point(neg_op{}, {3}, -3, {-1});
  expect_point(scale_op{.factor = -1.5}, {3}, -4.5, {-1.5});
}

TEST(Kinks, SeveralInputs) {
  expect_point(add_op{}, {1, 2}, 3, {1, 1});
  expect_point(sub_op{}, {1, 2}, -1, {1, -1});
  expect_point(mul_op{}, {3, infinity}, infinity, {infinity, 3});
  expect_point(div_op{}, {3, 2}, 1.5, {0.5, -0.75});
  expect_point(maximum_op{}, {1, 2}, 2, {0, 1});
  expect_point(maximum_op{}, {2, 1}, 2, {1, 0});
  expect_point(maximum_op{}, {2, 2}, 2, {0.5, 0.5});
  expect_point(maximum_op{}, {nan, 2}, nan, {0.5, 0.5});
  expect_point(maximum_op{}, {2, nan}, nan, {0.5, 0.5});
  expect_point(minimum_op{}, {1, 2}, 1, {1, 0});
  expect_point(minimum_op{}, {2, 1}, 1, {0, 1});
  expect_point(minimum_op{}, {2, 2}, 2, {0.5, 0.5});
  expect_point(minimum_op{}, {nan, 2}, nan, {0.5, 0.5});
  expect_point(minimum_op{}, {2, nan}, nan, {0.5, 0.5});
  expect_point(where_greater_op{}, {2, 1, 7, 8}, 7, {0, 0, 1, 0});
  expect_point(where_greater_op{}, {1, 1, 7, 8}, 8, {0, 0, 0, 1});
  expect_point(where_greater_op{}, {nan, 1, 7, 8}, 8, {0, 0, 0, 1});
}

TEST(Kinks, LargeArgumentsStayFinite) {
  expect_point(gelu_op{}, {1e20}, 1e20, {1});
  expect_point(gelu_op{}, {-1e20}, 0, {0});
  expect_point(silu_op{}, {1e20}, 1e20, {1});
  expect_point(silu_op{}, {-1e20}, 0, {0});
  expect_point(tanh_op{}, {1e20}, 1, {0});
  EXPECT_NEAR(on_tape(tanh_op{}, std::vector{vector_of({20})}).dx[0][0] / (4 * std::exp(-40.0)), 1, 1e-14);
  EXPECT_NEAR(on_tape(elu_op{.alpha = 1}, std::vector{vector_of({-1e-10})}).y[0] / -1e-10, 1, 1e-9);
  const double u = -std::sqrt(2 / M_PI) * (6 + 0.044715 * 216);  // 1 + tanh u would lose most digits
  EXPECT_NEAR(on_tape(gelu_op{}, std::vector{vector_of({-6})}).y[0] / (-6 * std::exp(2 * u) / (1 + std::exp(2 * u))), 1, 1e-13);
}

TEST(Kinks, SecondOrderUsesTheContractsDerivatives) {
  using dual2 = dual<dual<double>>;
  const auto at = [](double x) { return dual2{{x, 1}, {1, 0}}; };
  EXPECT_EQ(relu(at(0)).d.v, 0);
  EXPECT_EQ(leaky_relu(at(0), {.slope = 0.25}).d.v, 0.25);
  EXPECT_EQ(maximum(at(1), at(1)).d.v, 1);
  EXPECT_NEAR(gelu(at(1)).d.v, 1.0829640838457826, 1e-14);
  EXPECT_NEAR(tanh(at(0.5)).d.d, -2 * std::tanh(0.5) * (1 - std::tanh(0.5) * std::tanh(0.5)), 1e-14);
}

// ---- every operator against central differences -----------------------------------------------------------------------------

TEST(Gradients, Elementwise) {
  const numbers x = spread({3, 13}), a = spread({3, 13}, 0.1), p = numbers::from({5}, {0.2, 0.7, 1.3, 2.5, 9});
  expect_gradients(relu_op{}, {x});
  expect_gradients(leaky_relu_op{.slope = 0.1}, {x});
  expect_gradients(elu_op{.alpha = 1.5}, {x});
  expect_gradients(gelu_op{}, {x});
  expect_gradients(silu_op{}, {x});
  expect_gradients(tanh_op{}, {x});
  expect_gradients(expm1_op{}, {x});
  expect_gradients(log_op{}, {p});
  expect_gradients(sqrt_op{}, {p});
  expect_gradients(reciprocal_op{}, {p});
  expect_gradients(neg_op{}, {x});
  expect_gradients(scale_op{.factor = 2.5}, {x});
  expect_gradients(clamp_op{.lo = -0.5, .hi = 0.4}, {x});
  expect_gradients(add_op{}, {x, a});
  expect_gradients(sub_op{}, {x, a});
  expect_gradients(mul_op{}, {x, a});
  expect_gradients(div_op{}, {vector_of({1, 2, 3, 4, 5}), p});
  expect_gradients(maximum_op{}, {x, a});
  expect_gradients(minimum_op{}, {x, a});
  expect_gradients(where_greater_op{}, {x, a, spread({3, 13}, 0.5), spread({3, 13}, 0.9)});
}

TEST(Gradients, Products) {
  for (const shape& lead : {shape{}, shape{3}, shape{2, 3}}) {
    expect_gradients(linear_op{}, {spread({4, 3}), spread({4}, 0.2), spread(concat(lead, shape{3}), 0.6)});
    expect_gradients(linear_op{}, {spread({4, 3}), spread(concat(lead, shape{3}), 0.6)});  // no bias
    expect_gradients(bmm_op{}, {spread(concat(lead, shape{2, 3, 4})), spread({2, 4, 2}, 0.2)});
  }
  expect_gradients(linear_op{}, {spread({1, 1}), spread({1}, 0.2), spread({5, 1}, 0.6)});
}

TEST(Gradients, Convolution) {
  for (const conv2d_op op : {conv2d_op{}, conv2d_op{.stride = 2, .padding = 1},
                             conv2d_op{.padding = {0, 3}, .dilation = {2, 1}}, conv2d_op{.stride = {1, 3}, .padding = {4, 0}}})
    for (const shape& lead : {shape{}, shape{3}, shape{2, 2}}) {
      expect_gradients(op, {spread({3, 2, 2, 3}), spread({3}, 0.2), spread(concat(lead, shape{2, 5, 6}), 0.6)});
      expect_gradients(op, {spread({3, 2, 2, 3}), spread(concat(lead, shape{2, 5, 6}), 0.6)});
    }
  expect_gradients(conv2d_op{.groups = 2}, {spread({4, 1, 2, 2}), spread({4}, 0.2), spread({3, 2, 3, 4}, 0.6)});
  expect_gradients(conv2d_op{}, {spread({3, 2, 1, 1}), spread({3}, 0.2), spread({9, 2, 4, 4}, 0.6)});  // patches are x itself
}

TEST(Gradients, Pooling) {
  for (const shape& lead : {shape{}, shape{3}, shape{2, 2}}) {
    const numbers x = spread(concat(lead, shape{2, 5, 6}));
    expect_gradients(max_pool2d_op{.kernel = 2}, {x});
    expect_gradients(avg_pool2d_op{.kernel = 2}, {x});
    expect_gradients(max_pool2d_op{.kernel = {2, 3}, .stride = {1, 2}, .padding = 1}, {x});
    expect_gradients(avg_pool2d_op{.kernel = {2, 3}, .stride = {1, 2}, .padding = 1}, {x});
  }
}

TEST(Gradients, Reductions) {
  const numbers x = spread({2, 3, 4});
  expect_gradients(sum_op{}, {x});
  expect_gradients(sum_op{}, {numbers::scalar(3)});
  for (int axis : {0, 1, 2}) {
    expect_gradients(reduce_sum_op{.axis = axis}, {x});
    expect_gradients(reduce_mean_op{.axis = axis}, {x});
    expect_gradients(softmax_op{.axis = axis}, {x});
    expect_gradients(log_softmax_op{.axis = axis}, {x});
  }
  expect_gradients(log_softmax_op{}, {numbers::scalar(3)});
  for (const shape& lead : {shape{}, shape{3}, shape{2, 40}})
    expect_gradients(layer_norm_op{}, {spread(concat(lead, shape{5})), spread({5}, 0.1), spread({5}, 0.2)});
  expect_gradients(layer_norm_op{.epsilon = {1, 10}}, {spread({2, 37}), spread({37}, 0.1), spread({37}, 0.2)});
}

TEST(Gradients, Losses) {
  for (const shape& dims : {shape{}, shape{5}, shape{3, 4}, shape{2, 3, 4}}) {
    const numbers x = spread(dims), t = spread(dims, 0.8);  // t sums to anything
    expect_gradients(mse_loss_op{}, {x, t});
    expect_gradients(cross_entropy_logits_op{}, {x, t});
  }
  expect_gradients(cross_entropy_labels_op{}, {spread({4, 3})}, {index_tensor::from({4}, {2, 0, -1, 3})});
  expect_gradients(cross_entropy_labels_op{}, {spread({2, 2, 19})}, {index_tensor::from({2, 2}, {2, 18, 7, 16})});
  expect_gradients(cross_entropy_labels_op{}, {spread({3})}, {index_tensor::scalar(1)});
}

TEST(Gradients, ShapesAndIndices) {
  const numbers x = spread({2, 3, 4});
  expect_gradients(reshape_op{.dims = {4, 6}}, {x});
  expect_gradients(flatten_op{}, {x});
  expect_gradients(flatten_op{.start = 1}, {x});
  expect_gradients(transpose2d_op{}, {x});
  expect_gradients(permute_op{.axes = {2, 0, 1}}, {x});
  expect_gradients(broadcast_to_op{.dims = {5, 2, 3, 4}}, {x});
  expect_gradients(broadcast_to_op{.dims = {2, 3, 5}, .axes = {0, 2}}, {spread({2, 1})});
  expect_gradients(broadcast_to_op{.dims = {300}}, {numbers::scalar(2)});
  expect_gradients(concat_dim0_op{}, {x, spread({1, 3, 4}, 0.9)});
  expect_gradients(slice_dim0_op{.start = 1, .length = 2}, {spread({4, 3})});
}

// ---- exact values ----------------------------------------------------------------------------------------------------------

template <class T>
tensor<T> direct_conv2d(const conv2d_op& op, const tensor<T>& w, const tensor<T>& b, const tensor<T>& x, const shape& y_dims) {
  tensor<T> y(y_dims);
  const int64_t per_group = w.shape()[0] / op.groups;
  for (int64_t n = 0; n < y_dims[0]; ++n)
    for (int64_t o = 0; o < y_dims[1]; ++o)
      for (int64_t p = 0; p < y_dims[2]; ++p)
        for (int64_t q = 0; q < y_dims[3]; ++q) {
          T total = b(o);
          for (int64_t c = 0; c < w.shape()[1]; ++c)
            for (int64_t j = 0; j < w.shape()[2]; ++j)
              for (int64_t k = 0; k < w.shape()[3]; ++k) {
                const int64_t r = p * op.stride[0] + j * op.dilation[0] - op.padding[0];
                const int64_t s = q * op.stride[1] + k * op.dilation[1] - op.padding[1];
                if (r < 0 || s < 0 || r >= x.shape()[2] || s >= x.shape()[3]) continue;
                total += w(o, c, j, k) * x(n, o / per_group * w.shape()[1] + c, r, s);
              }
          y.set(total, n, o, p, q);
        }
  return y;
}

TEST(Values, Conv2dEqualsItsDefinition) {
  const auto check = [](const conv2d_op& op, const shape& kernel, const shape& image) {
    const auto w = whole<float>(kernel, 2), b = whole<float>(shape{kernel[0]}, 3), x = whole<float>(image, 5);
    const auto y = run(op, std::vector{w, b, x});
    ASSERT_TRUE(y) << y.error().message;
    EXPECT_EQ(*y, direct_conv2d(op, w, b, x, y->shape()));
    const auto rational_of = [](const tensor<float>& t) {
      tensor<rational> r(t.shape());
      for (int64_t i = 0; i < t.size(); ++i) r.mutable_data()[i] = rational(static_cast<double>(t[i]));
      return r;
    };
    const auto exact = run(op, std::vector{rational_of(w), rational_of(b), rational_of(x)});
    EXPECT_EQ(*exact, rational_of(*y));
  };
  check({}, {2, 3, 3, 3}, {2, 3, 7, 5});
  check({.stride = {2, 1}, .padding = {1, 2}}, {4, 2, 3, 2}, {3, 2, 6, 7});
  check({.padding = 5}, {2, 1, 2, 2}, {1, 1, 3, 3});
  check({.stride = 2, .padding = 1, .dilation = {2, 3}}, {2, 2, 2, 2}, {2, 2, 8, 9});
  check({.groups = 3}, {6, 2, 2, 3}, {2, 6, 5, 5});
  check({}, {3, 5, 1, 1}, {2, 5, 4, 3});
  EXPECT_EQ(run(conv2d_op{}, std::vector{whole({2, 1, 2, 2}), whole({2}), numbers({0, 1, 3, 3})})->shape(),
            (shape{0, 2, 2, 2}));
}

// Sums of whole numbers are exact in any order, and doubles never go to the library.
TEST(Values, ConvolutionsByTheLibraryEqualOurs) {
  const auto check = [](const auto& op, const shape& kernel, bool with_bias, const shape& image) {
    const auto results = [&]<class T>(T) {
      const auto& table = table_of<std::remove_cvref_t<decltype(op)>, T>();
      const int64_t channels = requires { op.transposed; } ? kernel[1] * op.groups : kernel[0];
      tape<T> t;
      std::vector<node_id> in{*t.leaf(whole<T>(kernel, 2))};
      if (with_bias) in.push_back(*t.leaf(whole<T>({channels}, 3)));
      in.push_back(*t.leaf(whole<T>(image, 5)));
      // The first call that is differentiated writes its gradients, the other one adds.
      const node_id once = *t.append(table, &op, in), twice = *t.append(table, &op, in), y = *t.apply(add_op{}, once, twice);
      const auto gradients = *t.backward_dense(y, whole<T>(t.shape_of(y), 7));
      std::vector<numbers> all{t.get_value(once)->template cast<double>()};
      for (const node_id id : in) all.push_back(gradients[id]->template cast<double>());
      return all;
    };
    EXPECT_EQ(results(float()), results(double())) << op.info.name.s << ", kernel " << to_string(kernel);
  };
  const auto both = [&](const conv_geometry& g, const shape& kernel, bool with_bias, const shape& of_conv,
                        const shape& of_other) {
    check(conv_op{g.stride, g.padding, g.dilation, g.groups}, kernel, with_bias, of_conv);
    check(conv_transpose_op{g.stride, g.padding, g.dilation, g.groups}, kernel, with_bias, of_other);
  };
  both({}, {16, 16, 3, 3}, true, {2, 16, 18, 18}, {2, 16, 16, 16});
  both({{2, 1}, {1, 2}, {}, 1}, {16, 16, 3, 3}, false, {3, 16, 40, 18}, {3, 16, 17, 17});
  both({{2, 3}, {}, {2, 1}, 1}, {16, 20, 3, 4}, true, {20, 40, 52}, {16, 17, 16});
  both({{}, {}, {}, 2}, {32, 16, 3, 3}, true, {9, 32, 14, 14}, {9, 32, 12, 12});
  both({{}, {1}, {}, 1}, {64, 64, 3}, true, {1, 64, 64}, {1, 64, 64});
  both({{2, 1, 2}, {}, {}, 1}, {8, 16, 3, 2, 3}, false, {2, 16, 17, 9, 17}, {2, 8, 8, 8, 8});
}

TEST(Values, LinearIsMatmulWithTransposedWeight) {
  const numbers w = whole({5, 7}), b = whole({5}, 3), x = whole({4, 7}, 5);
  const numbers y = linear(w, b, x), product = matmul(x, transpose2d(w));
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t o = 0; o < 5; ++o) EXPECT_EQ(y(i, o), product(i, o) + b(o));
  EXPECT_EQ(linear(w, x), product);
  EXPECT_EQ(bmm(numbers({2, 3, 0}), numbers({2, 0, 4})), numbers({2, 3, 4}));
}

TEST(Values, MaxPooling) {
  // C2: padding is ignored, so an all-negative input has no zeros in its result.
  const numbers negative = numbers::full({1, 3, 3}, -1);
  EXPECT_EQ(max_pool2d(negative, {.kernel = 2, .stride = 1, .padding = 1}), numbers::full({1, 4, 4}, -1));
  // Ties: the first maximiser in row-major order gets the gradient.
  const auto tie = on_tape(max_pool2d_op{.kernel = 2}, std::vector{numbers::from({1, 2, 2}, {1, 3, 3, 3})});
  EXPECT_EQ(tie.dx[0], numbers::from({1, 2, 2}, {0, 1, 0, 0}));
  // Windows that overlap accumulate.
  const auto overlap = on_tape(max_pool2d_op{.kernel = {1, 2}, .stride = 1}, std::vector{numbers::from({1, 1, 3}, {1, 5, 2})});
  EXPECT_EQ(overlap.dx[0], numbers::from({1, 1, 3}, {0, 2, 0}));
  // NaN is the value, and its first position gets the gradient.
  const auto broken = on_tape(max_pool2d_op{.kernel = 2}, std::vector{numbers::from({1, 2, 2}, {7, nan, 9, nan})});
  EXPECT_TRUE(std::isnan(broken.y[0]));
  EXPECT_EQ(broken.dx[0], numbers::from({1, 2, 2}, {0, 1, 0, 0}));
  for (const auto& line :
       {on_tape(max_pool_op{.kernel = {4}}, std::vector{numbers::from({1, 4}, {7, nan, 9, nan})}),
        on_tape(adaptive_max_pool_op{.windows = {1}}, std::vector{numbers::from({1, 4}, {7, nan, 9, nan})})}) {
    EXPECT_TRUE(std::isnan(line.y[0]));
    EXPECT_EQ(line.dx[0], numbers::from({1, 4}, {0, 1, 0, 0}));
  }
  EXPECT_EQ(max_pool2d(whole({3, 5, 5}), {.kernel = 2}).shape(), (shape{3, 2, 2}));
}

TEST(Values, AveragePoolingCountsPadding) {
  const auto a = on_tape(avg_pool2d_op{.kernel = 2, .padding = 1}, std::vector{numbers::from({1, 2, 2}, {4, 8, 12, 16})});
  EXPECT_EQ(a.y, numbers::from({1, 2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(a.dx[0], numbers::full({1, 2, 2}, 0.25));
}

TEST(Values, Losses) {
  EXPECT_EQ(mse_loss(vector_of({1, 2, 3}), vector_of({1, 4, 7})).item(), 20.0 / 3);
  const numbers empty({0, 3});
  for (const double loss : {mse_loss(empty, empty).item(), cross_entropy_logits(empty, empty).item(),
                            cross_entropy_labels(empty, index_tensor({0})).item(), sum(empty).item()})
    EXPECT_EQ(loss, 0);
  const auto zero = [&](const auto& op) { EXPECT_EQ(run<double>(op, {empty, empty}).value().item(), 0) << op.info.name.s; };
  zero(mae_loss_op{}), zero(huber_loss_op{}), zero(smooth_l1_loss_op{}), zero(hinge_loss_op{}), zero(log_cosh_loss_op{});
  zero(poisson_loss_op{}), zero(bce_with_logits_loss_op{}), zero(binary_cross_entropy_loss_op{}), zero(cross_entropy_loss_op{});
  zero(cosine_similarity_loss_op{});
  EXPECT_EQ(cross_entropy_logits(numbers({2, 0}), numbers({2, 0})).item(), 0);
  // log cosh x = x^2 / 2 - ... keeps its digits; nothing underflows where all exponentials would.
  EXPECT_NEAR(log_cosh_loss(vector_of({1e-6}), vector_of({0})).item() * 2e12, 1, 1e-12);
  EXPECT_NEAR(logsumexp(vector_of({-1000, -1000}), {.axis = 0}).item(), std::log(2) - 1000, 1e-12);
  EXPECT_EQ(cross_entropy_labels(numbers({2, 0}), index_tensor({2})).item(), 0);
  EXPECT_TRUE(on_tape(mse_loss_op{}, std::vector{empty, empty}).dx[0].empty());
  // Mean over slices, not over entries (C6).
  const numbers x = numbers::from({2, 2}, {0, 0, 0, 0});
  EXPECT_NEAR(cross_entropy_labels(x, index_tensor::from({2}, {0, 1})).item(), std::log(2), 1e-15);
  // A label outside contributes nothing, but counts in the mean.
  EXPECT_NEAR(cross_entropy_labels(x, index_tensor::from({2}, {0, 5})).item(), std::log(2) / 2, 1e-15);
  const auto outside = on_tape(cross_entropy_labels_op{}, {x}, numbers::scalar(1), {index_tensor::from({2}, {-1, 2})});
  EXPECT_EQ(outside.y.item(), 0);
  EXPECT_EQ(outside.dx[0], numbers({2, 2}));
  // C21: the gradient is exact for targets that do not sum to 1.
  const auto doubled = on_tape(cross_entropy_logits_op{}, {vector_of({0, 0}), vector_of({2, 0})}, numbers::scalar(1));
  expect_near(doubled.dx[0], vector_of({-1, 1}), 1e-15, "cross_entropy_logits");
  expect_near(doubled.dx[1], vector_of({std::log(2), std::log(2)}), 1e-15, "cross_entropy_logits");
}

TEST(Values, LabelsMeanOneHotTargets) {
  const numbers x = spread({3, 4});
  const index_tensor labels = index_tensor::from({3}, {2, 0, 3});
  const numbers one_hot = numbers::from({3, 4}, {0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1});
  EXPECT_NEAR(cross_entropy_logits(x, labels).item(), cross_entropy_logits(x, one_hot).item(), 1e-15);
  recording<double> r;
  const auto v = r.leaf(x);
  const auto loss = cross_entropy_logits(v, labels);
  expect_near(grad(loss, {v})[0], grad(cross_entropy_logits(v, one_hot), {v})[0], 1e-15, "cross_entropy_logits");
}

TEST(Values, ShapesAndIndices) {
  const numbers x = whole({2, 3});
  EXPECT_EQ(reshape(x, {.dims = {3, 2}}).to_vector(), x.to_vector());
  EXPECT_EQ(flatten(numbers::scalar(5)), vector_of({5}));
  EXPECT_EQ(flatten(whole({2, 3, 4}), {.start = 1}).shape(), (shape{2, 12}));
  EXPECT_EQ(transpose2d(x)(2, 1), x(1, 2));
  EXPECT_EQ(permute(whole({2, 3, 4}), {.axes = {2, 0, 1}})(3, 1, 2), whole({2, 3, 4})(1, 2, 3));
  EXPECT_EQ(permute(numbers::scalar(5), {.axes = axis_list{}}), numbers::scalar(5));
  // (n) to (n,n): per column by default, per row with an axis map (C22).
  const numbers s = vector_of({1, 2});
  EXPECT_EQ(broadcast_to(s, {.dims = {2, 2}}), numbers::from({2, 2}, {1, 2, 1, 2}));
  EXPECT_EQ(broadcast_to(s, {.dims = {2, 2}, .axes = {0}}), numbers::from({2, 2}, {1, 1, 2, 2}));
  EXPECT_EQ(on_tape(broadcast_to_op{.dims = {3, 2}}, std::vector{s}).dx[0], vector_of({3, 3}));
  const auto many = on_tape(broadcast_to_op{.dims = {1'000'000}}, std::vector{tensor<float>::scalar(1)},
                            tensor<float>::full({1'000'000}, 0.1F));
  EXPECT_NEAR(many.dx[0].item(), 100'000, 0.5);  // one running sum would give 100,958
  EXPECT_EQ(broadcast_to(numbers({1}), {.dims = {0}}).shape(), (shape{0}));
  EXPECT_EQ(concat_dim0(vector_of({1}), vector_of({2, 3})), vector_of({1, 2, 3}));
  EXPECT_EQ(concat_dim0(numbers({0, 2}), x.reshaped({3, 2})), x.reshaped({3, 2}));
  EXPECT_EQ(slice_dim0(vector_of({1, 2, 3}), {.start = 1, .length = 2}), vector_of({2, 3}));
  EXPECT_EQ(slice_dim0(vector_of({1, 2, 3}), {.start = 3, .length = 0}).size(), 0);
  EXPECT_EQ(reduce_sum(x, {.axis = 0})(2), x(0, 2) + x(1, 2));
  EXPECT_EQ(reduce_mean(x, {.axis = 1})(1), (x(1, 0) + x(1, 1) + x(1, 2)) / 3);
}

}  // namespace
}  // namespace axiograd
