// Tapes as values: moved, swapped, assigned and copied ones, and what outlives them.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/core/scalar/rational.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/neg.hpp>
#include <axiograd/ops/arithmetic/scale.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/infix.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

/// x, x x, x x + x, ... : every third value is kept, to be looked at later.
template <class T>
struct grown {
  tape<T> t;
  std::vector<std::pair<node_id, tensor<T>>> seen;

  explicit grown(int x = 2) { grow(*t.leaf(tensor<T>::full({40}, T(x)), "x"), 30); }
  void grow(node_id x, int steps) {
    node_id y = x;
    for (int k = 0; k < steps; ++k) {
      y = k % 3 == 0 ? *t.apply(mul_op{}, y, x) : *t.apply(sub_op{}, y, x);
      if (k % 4 == 1) y = *t.apply(scale_op{.factor = 0.5}, y);  // has attributes
      if (k % 3 == 2) seen.emplace_back(y, t.value(y)->constant());
    }
  }
  bool unchanged() const {
    for (const auto& [id, value] : seen)
      if (*t.value(id) != value) return false;
    return true;
  }
};

template <class T>
class moved_tapes : public testing::Test {};
using scalars = testing::Types<float, double, rational>;
TYPED_TEST_SUITE(moved_tapes, scalars);

TYPED_TEST(moved_tapes, ATapeThatWasMovedFromIsEmptyAndOfUse) {
  grown<TypeParam> a(2);
  tape<TypeParam> b = std::move(a.t);
  EXPECT_TRUE(a.t.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_FALSE(a.t.value(0));
  EXPECT_EQ(a.t.apply(neg_op{}, node_id{0}).error().kind, error_kind::invalid_node_id);
  const auto of_b = a.seen;
  a.seen.clear();
  a.grow(*a.t.leaf(tensor<TypeParam>::full({40}, TypeParam(3))), 60);
  for (int k = 0; k < 50; ++k) ASSERT_TRUE(b.apply(add_op{}, node_id{1}, node_id{2}));
  EXPECT_TRUE(a.unchanged());
  for (const auto& [id, value] : of_b) EXPECT_EQ(*b.value(id), value);
}

TYPED_TEST(moved_tapes, ValuesOutliveATapeThatWasAssigned) {
  std::vector<std::pair<tensor<TypeParam>, tensor<TypeParam>>> kept;  // as it lies on the tape, and its copy
  {
    grown<TypeParam> a(3), b(2);
    a.t = std::move(b.t);
    a.seen = b.seen;
    a.grow(0, 30);
    for (const auto& [id, value] : a.seen) kept.emplace_back(*a.t.value(id), value);
  }
  grown<TypeParam> reuses_the_memory(5);
  for (const auto& [value, copy] : kept) EXPECT_EQ(value, copy);
}

TYPED_TEST(moved_tapes, ABuiltTapeGoesOn) {
  tape<TypeParam> t;
  ASSERT_TRUE(t.leaf(tensor<TypeParam>::full({7}, TypeParam(9))));
  t = *tape_builder<TypeParam>::exec({}, [](auto& b) {
    const auto x = b.leaf(tensor<TypeParam>::full({40}, TypeParam(2)));
    add(x, b.at(x.id()));
  });
  grown<TypeParam> g;
  g.t = std::move(t);
  g.seen.clear();
  g.grow(1, 40);
  EXPECT_TRUE(g.unchanged());
  const auto gradients = g.t.backward(1, tensor<TypeParam>::full({40}, TypeParam(1)));
  EXPECT_EQ(gradients->at(0)[39], TypeParam(2));
}

TYPED_TEST(moved_tapes, SwapSelfMoveAndSelfAssignment) {
  grown<TypeParam> a(2), b(3);
  std::swap(a.t, b.t);
  std::swap(a.seen, b.seen);
  tape<TypeParam>& same = a.t;
  a.t = std::move(same);
  a.t = same;  // NOLINT(bugprone-use-after-move): that is what is tested
  a.grow(0, 20);
  b.grow(0, 20);
  EXPECT_TRUE(a.unchanged());
  EXPECT_TRUE(b.unchanged());
}

TYPED_TEST(moved_tapes, CopiesAndTheOriginalGoTheirOwnWays) {
  grown<TypeParam> a(2);
  grown<TypeParam> b = a, c;
  c = b;
  c.t = a.t;
  for (grown<TypeParam>* g : {&a, &b, &c}) g->grow(1, 30);
  for (const grown<TypeParam>* g : {&a, &b, &c}) EXPECT_TRUE(g->unchanged());
  a.t.clear();
  a.seen.clear();
  a.grow(*a.t.leaf(tensor<TypeParam>::full({40}, TypeParam(7))), 60);
  b.t = {};
  EXPECT_TRUE(a.unchanged());
  EXPECT_TRUE(c.unchanged());
}

TYPED_TEST(moved_tapes, WorkspacesMoveAndAreCopied) {
  const grown<TypeParam> a(2);
  const node_id out = a.t.size() - 1;
  const tensor<TypeParam> seed = tensor<TypeParam>::full({40}, TypeParam(1));
  gradient_workspace<TypeParam> first;
  ASSERT_TRUE(a.t.backward_dense_into(first, out, seed));
  const tensor<TypeParam> gradient = first.at(0)->constant();
  gradient_workspace<TypeParam> copy = first, moved = std::move(first);
  EXPECT_FALSE(first.reached(0));  // NOLINT(bugprone-use-after-move): that is what is tested
  ASSERT_TRUE(a.t.backward_dense_into(first, out, tensor<TypeParam>::full({40}, TypeParam(5))));
  EXPECT_EQ(*copy.at(0), gradient);
  EXPECT_EQ(*moved.at(0), gradient);
  moved = std::move(first);
  ASSERT_TRUE(a.t.backward_dense_into(copy, out, seed));
  EXPECT_EQ(*moved.at(0), scale(gradient, {.factor = 5}));
  EXPECT_EQ(*copy.at(0), gradient);
}

TYPED_TEST(moved_tapes, WithoutEntries) {  // beside blocks with entries
  tape<TypeParam> t;
  const node_id none = *t.leaf(tensor<TypeParam>::zeros({0, 3})), some = *t.leaf(tensor<TypeParam>::full({3}, TypeParam(2)));
  for (int round = 0; round < 3; ++round) {
    node_id a = none, b = some;
    for (int k = 0; k < 5; ++k) {
      a = *t.apply(add_op{}, a, a);
      b = *t.apply(mul_op{}, b, b);
    }
    EXPECT_EQ(t.value(a)->shape(), (shape{0, 3}));
    EXPECT_TRUE(t.backward(a, tensor<TypeParam>::zeros({0, 3})));
    EXPECT_TRUE(t.backward(b, tensor<TypeParam>::zeros({3})));
  }
  t.clear();
  EXPECT_TRUE(t.empty());
}

}  // namespace
}  // namespace axiograd
