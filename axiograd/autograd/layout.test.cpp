// Values between convolutions that lie as the library likes them: nobody sees a difference, in any bit.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/convolution/conv.hpp>
#include <axiograd/ops/convolution/conv2d.hpp>
#include <axiograd/ops/convolution/conv_transpose2d.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <functional>
#include <gtest/gtest.h>
#include <thread>

namespace axiograd {
namespace {

tensor<float> numbers(const shape& dims, std::uint64_t seed, double nan_share = 0) {
  tensor<float> x = tensor<float>::uninitialised(dims);
  std::uint64_t i = 0;
  for (float& v : x.mutable_values()) {
    v = static_cast<float>(2 * uniform(seed, i++) - 1);
    if (uniform(seed + 1000, i) < nan_share) v = std::numeric_limits<float>::quiet_NaN();
  }
  return x;
}

/// A network under construction. If `asks`, every value is read at once, so that nothing may lie otherwise.
struct network {
  bool asks;
  tape<float> t{};
  std::vector<node_id> leaves{};

  node_id leaf(const shape& dims, double nan_share = 0) {
    leaves.push_back(*t.leaf(numbers(dims, leaves.size(), nan_share)));
    return leaves.back();
  }
  template <class Op, class... In>
  node_id apply(const Op& op, const In&... in) {
    const node_id y = ok_or_throw(t.apply(op, in...));
    if (asks) ok_or_throw(t.value(y));
    return y;
  }
  node_id conv(node_id x, int64_t channels, bool bias = true) {
    const int64_t before = t.shape_of(x)[t.shape_of(x).rank - 3];
    const node_id w = leaf({channels, before, 3, 3});
    if (!bias) return apply(conv2d_op{.padding = 1}, w, x);
    return apply(conv2d_op{.padding = 1}, w, leaf({channels}), x);
  }
  node_id relu(node_id x) { return apply(relu_op{}, x); }
  node_id pool(node_id x, int64_t n = 2) { return apply(max_pool2d_op{.kernel = extents<2>{n}}, x); }
};

/// Bits, so that NaN equals itself.
std::vector<std::uint32_t> bits(const tensor<float>& x) {
  std::vector<std::uint32_t> b(static_cast<std::size_t>(x.size()));
  std::memcpy(b.data(), x.data(), b.size() * sizeof(float));
  return b;
}

using builder = std::function<node_id(network&, node_id x)>;

/// All values and gradients: of a pass that keeps all, and of one that keeps those of leaves.
std::vector<std::vector<std::uint32_t>> results(const builder& build, const shape& images, bool asks, double nan_share) {
  network n{asks};
  const node_id out = build(n, n.leaf(images, nan_share));
  const tensor<float> seed = numbers(n.t.shape_of(out), 77);
  std::vector<std::vector<std::uint32_t>> all;
  gradient_workspace<float> kept, leaves;
  ok_or_throw(n.t.backward_dense_into(leaves, out, seed, kept_gradients::leaves));
  ok_or_throw(n.t.backward_dense_into(kept, out, seed));
  for (const node_id id : n.leaves) {
    all.push_back(bits(*leaves.at(id)));
    EXPECT_EQ(all.back(), bits(*kept.at(id)));
  }
  for (node_id id = 0; id < n.t.size(); ++id) {
    all.push_back(bits(*n.t.get_value(id)));
    if (const auto g = kept.at(id); g.has_value()) all.push_back(bits(*g));
  }
  return all;
}

void expect_no_difference(const std::string& what, const builder& build, const shape& images = {2, 16, 32, 36},
                          double nan_share = 0) {
  const int before = num_threads();
  const auto asked = results(build, images, true, nan_share);
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    const auto unasked = results(build, images, false, nan_share);
    ASSERT_EQ(unasked.size(), asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(unasked[i], asked[i]) << what << ", result " << i;
  }
  set_num_threads(before);
}

TEST(Layout, ChainsOfConvolutionsAndPooling) {
  expect_no_difference("two convolutions", [](network& n, node_id x) { return n.conv(n.conv(x, 32), 16); });
  expect_no_difference("without bias", [](network& n, node_id x) { return n.conv(n.conv(x, 32, false), 16, false); });
  expect_no_difference("the usual network", [](network& n, node_id x) {
    const node_id features = n.pool(n.relu(n.conv(n.pool(n.relu(n.conv(x, 32))), 64)));
    const node_id flat = n.apply(reshape_op{.dims = shape{2, 64 * 8 * 9}}, features);
    return n.apply(linear_op{}, n.leaf({10, 64 * 8 * 9}), n.leaf({10}), flat);
  });
  expect_no_difference("one channel first", [](network& n, node_id x) { return n.conv(n.pool(n.conv(x, 32)), 32); },
                       {2, 1, 48, 48});
  expect_no_difference("channels that make no block", [](network& n, node_id x) { return n.conv(n.pool(n.conv(x, 20)), 12); },
                       {3, 12, 20, 20});
  expect_no_difference("blocks of eight", [](network& n, node_id x) { return n.conv(n.pool(n.conv(x, 8)), 32); },
                       {2, 24, 32, 32});
  expect_no_difference("windows that leave an edge", [](network& n, node_id x) { return n.pool(n.relu(n.conv(x, 32)), 3); },
                       {3, 16, 16, 19});
  expect_no_difference("windows of five", [](network& n, node_id x) { return n.pool(n.relu(n.conv(x, 32)), 5); });
  expect_no_difference("windows that overlap", [](network& n, node_id x) {
    return n.apply(max_pool2d_op{.kernel = extents<2>{3}, .stride = extents<2>{2}}, n.conv(x, 32));
  });
  expect_no_difference(
      "NaN among the images", [](network& n, node_id x) { return n.pool(n.conv(n.pool(n.relu(x)), 32)); }, {3, 16, 32, 32},
      0.001);
  expect_no_difference("three axes",
                       [](network& n, node_id x) {
                         const node_id y = n.apply(conv_op{.padding = {1, 1, 1}}, n.leaf({16, 16, 3, 3, 3}), n.leaf({16}), x);
                         return n.apply(conv_op{.padding = {1, 1, 1}}, n.leaf({16, 16, 3, 3, 3}), n.leaf({16}), n.relu(y));
                       },
                       {2, 16, 6, 6, 6});
  expect_no_difference("transposed",
                       [](network& n, node_id x) {
                         const node_id y =
                             n.apply(conv_transpose2d_op{.stride = 2, .padding = 1}, n.leaf({16, 32, 4, 4}), n.leaf({32}), x);
                         return n.apply(conv_transpose2d_op{.padding = 1}, n.leaf({32, 16, 3, 3}), n.conv(n.relu(y), 32));
                       },
                       {3, 16, 16, 18});
  expect_no_difference("a batch of batches", [](network& n, node_id x) { return n.pool(n.conv(x, 32)); }, {2, 2, 16, 20, 20});
}

TEST(Layout, ValuesThatSeveralReadersWant) {
  expect_no_difference("a residual block", [](network& n, node_id x) {
    const node_id a = n.relu(n.conv(x, 16));
    const node_id b = n.apply(add_op{}, n.conv(a, 16), a);
    return n.pool(n.relu(b));
  });
  expect_no_difference("a residual sum that is read in rows", [](network& n, node_id x) {
    const node_id a = n.relu(n.conv(x, 16));
    return n.apply(reduce_sum_op{.axis = 1}, n.relu(n.apply(add_op{}, n.conv(a, 16), a)));
  });
  expect_no_difference("a residual sum that nobody reads", [](network& n, node_id x) {
    const node_id a = n.relu(n.conv(x, 16));
    return n.apply(mul_op{}, n.conv(a, 16), a);
  });
  for (const bool pool_first : {false, true})
    expect_no_difference("pooling and a convolution of one value", [=](network& n, node_id x) {
      const node_id a = n.relu(n.conv(x, 16));
      const node_id y = pool_first ? n.pool(a) : n.conv(a, 16), z = pool_first ? n.conv(a, 16) : n.pool(a);
      return n.apply(mul_op{}, n.pool(pool_first ? z : y), pool_first ? y : z);
    });
  expect_no_difference("a second reader who needs rows", [](network& n, node_id x) {
    const node_id a = n.relu(n.conv(x, 32));
    const node_id b = n.pool(a);
    const node_id c = n.apply(reduce_sum_op{.axis = 1}, a);
    return n.apply(add_op{}, n.apply(sum_op{}, b), n.apply(sum_op{}, c));
  });
  expect_no_difference("a pooled value that is read in rows", [](network& n, node_id x) {
    const node_id a = n.pool(n.relu(n.conv(x, 32)));
    const node_id c = n.apply(reduce_sum_op{.axis = 1}, a);
    return n.apply(add_op{}, n.apply(sum_op{}, n.conv(a, 16)), n.apply(sum_op{}, c));
  });
  expect_no_difference("mixed operands", [](network& n, node_id x) {
    const node_id a = n.pool(n.conv(x, 16)), b = n.pool(x);
    return n.conv(n.apply(mul_op{}, a, b), 16);
  });
  expect_no_difference("its square", [](network& n, node_id x) {
    const node_id a = n.pool(n.conv(x, 16));
    return n.conv(n.apply(mul_op{}, a, a), 16);
  });
  expect_no_difference("many that follow", [](network& n, node_id x) {
    node_id a = n.conv(x, 16);
    for (int k = 0; k < 6; ++k) a = n.apply(tanh_op{}, a);
    return n.pool(a);
  });
  for (const bool first : {false, true})
    expect_no_difference("a node of one's own", [first](network& n, node_id x) {
      const node_id a = n.pool(n.conv(x, 16));
      const auto twice = [&] {
        return ok_or_throw(n.t.unary(
            "twice", a, [](const tensor<float>& v) { return v; },
            [](const tensor<float>&, const tensor<float>& dy) { return dy; }));
      };
      node_id own = 0, y = 0;
      if (first) own = twice();  // its gradient is the second to be added
      y = n.conv(a, 16);
      if (!first) own = twice();
      own = n.apply(mul_op{}, own, n.leaf({2, 16, 16, 18}));
      return n.apply(add_op{}, n.apply(sum_op{}, y), n.apply(sum_op{}, own));
    });
  expect_no_difference("few numbers",
                       [](network& n, node_id x) {
                         const node_id a = n.pool(n.conv(x, 16));
                         const node_id b = n.conv(n.relu(a), 64), c = n.apply(mul_op{}, a, n.leaf({1, 16, 8, 8}));
                         return n.apply(add_op{}, n.apply(sum_op{}, b), n.apply(sum_op{}, c));
                       },
                       {1, 16, 16, 16});
  expect_no_difference("few numbers that are read in rows later",
                       [](network& n, node_id x) {
                         const node_id a = n.pool(n.conv(x, 16)), b = n.apply(tanh_op{}, a);
                         const node_id rows = n.apply(mul_op{}, n.apply(reduce_sum_op{.axis = 1}, a), n.leaf({1, 8, 8}));
                         return n.apply(add_op{}, n.apply(sum_op{}, n.conv(b, 64)), n.apply(sum_op{}, rows));
                       },
                       {1, 16, 16, 16});
  expect_no_difference("a result that is read in rows, an input that is not", [](network& n, node_id x) {
    const node_id a = n.pool(n.conv(x, 16)), b = n.apply(gelu_op{}, a);
    const node_id rows = n.apply(mul_op{}, n.apply(reduce_sum_op{.axis = 1}, b), n.leaf({2, 16, 18}));
    return n.apply(add_op{}, n.apply(sum_op{}, n.conv(a, 16)), n.apply(sum_op{}, rows));
  });
}

TEST(Layout, OtherPoliciesForTheReversePass) {
  network n{false};
  const node_id y = n.conv(n.pool(n.relu(n.conv(n.leaf({2, 16, 32, 36}), 32))), 16);
  const tensor<float> seed = numbers(n.t.shape_of(y), 5);
  const auto by_library = *n.t.backward_dense(y, seed);
  const precision_scope scope(precision::reproducible_fp32);
  const auto by_patches = *n.t.backward_dense(y, seed);
  for (const node_id id : n.leaves)
    for (int64_t i = 0; i < by_library[id]->size(); ++i)
      ASSERT_NEAR(by_library[id]->data()[i], by_patches[id]->data()[i], 2e-3);
}

TEST(Layout, CopiesAndReadersSeeRows) {
  network n{false}, plain{true};
  const auto build = [](network& net) { return net.pool(net.relu(net.conv(net.leaf({3, 16, 16, 18}), 32))); };
  const node_id y = build(n), same = build(plain);
  const tape<float> copy = n.t;
  for (const node_id id : {y, y - 1, y - 2}) {
    EXPECT_EQ(*copy.value(id), *plain.t.value(same - (y - id)));
    EXPECT_EQ(*n.t.get_value(id), *copy.value(id));
    EXPECT_EQ(n.t.get_node(id)->value, *copy.value(id));
  }
  const tensor<float> dy = numbers(n.t.shape_of(y), 9);
  EXPECT_EQ(n.t.local_vjp(y, dy).value()[0].cotangent, plain.t.local_vjp(same, dy).value()[0].cotangent);
  std::vector<std::thread> readers;
  for (int k = 0; k < 3; ++k) readers.emplace_back([&] { EXPECT_EQ(*n.t.value(y - 1), *plain.t.value(same - 1)); });
  for (auto& r : readers) r.join();
}

// A tape that was assigned or moved knows how its values lie, too: operators that read rows find rows.
TEST(Layout, AssignedAndMovedTapesKnowHowTheirValuesLie) {
  for (const shape& images : {shape{2, 16, 32, 36}, shape{1, 16, 16, 16}}) {  // the second: few numbers
    const auto build = [&](network& n) { return n.pool(n.relu(n.conv(n.leaf(images), 16))); };
    const auto go_on = [](tape<float>& t, node_id y) {
      std::vector<std::vector<std::uint32_t>> all;
      const node_id other = *t.leaf(numbers(t.shape_of(y), 5));
      const node_id rows = *t.apply(reduce_sum_op{.axis = 1}, *t.apply(mul_op{}, other, y));
      const node_id sum = *t.apply(sum_op{}, rows);
      const auto gradients = *t.backward_dense(sum, tensor<float>::scalar(1));
      for (node_id id = 0; id < t.size(); ++id) {
        all.push_back(bits(*t.value(id)));
        if (gradients[id]) all.push_back(bits(*gradients[id]));
      }
      return all;
    };
    network plain{true}, n{false}, target{false};
    const node_id y = build(plain);
    const auto expected = go_on(plain.t, y);
    build(n);
    tape<float> copied, moved, moved_into;
    copied = n.t;
    moved = tape<float>(n.t);
    moved_into = std::move(moved);
    build(target);  // has layouts of its own, which it forgets
    target.t = copied;
    tape<float> constructed(std::move(n.t));
    for (tape<float>* t : {&copied, &moved_into, &target.t, &constructed}) EXPECT_EQ(go_on(*t, y), expected);
    for (tape<float>* t : {&n.t, &moved}) {  // NOLINT(bugprone-use-after-move): they are empty
      EXPECT_TRUE(t->empty());
      const node_id x = *t->leaf(tensor<float>::full({4}, 2));
      EXPECT_EQ(t->value(*t->apply(mul_op{}, x, x))->data()[3], 4);
    }
  }
}

}  // namespace
}  // namespace axiograd
