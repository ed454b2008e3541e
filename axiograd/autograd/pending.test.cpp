// Nodes that wait for what comes next: their values do not depend on it, in any bit.

#include <atomic>
#include <axiograd/autograd/tape.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/leaky_relu.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/convolution/conv2d.hpp>
#include <axiograd/ops/convolution/conv_transpose2d.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/bmm.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/loss/cross_entropy_labels.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <axiograd/ops/shape/transpose2d.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <thread>

namespace axiograd {
namespace {

/// A mean over rows as the last node; its forward run has not begun.
struct waiting_loss {
  tensor<float> logits{{40, 70}};
  tape<float> t;
  node_id x, loss;

  waiting_loss() {
    std::uint64_t n = 0;
    for (float& v : logits.mutable_values()) v = static_cast<float>(4 * uniform(7, n++) - 2);
    index_tensor labels({40});
    for (int64_t i = 0; i < 40; ++i) labels.mutable_data()[i] = i * 13 % 71 - 1;
    x = *t.leaf(logits);
    loss = *t.apply(cross_entropy_labels_op{}, x, labels);
  }
  tensor<float> gradient(float seed = 1) const { return *t.backward_dense(loss, tensor<float>::scalar(seed)).value()[x]; }
};

TEST(Waiting, ValueAndGradientHaveTheSameBitsInAnyOrder) {
  const waiting_loss value_first, gradient_first;
  const auto value = *value_first.t.get_value(value_first.loss);
  for (const float seed : {1.0F, 0.0F, -3.5F}) {
    const waiting_loss fresh;
    EXPECT_EQ(fresh.gradient(seed), value_first.gradient(seed));
    EXPECT_EQ(fresh.gradient(seed), value_first.gradient(seed));  // again, from what the first pass saved
    EXPECT_EQ(*fresh.t.get_value(fresh.loss), value);
  }
  EXPECT_GT(value.item(), 1);
}

TEST(Waiting, WhateverComesNextFindsTheValue) {
  const float value = waiting_loss().t.value(1)->item();
  const auto found = [&](const std::string& what, const auto& look) {
    waiting_loss w;
    EXPECT_EQ(look(w), value) << what;
    EXPECT_EQ(w.t.value(w.loss)->item(), value) << "after " << what;
  };
  found("an operator", [](waiting_loss& w) { return w.t.value(*w.t.apply(sum_op{}, w.loss))->item(); });
  found("a leaf", [](waiting_loss& w) { return w.t.value(*w.t.leaf(tensor<float>()) - 1)->item(); });
  found("get_node", [](waiting_loss& w) { return w.t.get_node(w.loss)->value.item(); });
  found("require_value", [](waiting_loss& w) { return w.t.require_value(w.loss, {})->item(); });
  found("a node of one's own", [](waiting_loss& w) {
    return w.t
        .value(*w.t.unary(
            "same", w.loss, [](const auto& x) { return x; }, [](const auto&, const auto& dy) { return dy; }))
        ->item();
  });
  found("local_vjp", [](waiting_loss& w) {
    EXPECT_EQ(w.t.local_vjp(w.loss, tensor<float>::scalar(1)).value()[0].cotangent, waiting_loss().gradient());
    return w.t.value(w.loss)->item();
  });
  found("a total pass", [](waiting_loss& w) {
    EXPECT_EQ(w.t.backward_dense_all(w.loss, tensor<float>::scalar(1)).value()[w.x], waiting_loss().gradient());
    return w.t.value(w.loss)->item();
  });
  found("a pass from another node", [](waiting_loss& w) {
    EXPECT_TRUE(w.t.backward_dense(w.x, *w.t.get_value(w.x)));
    return w.t.value(w.loss)->item();
  });
}

// Whether the product's value is asked for before the operator after it is appended decides how both are computed.
template <class T, class Product, class Next>
void expect_same_when_it_follows(const std::vector<shape>& leaves, const Product& product, const Next& next,
                                 const std::string& what) {
  const auto results = [&](bool asked) {
    tape<T> t;
    std::vector<node_id> in;
    for (std::uint64_t k = 0; k < leaves.size(); ++k) {
      tensor<T> x(leaves[k]);
      std::uint64_t i = 0;
      for (T& v : x.mutable_values()) v = static_cast<T>(2 * uniform(k, i++) - 1);
      in.push_back(*t.leaf(x));
    }
    const node_id y = ok_or_throw(product(t, in));
    if (asked) ok_or_throw(t.value(y));
    tensor<T> other(t.shape_of(y));
    for (T& v : other.mutable_values()) v = T(0.25);
    const node_id z = ok_or_throw(next(t, y, *t.leaf(other)));
    tensor<T> dz(t.shape_of(z));
    for (int64_t i = 0; i < dz.size(); ++i) dz.mutable_data()[i] = static_cast<T>(i % 5 - 2);
    const auto gradients = *t.backward_dense(z, dz);
    std::vector<tensor<T>> all{*t.get_value(z), *t.get_value(y)};
    for (const node_id x : in) all.push_back(*gradients[x]);
    return all;
  };
  EXPECT_EQ(results(false), results(true)) << what;
}

TEST(Waiting, WhatFollowsAProductHasTheSameBits) {
  const auto for_each_next = [](const auto& check) {
    check("relu", [](auto& t, node_id y, node_id) { return t.apply(relu_op{}, y); });
    check("leaky_relu", [](auto& t, node_id y, node_id) { return t.apply(leaky_relu_op{.slope = 0.3}, y); });
    check("gelu", [](auto& t, node_id y, node_id) { return t.apply(gelu_op{}, y); });
    check("a sum with another", [](auto& t, node_id y, node_id other) { return t.apply(add_op{}, other, y); });
    check("its square", [](auto& t, node_id y, node_id) { return t.apply(mul_op{}, y, y); });
  };
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    const auto for_each_type = [&](const std::vector<shape>& leaves, const auto& product, const std::string& name) {
      for_each_next([&](const std::string& next_name, const auto& next) {
        const std::string what = next_name + " after " + name + ", " + std::to_string(threads) + " threads";
        expect_same_when_it_follows<float>(leaves, product, next, what);
        expect_same_when_it_follows<double>(leaves, product, next, what);
      });
    };
    const auto linear = [](auto& t, const auto& in) { return t.apply(linear_op{}, in[0], in[1], in[2]); };
    for_each_type({{50, 30}, {50}, {67, 30}}, linear, "a small linear layer");
    for_each_type({{500, 64}, {500}, {400, 64}}, linear, "a linear layer on two threads");
    for_each_type({{50, 0}, {50}, {67, 0}}, linear, "a linear layer of nothing");
    for_each_type({{7, 30, 20}, {7, 20, 40}}, [](auto& t, const auto& in) { return t.apply(bmm_op{}, in[0], in[1]); }, "bmm");
    for_each_type(
        {{60, 50}, {60, 50}},
        [](auto& t, const auto& in) { return t.apply(matmul_op{}, in[0], *t.apply(transpose2d_op{}, in[1])); }, "matmul");
    for (const int64_t n : {6, 16}) {
      const std::string size = n > 10 ? ", by the library" : "";
      for_each_type(
          {{n, n, 3, 3}, {n}, {3, n, 17, 16}},
          [](auto& t, const auto& in) { return t.apply(conv2d_op{.padding = 1}, in[0], in[1], in[2]); },
          "a convolution" + size);
      for_each_type(
          {{n, n, 3, 3}, {n}, {3, n, 17, 16}},
          [](auto& t, const auto& in) { return t.apply(conv_transpose2d_op{.padding = 1}, in[0], in[1], in[2]); },
          "a transposed convolution" + size);
    }
  }
  set_num_threads(before);
}

TEST(Waiting, ThePolicyIsThatOfTheAppending) {
  const auto product = [](precision when_appended, precision when_asked) {
    tape<float> t;
    tensor<float> a({70, 300}), b({60, 300});
    std::uint64_t i = 0;
    for (tensor<float>* x : {&a, &b})
      for (float& v : x->mutable_values()) v = static_cast<float>(uniform(3, i++));
    const node_id w = *t.leaf(a), x = *t.leaf(b);
    std::optional<precision_scope> scope(when_appended);
    const node_id y = *t.apply(linear_op{}, w, x);
    scope.reset();
    const precision_scope later(when_asked);
    t.apply(relu_op{}, y).value();
    return *t.value(y);
  };
  const auto fast = product(precision::fp32, precision::fp32);
  const auto same_everywhere = product(precision::reproducible_fp32, precision::reproducible_fp32);
  EXPECT_NE(fast, same_everywhere);  // or the test shows nothing
  EXPECT_EQ(product(precision::fp32, precision::reproducible_fp32), fast);
  EXPECT_EQ(product(precision::reproducible_fp32, precision::fp32), same_everywhere);
}

TEST(Waiting, AnErrorAfterAProductLeavesTheTape) {
  tape<float> t;
  const node_id w = *t.leaf(tensor<float>::full({60, 50}, 0.5F)), x = *t.leaf(tensor<float>::full({70, 50}, 2));
  const node_id y = *t.apply(linear_op{}, w, x);
  EXPECT_EQ(t.apply(add_op{}, y, w).error().kind, error_kind::shape_mismatch);
  EXPECT_EQ(t.apply(relu_op{}, y + 1).error().kind, error_kind::invalid_node_id);
  EXPECT_EQ(t.size(), 3u);
  EXPECT_EQ(t.value(*t.apply(add_op{}, y, y))->data()[0], 100);
  EXPECT_EQ(t.value(y)->data()[4199], 50);
}

TEST(Waiting, SeveralFollow) {
  const auto results = [](bool asks) {
    tape<float> t;
    const auto look = [&](node_id id) {
      if (asks) t.value(id).value();
      return id;
    };
    tensor<float> a({60, 50}), b({70, 50});
    std::uint64_t i = 0;
    for (tensor<float>* x : {&a, &b})
      for (float& v : x->mutable_values()) v = static_cast<float>(uniform(3, i++) - 0.5);
    const node_id w = *t.leaf(a), x = *t.leaf(b);
    const node_id y = look(*t.apply(linear_op{}, w, x)), r = look(*t.apply(relu_op{}, y));
    const node_id residual = *t.leaf(tensor<float>::full({70, 60}, 0.25F));  // between nodes that wait
    const node_id s = look(*t.apply(add_op{}, r, residual)), q = look(*t.apply(mul_op{}, s, y));
    const node_id more = look(*t.apply(tanh_op{}, q)), last = look(*t.apply(mul_op{}, more, r));  // too many to wait
    const auto gradients = *t.backward_dense(last, tensor<float>::full({70, 60}, 1));
    std::vector<tensor<float>> all{*gradients[w], *gradients[x], *gradients[residual]};
    for (const node_id id : {y, r, s, q, more, last}) all.push_back(*t.value(id));
    return all;
  };
  EXPECT_EQ(results(false), results(true));
}

TEST(Waiting, CopiesMovesAndClearedTapes) {
  const float value = waiting_loss().t.value(1)->item();
  waiting_loss w;
  const tape<float> copy = w.t;
  tape<float> moved = std::move(w.t);
  EXPECT_EQ(copy.value(1)->item(), value);
  EXPECT_EQ(moved.value(1)->item(), value);
  waiting_loss other;
  moved = std::move(other.t);
  EXPECT_EQ(moved.backward_dense(1, tensor<float>::scalar(1)).value()[0], waiting_loss().gradient());
  EXPECT_EQ(moved.value(1)->item(), value);

  waiting_loss cleared;
  cleared.t.clear();
  const node_id x = *cleared.t.leaf(tensor<float>::scalar(2));
  EXPECT_EQ(cleared.t.value(*cleared.t.apply(mul_op{}, x, x))->item(), 4);
}

TEST(Waiting, ALeafThatIsWrittenToAfterwardsCountsAsItWas) {
  waiting_loss w;
  for (float& v : w.logits.mutable_values()) v = 0;  // copied, since the tape holds it too
  EXPECT_EQ(w.t.value(w.loss)->item(), waiting_loss().t.value(1)->item());
}

TEST(Waiting, ThreadsThatReadOneTape) {
  const float value = waiting_loss().t.value(1)->item();
  const auto gradient = waiting_loss().gradient();
  for (int round = 0; round < 20; ++round) {
    const waiting_loss w;
    std::vector<std::thread> readers;
    std::atomic<int> right{0};
    for (int k = 0; k < 4; ++k)
      readers.emplace_back([&, k] { right += k % 2 == 0 ? w.t.value(w.loss)->item() == value : w.gradient() == gradient; });
    for (auto& r : readers) r.join();
    EXPECT_EQ(right, 4);
  }
}

}  // namespace
}  // namespace axiograd
