// The engine: every form of backward, every error kind, the invariants I1-I9 and the properties of contract 16.4.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/core/scalar/rational.hpp>
#include <axiograd/operators/program.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/neg.hpp>
#include <axiograd/ops/arithmetic/reciprocal.hpp>
#include <axiograd/ops/arithmetic/sin.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

namespace axiograd {
namespace {

using numbers = tensor<double>;

numbers vector_of(std::initializer_list<double> values) { return numbers::from({static_cast<int64_t>(values.size())}, values); }
const numbers one = numbers::scalar(1);

/// y = x*x + x on a tape of three nodes: x, x*x, y.
struct small_tape {
  tape<double> t;
  node_id x = *t.leaf(vector_of({2, 3}), "x");
  node_id square = *t.apply(mul_op{}, x, x);
  node_id y = *t.apply(add_op{}, square, x);
  node_id loss = *t.apply(sum_op{}, y);
};

// ---- invariants ------------------------------------------------------------------------------------------------------------

TEST(Tape, IdsAreDenseAndOperatorsAppendOneNode) {  // I1, I3, add_node_id, size_add_node
  small_tape s;
  EXPECT_EQ(s.x, 0u);
  EXPECT_EQ(s.square, 1u);
  EXPECT_EQ(s.y, 2u);
  EXPECT_EQ(s.loss, 3u);
  EXPECT_EQ(s.t.size(), 4u);
  EXPECT_EQ(*s.t.add_node({.value = one}), 4u);
  EXPECT_EQ(s.t.size(), 5u);
}

TEST(Tape, EarlierNodesNeverChange) {  // I2
  small_tape s;
  const numbers before = *s.t.get_value(s.square);
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(s.t.apply(add_op{}, s.y, s.x));
  EXPECT_EQ(*s.t.get_value(s.square), before);
  EXPECT_EQ(*s.t.get_value(s.x), vector_of({2, 3}));
}

TEST(Tape, ExtensionsOfOneTapeAreIndependent) {  // I4, G6
  small_tape s;
  tape<double> left = s.t, right = s.t;
  const node_id l = *left.apply(mul_op{}, s.y, s.y);
  const node_id r = *right.apply(neg_op{}, s.y);
  const node_id o = *s.t.apply(exp_op{}, s.x);
  EXPECT_EQ(l, r);
  EXPECT_EQ(*left.get_value(l), vector_of({36, 144}));
  EXPECT_EQ(*right.get_value(r), vector_of({-6, -12}));
  EXPECT_EQ(s.t.get_value(o)->at(0), std::exp(2.0));
  EXPECT_EQ(*left.get_value(s.x), vector_of({2, 3}));
}

TEST(Tape, OperatorNodesRequireGradAndListTheirOperands) {  // I5, I6
  tape<double> t;
  const node_id x = *t.leaf(vector_of({1}), "x", false);
  const node_id b = *t.leaf(vector_of({4}));
  const node_id y = *t.apply(sub_op{}, b, x);
  EXPECT_FALSE(t.get_node(x)->requires_grad);
  EXPECT_TRUE(t.get_node(y)->requires_grad);
  EXPECT_EQ(t.get_node(y)->parents, (std::vector<node_id>{b, x}));
  EXPECT_EQ(t.get_node(y)->name, "sub");
  EXPECT_EQ(t.get_node(x)->name, "x");
  EXPECT_TRUE(t.get_node(x)->parents.empty());
  EXPECT_FALSE(t.get_node(x)->backward);
}

TEST(Tape, BackwardOfANodeChecksItsCotangentFirst) {  // I7
  small_tape s;
  const auto n = *s.t.get_node(s.square);
  s.t.clear();  // the node holds what its VJP reads
  EXPECT_EQ(n.backward(vector_of({1, 2, 3})).error().kind, error_kind::upstream_shape_mismatch);
  const auto list = *n.backward(vector_of({1, 10}));
  ASSERT_EQ(list.size(), 2u);  // I8: the operand used twice gets two contributions
  EXPECT_EQ(list[0].parent, s.x);
  EXPECT_EQ(list[1].parent, s.x);
  EXPECT_EQ(list[0].cotangent, vector_of({2, 30}));
  EXPECT_EQ(list[1].cotangent, vector_of({2, 30}));
}

TEST(Tape, AnOperandUsedTwiceGetsBothContributions) {  // I8
  small_tape s;
  EXPECT_EQ(s.t.backward_scalar(s.loss)->at(s.x), vector_of({5, 7}));
}

TEST(Tape, AddNodeValidatesNothing) {  // I9
  tape<double> t;
  const auto bad =
      t.add_node({.value = one, .parents = {17}, .backward = [](const numbers& dy) -> result<contributions<double>> {
                    return contributions<double>{{17, dy}};
                  }});
  ASSERT_TRUE(bad);
  EXPECT_EQ(t.backward_scalar(*bad).error().kind, error_kind::invalid_parent_id);
}

// ---- errors ----------------------------------------------------------------------------------------------------------------

TEST(TapeErrors, NameTheOperatorAndTheValuesAndLeaveTheTape) {
  tape<double> t;
  const node_id x = *t.leaf(numbers::zeros({2, 3}));
  const auto product = t.apply(matmul_op{}, x, x);
  EXPECT_EQ(product.error(), (error{error_kind::shape_mismatch, "matmul: inner sizes differ: 3 and 2"}));
  const auto unknown = t.apply(exp_op{}, 5);
  EXPECT_EQ(unknown.error(), (error{error_kind::invalid_node_id, "exp: node 5 is not on the tape of 1 nodes"}));
  const auto sum = t.apply(add_op{}, x, *t.leaf(numbers::zeros({3, 2})));
  EXPECT_EQ(sum.error(), (error{error_kind::shape_mismatch, "add: shapes differ: (2,3) and (3,2)"}));
  EXPECT_EQ(t.apply(log_op{}, x).error().kind, error_kind::domain_error);
  EXPECT_EQ(t.size(), 2u);
  EXPECT_EQ(*t.get_value(x), numbers::zeros({2, 3}));
}

TEST(TapeErrors, IdsAreCheckedBeforeShapesAndShapesBeforeTheDomain) {  // contract 0.5
  tape<double> t;
  const node_id negative = *t.leaf(vector_of({-1}));
  const node_id matrix = *t.leaf(numbers::zeros({2, 3}));
  EXPECT_EQ(t.apply(matmul_op{}, matrix, node_id{9}).error().kind, error_kind::invalid_node_id);
  EXPECT_EQ(t.apply(log_op{}, node_id{9}).error().kind, error_kind::invalid_node_id);
  EXPECT_EQ(t.apply(log_op{}, negative).error().kind, error_kind::domain_error);
  EXPECT_TRUE(t.apply(log_op{}, *t.leaf(numbers::zeros({0}))));
  EXPECT_EQ(t.apply(log_op{}, *t.leaf(vector_of({std::nan("")}))).error().kind, error_kind::domain_error);
}

TEST(TapeErrors, StartingPointsOfAReversePass) {
  small_tape s;
  EXPECT_EQ(s.t.backward_dense(9, one).error().kind, error_kind::invalid_output_id);
  EXPECT_EQ(s.t.backward_dense(s.y, one).error().kind, error_kind::seed_shape_mismatch);
  EXPECT_EQ(s.t.backward_dense(9, vector_of({1})).error().kind, error_kind::invalid_output_id);  // the id first
  EXPECT_EQ(s.t.backward_dense_all(9, one).error().kind, error_kind::invalid_output_id);
  EXPECT_EQ(s.t.backward_dense_all(s.y, one).error().kind, error_kind::seed_shape_mismatch);
  EXPECT_EQ(s.t.backward_scalar(s.y).error().kind, error_kind::seed_shape_mismatch);
  tape<double> t;
  EXPECT_EQ(t.backward_scalar(*t.leaf(vector_of({1}))).error().kind, error_kind::seed_shape_mismatch);  // C28
}

TEST(TapeErrors, GradientArrays) {
  small_tape s;
  gradient_array<double> zeros;
  for (node_id id = 0; id < s.t.size(); ++id) zeros.push_back(numbers::zeros(s.t.shape_of(id)));
  auto short_array = zeros;
  short_array.pop_back();
  EXPECT_EQ(s.t.backward_dense_from(short_array).error().kind, error_kind::gradient_array_length);
  auto wrong = zeros;
  wrong[s.y] = one;
  EXPECT_EQ(s.t.backward_dense_from(wrong).error().kind, error_kind::gradient_array_shape);
  EXPECT_EQ(s.t.backward_dense_from_step(zeros, 9).error().kind, error_kind::invalid_node_id);
  EXPECT_EQ(s.t.backward_dense_from_step({zeros[0]}, s.loss).error().kind, error_kind::gradient_array_length);
  EXPECT_EQ(s.t.add_grad_all({}, {s.x, vector_of({1, 1})}).error().kind, error_kind::gradient_array_length);
  EXPECT_EQ(s.t.add_grad_all({one}, {s.x, vector_of({1, 1})}).error().kind, error_kind::gradient_array_shape);
  EXPECT_EQ(s.t.add_grad_all(zeros, {s.x, one}).error().kind, error_kind::parent_shape_mismatch);
  EXPECT_EQ(s.t.add_grad_all(zeros, {9, one}).error().kind, error_kind::invalid_parent_id);
  EXPECT_EQ(s.t.add_grad_dense(optional_gradients<double>(4), {9, one}).error().kind, error_kind::invalid_parent_id);
  EXPECT_EQ(s.t.add_grad_dense(optional_gradients<double>(4), {s.x, one}).error().kind, error_kind::parent_shape_mismatch);
}

TEST(TapeErrors, ParentCotangentsOfNodesOfOnesOwn) {
  const auto node_returning = [](const numbers& cotangent, node_id parent) {
    return node<double>{.value = one, .parents = {parent}, .backward = [=](const numbers&) -> result<contributions<double>> {
                          return contributions<double>{{parent, cotangent}};
                        }};
  };
  tape<double> t;
  const node_id x = *t.leaf(vector_of({1, 2}));
  const node_id fixed_x = *t.leaf(vector_of({1, 2}), "", false);
  EXPECT_EQ(t.backward_scalar(*t.add_node(node_returning(one, x))).error().kind, error_kind::parent_shape_mismatch);
  // C27: the shape is not looked at when the parent wants no gradient.
  EXPECT_TRUE(t.backward_scalar(*t.add_node(node_returning(one, fixed_x))));
  const node_id failing = *t.add_node({.value = one, .backward = [](const numbers&) -> result<contributions<double>> {
                                         return fail(error_kind::not_differentiable, "mine: no derivative");
                                       }});
  EXPECT_EQ(t.backward_scalar(failing).error(), (error{error_kind::not_differentiable, "mine: no derivative"}));
}

TEST(TapeErrors, TypedReads) {
  small_tape s;
  EXPECT_EQ(s.t.require_value(9, {2}).error().kind, error_kind::invalid_node_id);
  EXPECT_EQ(s.t.require_value(s.x, {3}).error().kind, error_kind::shape_mismatch);
  EXPECT_EQ(*s.t.require_value(s.x, {2}), vector_of({2, 3}));
  EXPECT_EQ(tape<double>::require_grad(one, {2}).error().kind, error_kind::upstream_shape_mismatch);
  EXPECT_EQ(*tape<double>::require_grad(one, {}), one);
  EXPECT_FALSE(s.t.get_value(9));
  EXPECT_FALSE(s.t.get_node(9));
  EXPECT_EQ(s.t.value(9).error().kind, error_kind::invalid_node_id);
}

TEST(TapeErrors, DivisionByZeroOfExactNumbersIsADomainError) {
  tape<rational> t;
  const node_id x = *t.leaf(tensor<rational>::zeros({1}));
  EXPECT_EQ(t.apply(reciprocal_op{}, x).error().kind, error_kind::domain_error);
  EXPECT_EQ(t.size(), 1u);
}

TEST(TapeErrors, OkOrThrowCarriesTheKind) {
  tape<double> t;
  try {
    ok_or_throw(t.apply(exp_op{}, 3));
    FAIL();
  } catch (const failure& e) {
    EXPECT_EQ(e.kind(), error_kind::invalid_node_id);
    EXPECT_STREQ(e.what(), "exp: node 3 is not on the tape of 0 nodes");
  }
}

// ---- reverse passes --------------------------------------------------------------------------------------------------------

TEST(Backward, KeepsTheSeedAtAnOutputThatWantsNoGradient) {
  tape<double> t;
  const node_id x = *t.leaf(vector_of({1, 2}), "", false);
  const auto dense = *t.backward_dense(x, vector_of({5, 6}));
  EXPECT_EQ(*dense[x], vector_of({5, 6}));
}

TEST(Backward, AParentWithoutGradBlocksWhatLiesBehindIt) {
  tape<double> t;
  const node_id x = *t.leaf(vector_of({1, 2}));
  const node_id y = *t.apply(mul_op{}, x, x);
  const node_id detached = *t.add_node({.name = "detach", .value = *t.get_value(y), .requires_grad = false, .parents = {y}});
  const node_id z = *t.apply(mul_op{}, detached, x);
  const auto dense = *t.backward_dense(z, vector_of({1, 1}));
  EXPECT_FALSE(dense[detached]);
  EXPECT_FALSE(dense[y]);
  EXPECT_EQ(*dense[x], vector_of({1, 4}));
  const auto all = *t.backward_dense_all(z, vector_of({1, 1}));
  EXPECT_EQ(all[detached], vector_of({0, 0}));
  EXPECT_EQ(all[x], vector_of({1, 4}));
}

TEST(Backward, UnreachedNodesAreAbsentOrZero) {
  small_tape s;
  const node_id aside = *s.t.apply(exp_op{}, s.x);
  const node_id after = *s.t.apply(exp_op{}, s.loss);
  const auto dense = *s.t.backward_dense(s.loss, one);
  EXPECT_EQ(dense.size(), s.t.size());
  EXPECT_FALSE(dense[aside]);
  EXPECT_FALSE(dense[after]);
  const auto all = *s.t.backward_dense_all(s.loss, one);
  EXPECT_EQ(all[aside], vector_of({0, 0}));
  EXPECT_EQ(all[s.x], *dense[s.x]);
  const auto map = *s.t.backward(s.loss, one);
  EXPECT_EQ(map.size(), 4u);
  EXPECT_FALSE(map.contains(aside));
  EXPECT_EQ(tape<double>::dense_to_map(dense).size(), 4u);
}

TEST(Backward, TotalPassesRunUnreachedNodesWithZeroCotangents) {  // C24
  tape<double> t;
  const node_id x = *t.leaf(vector_of({0}));
  ASSERT_TRUE(t.apply(reciprocal_op{}, x));
  const node_id y = *t.apply(sum_op{}, x);
  EXPECT_EQ((*t.backward_dense(y, one))[x], vector_of({1}));
  EXPECT_TRUE(std::isnan((*t.backward_dense_all(y, one))[x][0]));
}

TEST(Backward, RepeatedCallsNeverAccumulate) {
  small_tape s;
  const auto first = *s.t.backward_scalar(s.loss);
  EXPECT_EQ(*s.t.backward_scalar(s.loss), first);
  gradient_workspace<double> workspace;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(s.t.backward_dense_into(workspace, s.loss, one));
    EXPECT_EQ(*workspace.at(s.x), vector_of({5, 7}));
  }
}

TEST(Backward, ResultsOutliveTheirTapeAndTheNextPass) {
  gradient_workspace<double> workspace;
  std::optional<numbers> kept;
  {
    small_tape s;
    ASSERT_TRUE(s.t.backward_dense_into(workspace, s.loss, one));
    kept = workspace.at(s.x);
    s.t.clear();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(s.t.leaf(vector_of({9, 9})));
    ASSERT_TRUE(s.t.backward_dense_into(workspace, 0, vector_of({1, 1})));
  }
  EXPECT_EQ(*kept, vector_of({5, 7}));
}

// Large enough that memory is handed on: three branches that meet again, an input used twice, another size between, a node of
// the caller's own.
TEST(Backward, KeepingLeavesAloneGivesTheSameGradientsOfThem) {
  constexpr int64_t n = 5000;
  tape<double> t;
  tensor<double> values = tensor<double>::uninitialised({n});
  for (int64_t i = 0; i < n; ++i) values.mutable_data()[i] = std::sin(static_cast<double>(i));
  const node_id x = *t.leaf(values), w = *t.leaf(vector_of({2, 3}));
  const node_id a = *t.apply(exp_op{}, x), b = *t.apply(mul_op{}, a, a), c = *t.apply(tanh_op{}, b),
                d = *t.apply(mul_op{}, c, x);
  const node_id squared = *t.apply(map_op<decltype([](auto v) { return v * v; }), 1>{}, d);
  const node_id own =
      *t.unary("double", squared, [](const numbers& v) { return v; }, [](const numbers&, const numbers& dy) { return dy; });
  const node_id e = *t.apply(add_op{}, own, *t.apply(sin_op{}, a)), total = *t.apply(sum_op{}, e);
  const node_id loss = *t.apply(add_op{}, total, *t.apply(sum_op{}, *t.apply(mul_op{}, w, w)));
  gradient_workspace<double> all, leaves;
  for (int pass = 0; pass < 3; ++pass) {
    ASSERT_TRUE(t.backward_dense_into(all, loss, one));
    ASSERT_TRUE(t.backward_dense_into(leaves, loss, one, kept_gradients::leaves));
    for (const node_id leaf : {x, w}) EXPECT_EQ(*leaves.at(leaf), *all.at(leaf)) << "node " << leaf << ", pass " << pass;
    EXPECT_EQ(*leaves.at(loss), one);
    for (const node_id inner : {a, b, c, d, squared, own, e, total}) {
      EXPECT_TRUE(all.reached(inner));
      EXPECT_FALSE(leaves.reached(inner)) << "node " << inner;
    }
  }
}

TEST(Backward, UnaryBuildsANodeFromForwardAndVjp) {
  tape<double> t;
  const node_id x = *t.leaf(vector_of({1, 2}));
  const node_id y = *t.unary(
      "cube", x,
      [](const numbers& a) {
        numbers b = a;
        for (double& v : b.mutable_values()) v = v * v * v;
        return b;
      },
      [](const numbers& a, const numbers& dy) {
        numbers dx = dy;
        for (int64_t i = 0; i < dx.size(); ++i) dx.mutable_data()[i] = 3 * a[i] * a[i] * dy[i];
        return dx;
      });
  EXPECT_EQ((*t.backward_dense(y, vector_of({1, 1})))[x], vector_of({3, 12}));
  EXPECT_EQ(t.get_node(y)->backward(one).error().kind, error_kind::upstream_shape_mismatch);
  EXPECT_EQ(t.unary(
                 "cube", 9, [](const numbers& a) { return a; }, [](const numbers&, const numbers& g) { return g; })
                .error()
                .kind,
            error_kind::invalid_node_id);
}

TEST(Backward, ClearKeepsValuesThatWereRead) {
  tape<double> t;
  const node_id x = *t.leaf(vector_of({1, 2}));
  const numbers y = *t.get_value(*t.apply(add_op{}, x, x));
  t.clear();
  EXPECT_TRUE(t.empty());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(t.apply(neg_op{}, *t.leaf(vector_of({7, 7}))));
  EXPECT_EQ(y, vector_of({2, 4}));
}

// ---- properties on random exact graphs
// ---------------------------------------------------------------------------------------

/// A random graph of ring operators over rationals; equal seeds give equal graphs.
struct random_graph {
  tape<rational> t;
  std::uint64_t key;
  std::uint64_t drawn = 0;
  std::uint64_t draw(std::uint64_t n) { return mix(key + drawn++) % n; }

