// The memory of a reverse pass and of a tape: used again, never by two at once.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/scale.hpp>
#include <axiograd/ops/arithmetic/square.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/indexing/gather_rows.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/loss/cross_entropy_labels.hpp>
#include <axiograd/ops/normalization/layer_norm.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/shape/permute.hpp>
#include <gtest/gtest.h>
#include <memory>
#include <random>

namespace axiograd {
namespace {

tensor<double> numbers(const shape& dims, std::uint64_t key) {
  tensor<double> x = tensor<double>::uninitialised(dims);
  std::uint64_t i = 0;
  for (double& v : x.mutable_values()) v = uniform(key, i++) - 0.5;
  return x;
}

/// A random graph of nodes of n x n entries: numbers one by one, rows, products, nodes that are read often or not at all.
struct random_graph {
  tape<double> t;
  std::size_t leaves;

  random_graph(std::mt19937& random, int64_t n) : leaves(3) {
    for (std::size_t i = 0; i < leaves; ++i) t.leaf(numbers({n, n}, i), {}, i != 1 || random() % 2 == 0).value();
    for (int step = 0; step < 25; ++step) {
      const auto any = [&] { return t.size() - 1 - random() % std::min<std::size_t>(t.size(), 6); };
      const node_id a = any(), b = any();
      switch (random() % 7) {
        case 0: t.apply(tanh_op{}, a).value(); break;
        case 1: t.apply(mul_op{}, a, b).value(); break;
        case 2: t.apply(sub_op{}, a, b).value(); break;
        case 3: t.apply(softmax_op{.axis = 1}, a).value(); break;
        case 4: t.apply(matmul_op{}, a, t.apply(scale_op{.factor = 1.0 / 64}, b).value()).value(); break;
        case 5: t.apply(permute_op{.axes = {1, 0}}, a).value(); break;
        default: t.apply(add_op{}, a, a).value(); break;
      }
    }
  }
};

TEST(ReversePass, MemoryOfInnerGradientsIsUsedAgainByOneAtATime) {
  constexpr unsigned seed = 17;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  gradient_workspace<double> all, leaves;  // used from graph to graph
  for (int number = 0; number < 40; ++number) {
    const int64_t n = number % 3 == 0 ? 8 : 40;  // below and above the smallest memory that is used again
    const random_graph g(random, n);
    const node_id out = g.t.size() - 1;
    const tensor<double> seed_of_pass = numbers({n, n}, 99);
    ASSERT_TRUE(g.t.backward_dense_into(all, out, seed_of_pass));
    ASSERT_TRUE(g.t.backward_dense_into(leaves, out, seed_of_pass, kept_gradients::leaves));
    const auto total = g.t.backward_dense_all(out, seed_of_pass).value();
    for (node_id id = 0; id < g.t.size(); ++id) {
      if (const auto found = all.at(id); found && g.t.requires_grad(id)) {
        for (int64_t i = 0; i < n * n; ++i)
          ASSERT_NEAR((*found)[i], total[id][i], 1e-9) << "node " << id << " of graph " << number;
      }
      if (id < g.leaves) {
        ASSERT_EQ(all.reached(id), leaves.reached(id));
        ASSERT_EQ(all.at(id), leaves.at(id)) << "leaf " << id << " of graph " << number;
      } else if (id != out) {
        EXPECT_FALSE(leaves.reached(id)) << "inner node " << id;
        EXPECT_FALSE(leaves.at(id).has_value());
      }
    }
  }
}

TEST(ReversePass, TheFirstNodeAndTheOutputHaveGradientsAndLaterOnesNone) {
  tape<double> t;
  const node_id x = *t.leaf(tensor<double>::full({3}, 2));
  const node_id y = *t.apply(square_op{}, x), later = *t.apply(square_op{}, y);
  const auto seed = tensor<double>::from({3}, {1, 10, 100});
  const auto gradients = *t.backward_dense(y, seed);
  ASSERT_EQ(gradients.size(), 3u);
  EXPECT_EQ(*gradients[x], tensor<double>::from({3}, {4, 40, 400}));
  EXPECT_EQ(*gradients[y], seed);
  EXPECT_FALSE(gradients[later].has_value());
  EXPECT_EQ(*t.backward_dense(x, seed)->at(x), seed);  // the first node as the output
}

TEST(ReversePass, ArraysOfEveryOtherLengthAreRefusedAndTheRightOneIsNot) {
  tape<double> t;
  const node_id x = *t.leaf(tensor<double>::full({2}, 3));
  const node_id y = *t.apply(mul_op{}, x, x);
  gradient_array<double> array{tensor<double>::zeros({2}), tensor<double>::full({2}, 1)};
  const auto done = t.backward_dense_from(array);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ((*done)[x][0], 6);
  EXPECT_EQ((*done)[y][0], 1);
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    gradient_array<double> other = array;
    other.resize(length, tensor<double>::zeros({2}));
    EXPECT_EQ(t.backward_dense_from(other).error().kind, error_kind::gradient_array_length);
  }
}

TEST(TapeMemory, NamesAreTheirOwnHoweverOftenTheirMemoryWasUsed) {
  tape<double> t;
  for (int round = 0; round < 4; ++round) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < 60; ++i) {
      names.push_back(std::string((i * 7 + static_cast<std::size_t>(round)) % 40, static_cast<char>('a' + i % 26)));
      t.leaf(tensor<double>::scalar(1), names.back()).value();
    }
    for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(t.get_node(i)->name, names[i]);
    t.clear();
  }
}

TEST(ReversePass, AnOutputOfOnesOwnThatWantsNoGradientHandsNothingOn) {
  tape<double> t;
  const node_id x = *t.leaf(tensor<double>::full({2}, 3));
  const node_id own = *t.add_node({.name = "own",
                                   .value = tensor<double>::full({2}, 1),
                                   .requires_grad = false,
                                   .parents = {x},
                                   .backward = [x](const tensor<double>& dy) { return contributions<double>{{x, dy}}; }});
  const auto gradients = *t.backward_dense(own, tensor<double>::ones({2}));
  EXPECT_TRUE(gradients[own].has_value());
  EXPECT_FALSE(gradients[x].has_value());
}

TEST(ReversePass, TheFirstNodeIsAskedLikeAnyOther) {
  tape<double> t;
  const node_id own = *t.add_node({.name = "refuses",
                                   .value = tensor<double>::full({2}, 1),
                                   .backward = [](const tensor<double>&) -> result<contributions<double>> {
                                     return fail(error_kind::domain_error, "refused");
                                   }});
  ASSERT_EQ(own, 0u);
  const node_id y = *t.apply(square_op{}, own);
  EXPECT_EQ(t.backward_dense(y, tensor<double>::ones({2})).error().kind, error_kind::domain_error);
  EXPECT_EQ(t.backward_dense_all(y, tensor<double>::ones({2})).error().kind, error_kind::domain_error);
}

/// A tape with one of everything: attributes, more than two parents, indices, a node of the caller's own, saved numbers.
node_id one_of_everything(tape<double>& t, std::uint64_t key = 1) {
  const node_id x = *t.leaf(numbers({4, 6}, key), "x"), gamma = *t.leaf(numbers({6}, key + 1)),
                beta = *t.leaf(numbers({6}, key + 2));
  const node_id n = *t.apply(layer_norm_op{}, x, gamma, beta);
  const node_id rows = *t.apply(gather_rows_op{}, n, index_tensor::from({3}, {2, 0, 2}));
  const node_id own = *t.unary(
      "thrice", rows,
      [](const tensor<double>& v) {
        tensor<double> y = v;
        for (double& each : y.mutable_values()) each *= 3;
        return y;
      },
      [](const tensor<double>&, const tensor<double>& dy) {
        tensor<double> dx = dy;
        for (double& each : dx.mutable_values()) each *= 3;
        return dx;
      });
  const node_id p = *t.apply(softmax_op{.axis = 0}, own);
  return *t.apply(cross_entropy_labels_op{}, *t.apply(mul_op{}, p, own), index_tensor::from({3}, {5, 1, 0}));
}

TEST(TapeMemory, ACopyHasEverythingWhenTheOriginalIsGone) {
  auto original = std::make_unique<tape<double>>();
  const node_id loss = one_of_everything(*original);
  const auto expected = *original->backward_dense(loss, tensor<double>::scalar(1));
  std::vector<std::vector<double>> values;  // no views: they would keep the memory
  for (node_id id = 0; id <= loss; ++id) values.push_back(original->value(id)->to_vector());

  tape<double> copy = *original, assigned;
  assigned = copy;
  // The original goes on by itself, and ends; its memory is used by somebody else.
  original->apply(exp_op{}, original->leaf(numbers({50, 50}, 7)).value()).value();
  original.reset();
  tape<double> other;
  for (std::uint64_t i = 0; i < 20; ++i) other.leaf(numbers({40, 40}, i)).value();
  for (std::uint64_t i = 0; i < 20; ++i) one_of_everything(other, 10 * i + 50);

  for (tape<double>* t : {&copy, &assigned}) {
    ASSERT_EQ(t->size(), loss + 1);
    for (node_id id = 0; id <= loss; ++id) EXPECT_EQ(t->value(id)->to_vector(), values[id]) << "node " << id;
    const auto gradients = *t->backward_dense(loss, tensor<double>::scalar(1));
    for (node_id id = 0; id <= loss; ++id) EXPECT_EQ(gradients[id], expected[id]) << "node " << id;
    EXPECT_EQ(t->get_node(0)->name, "x");
    EXPECT_EQ(one_of_everything(*t), 2 * loss + 1);
    EXPECT_EQ(t->value(2 * loss + 1)->to_vector(), values[loss]);
  }
  EXPECT_EQ(copy.value(loss)->to_vector(), values[loss]);
}

TEST(TapeMemory, IdsBeyondTheEndAreRefusedEverywhere) {
  tape<double> t;
  const node_id x = *t.leaf(numbers({2, 2}, 1));
  for (const node_id beyond : {x + 1, x + 2, ~node_id{0}}) {
    EXPECT_EQ(t.apply(tanh_op{}, beyond).error().kind, error_kind::invalid_node_id);
    EXPECT_EQ(t.apply(matmul_op{}, x, beyond).error().kind, error_kind::invalid_node_id);
    EXPECT_EQ(t.value(beyond).error().kind, error_kind::invalid_node_id);
    EXPECT_EQ(t.require_value(beyond, {2, 2}).error().kind, error_kind::invalid_node_id);
    EXPECT_EQ(t.backward_dense(beyond, numbers({2, 2}, 2)).error().kind, error_kind::invalid_output_id);
    EXPECT_EQ(t.backward_dense_all(beyond, numbers({2, 2}, 2)).error().kind, error_kind::invalid_output_id);
    EXPECT_EQ(t.local_vjp(beyond, numbers({2, 2}, 2)).error().kind, error_kind::invalid_node_id);
    EXPECT_FALSE(t.get_node(beyond).has_value());
    EXPECT_FALSE(t.get_value(beyond).has_value());
  }
}

}  // namespace
}  // namespace axiograd