  explicit random_graph(std::uint64_t seed, int leaves = 3, int operators = 12) : key(mix(seed)) {
    for (int i = 0; i < leaves; ++i) {
      tensor<rational> x({2, 2});
      for (rational& v : x.mutable_values())
        v = rational(static_cast<int64_t>(draw(13)) - 6, 1 + static_cast<int64_t>(draw(3)));
      EXPECT_TRUE(t.leaf(x, "", draw(5) != 0));
    }
    for (int i = 0; i < operators; ++i) extend();
  }
  void extend() {
    const node_id a = draw(t.size()), b = draw(t.size());
    switch (draw(6)) {
      case 0: EXPECT_TRUE(t.apply(add_op{}, a, b)); break;
      case 1: EXPECT_TRUE(t.apply(sub_op{}, a, b)); break;
      case 2: EXPECT_TRUE(t.apply(mul_op{}, a, b)); break;
      case 3: EXPECT_TRUE(t.apply(relu_op{}, a)); break;
      case 4: EXPECT_TRUE(t.apply(neg_op{}, a)); break;
      default: EXPECT_TRUE(t.apply(matmul_op{}, a, b));
    }
  }
  tensor<rational> any_tensor() {
    tensor<rational> x({2, 2});
    for (rational& v : x.mutable_values()) v = rational(static_cast<int64_t>(draw(9)) - 4);
    return x;
  }
  gradient_array<rational> any_array() {
    gradient_array<rational> g;
    for (node_id id = 0; id < t.size(); ++id) g.push_back(any_tensor());
    return g;
  }
};

tensor<rational> plus(const tensor<rational>& a, const tensor<rational>& b, const rational& factor = rational(1)) {
  tensor<rational> c = a;
  for (int64_t i = 0; i < c.size(); ++i) c.mutable_data()[i] = c[i] + factor * b[i];
  return c;
}

class random_graphs : public testing::TestWithParam<int> {
 protected:
  random_graph g{static_cast<std::uint64_t>(GetParam())};
  node_id out = g.t.size() - 1;
};

TEST_P(random_graphs, DenseAndTotalPassesAgreeOnReachedNodes) {
  const tensor<rational> seed = g.any_tensor();
  const auto dense = *g.t.backward_dense(out, seed);
  const auto all = *g.t.backward_dense_all(out, seed);
  for (node_id id = 0; id < g.t.size(); ++id) EXPECT_EQ(all[id], dense[id] ? *dense[id] : tensor<rational>({2, 2}));
}

TEST_P(random_graphs, BackwardIsLinearInTheSeed) {
  const tensor<rational> u = g.any_tensor(), v = g.any_tensor();
  const auto gu = *g.t.backward_dense_all(out, u), gv = *g.t.backward_dense_all(out, v);
  const auto both = *g.t.backward_dense_all(out, plus(u, v, rational(3)));
  for (node_id id = 0; id < g.t.size(); ++id) EXPECT_EQ(both[id], plus(gu[id], gv[id], rational(3)));
}

TEST_P(random_graphs, LaterNodesDoNotChangeGradients) {
  const tensor<rational> seed = g.any_tensor();
  const auto before = *g.t.backward(out, seed);
  for (int i = 0; i < 5; ++i) g.extend();
  EXPECT_EQ(*g.t.backward(out, seed), before);
}

TEST_P(random_graphs, StepsKeepTheArrayLengthAndAddTheContributionList) {  // 16.4.3, 16.4.4
  gradient_array<rational> array = g.any_array();
  for (node_id id = g.t.size(); id-- > 0;) {
    auto expected = array;
    const auto list = *g.t.local_vjp(id, array[id]);
    for (const auto& c : list)
      if (g.t.requires_grad(id) && g.t.requires_grad(c.parent)) expected[c.parent] = plus(expected[c.parent], c.cotangent);
    array = *g.t.backward_dense_from_step(array, id);
    ASSERT_EQ(array.size(), g.t.size());
    ASSERT_EQ(array, expected) << "node " << id;
  }
}

TEST_P(random_graphs, TheLoopIsItsSteps) {
  const gradient_array<rational> start = g.any_array();
  auto by_steps = start;
  for (node_id id = g.t.size(); id-- > 0;) by_steps = *g.t.backward_dense_from_step(by_steps, id);
  EXPECT_EQ(*g.t.backward_dense_from(start), by_steps);
  EXPECT_EQ(*g.t.backward_dense_from_loop(g.t.size(), start), by_steps);
}

TEST_P(random_graphs, ContributionsTargetEarlierNodes) {
  for (node_id id = 0; id < g.t.size(); ++id) {
    const auto n = *g.t.get_node(id);
    for (const node_id p : n.parents) EXPECT_LT(p, id);
    if (!n.backward) continue;
    const auto list = *n.backward(g.any_tensor());
    for (const auto& c : list) EXPECT_LT(c.parent, id);
  }
}

TEST_P(random_graphs, FanOutIsTheSumOfSeparatePaths) {
  // y = f(x, x') with x' a second leaf of the same value: d/dx of f(x, x) is the sum of the two.
  tape<rational> joined, separate;
  const tensor<rational> value = g.any_tensor();
  const node_id x = *joined.leaf(value), a = *separate.leaf(value), b = *separate.leaf(value);
  const node_id y = *joined.apply(matmul_op{}, *joined.apply(mul_op{}, x, x), x);
  const node_id z = *separate.apply(matmul_op{}, *separate.apply(mul_op{}, a, b), b);
  const tensor<rational> seed = g.any_tensor();
  const auto split = *separate.backward(z, seed);
  EXPECT_EQ(joined.backward(y, seed)->at(x), plus(split.at(a), split.at(b)));
}

TEST_P(random_graphs, JvpAndBackpropAreAdjoint) {  // 16.4.6, duals of rationals carry the jvp
  tape<dual<rational>> forward;
  std::vector<tensor<rational>> directions;
  random_graph same(static_cast<std::uint64_t>(GetParam()));
  for (node_id id = 0; id < g.t.size(); ++id) {
    const auto n = *g.t.get_node(id);
    if (n.parents.empty()) {
      directions.push_back(n.requires_grad ? g.any_tensor() : tensor<rational>({2, 2}));
      tensor<dual<rational>> x({2, 2});
      for (int64_t i = 0; i < 4; ++i) x.mutable_data()[i] = {n.value[i], directions.back()[i]};
      ASSERT_TRUE(forward.leaf(x));
    } else {
      const std::string name = n.name;
      const auto again = [&](auto op) {
        if (name != op.info.name.s) return;
        if constexpr (arity_of<decltype(op)>.tensors == 2)
          ASSERT_TRUE(forward.apply(op, n.parents[0], n.parents[1]));
        else
          ASSERT_TRUE(forward.apply(op, n.parents[0]));
      };
      again(add_op{}), again(sub_op{}), again(mul_op{}), again(relu_op{}), again(neg_op{}), again(matmul_op{});
    }
  }
  ASSERT_EQ(forward.size(), g.t.size());
  const tensor<rational> seed = g.any_tensor();
  const auto gradients = *g.t.backward_dense_all(out, seed);
  rational left(0), right(0);
  const auto y = *forward.get_value(out);
  for (int64_t i = 0; i < 4; ++i) left = left + y[i].d * seed[i];
  for (node_id id = 0; id < directions.size(); ++id)
    for (int64_t i = 0; i < 4; ++i)
      if (g.t.requires_grad(id)) right = right + directions[id][i] * gradients[id][i];
  EXPECT_EQ(left, right);
}

INSTANTIATE_TEST_SUITE_P(Seeds, random_graphs, testing::Range(0, 40));

TEST(Tape, LeavesAppearInOrder) {  // 16.4.2
  tape<double> t;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*t.leaf(numbers::scalar(i)), static_cast<node_id>(i));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(t.get_value(static_cast<node_id>(i))->item(), i);
}

TEST(Tape, ThirdDerivativesThroughNestedDuals) {
  using number = dual<dual<rational>>;
  tape<number> t;
  const node_id x = *t.leaf(tensor<number>::scalar({{rational(3), rational(1)}, {rational(1), rational(0)}}));
  const node_id cube = *t.apply(mul_op{}, *t.apply(mul_op{}, x, x), x);
  const number g = t.backward_scalar(cube)->at(x).item();
  EXPECT_EQ(g.v.v, rational(27));
  EXPECT_EQ(g.v.d, rational(18));
  EXPECT_EQ(g.d.d, rational(6));
}

TEST(Tape, SteadyStepsAskTheSystemForNothing) {
  tape<float> t;
  gradient_workspace<float> workspace;
  const tensor<float> x = tensor<float>::ones({64, 64}), w = tensor<float>::ones({64, 64}), seed = tensor<float>::scalar(1);
  const auto step = [&] {
    t.clear();
    const node_id a = *t.leaf(x), b = *t.leaf(w);
    const node_id loss = *t.apply(sum_op{}, *t.apply(softplus_op{}, *t.apply(matmul_op{}, a, b)));
    ASSERT_TRUE(t.backward_dense_into(workspace, loss, seed));
  };
  for (int i = 0; i < 3; ++i) step();
  const auto before = memory_chunk::system_allocations();
  for (int i = 0; i < 100; ++i) step();
  EXPECT_EQ(memory_chunk::system_allocations(), before);
}

}  // namespace
}  // namespace axiograd
