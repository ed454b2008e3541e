// Whatever functions and numbers of the caller's own throw comes back as an error, and the tape goes on.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/core/scalar/rational.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/div.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/reciprocal.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <gtest/gtest.h>
#include <stdexcept>

namespace axiograd {
namespace {

using numbers = tensor<double>;
const numbers one = numbers::scalar(1);

struct no_exception {};  // of the standard library

/// A throw and the kind and text that it becomes.
struct thrower {
  std::function<void()> go;
  std::optional<error_kind> kind;  // none: what the place says
  const char* text;
};
const std::vector<thrower> throwers{
    {[] { throw std::runtime_error("the disk is full"); }, std::nullopt, "the disk is full"},
    {[] { throw std::logic_error("no such thing"); }, std::nullopt, "no such thing"},
    {[] { throw no_exception{}; }, std::nullopt, "no std::exception"},
    {[] { throw 7; }, std::nullopt, "no std::exception"},
    {[] { throw std::bad_alloc(); }, error_kind::out_of_memory, "out of memory"},
    {[] { throw std::domain_error("off the domain"); }, error_kind::domain_error, "off the domain"},
    {[] { throw failure({error_kind::io, "gone"}); }, error_kind::io, "gone"},
};
template <class R>
void expect_error(const R& r, const thrower& by, error_kind otherwise, const char* where) {
  ASSERT_FALSE(r) << where;
  EXPECT_EQ(r.error().kind, by.kind.value_or(otherwise)) << where << ": " << r.error().message;
  EXPECT_NE(r.error().message.find(by.text), std::string::npos) << where << ": " << r.error().message;
}

TEST(Exceptions, OfABackwardOfOnesOwn) {
  for (const thrower& by : throwers) {
    tape<double> t;
    const node_id x = *t.leaf(one);
    const node_id own =
        *t.add_node({.value = one, .parents = {x}, .backward = [&](const numbers&) -> result<contributions<double>> {
                       by.go();
                       return contributions<double>{};
                     }});
    const node_id y = *t.apply(exp_op{}, own);
    const auto check = [&](const auto& r, const char* where) { expect_error(r, by, error_kind::not_differentiable, where); };
    check(t.backward(y, one), "backward");
    check(t.backward_scalar(y), "backward_scalar");
    check(t.backward_dense(y, one), "backward_dense");
    check(t.backward_dense_all(y, one), "backward_dense_all");
    check(t.backward_dense_from({one, one, one}), "backward_dense_from");
    check(t.backward_dense_from_loop(3, {one, one, one}), "backward_dense_from_loop");
    check(t.backward_dense_from_step({one, one, one}, own), "backward_dense_from_step");
    check(t.local_vjp(own, one), "local_vjp");
    gradient_workspace<double> w;
    check(t.backward_dense_into(w, y, one, kept_gradients::leaves), "backward_dense_into");
    EXPECT_EQ(t.value(y)->item(), exp(1.0));
    EXPECT_TRUE(t.backward_scalar(x));
  }
}

TEST(Exceptions, OfUnarysFunctions) {
  for (const thrower& by : throwers) {
    tape<double> t;
    const node_id x = *t.leaf(one);
    const auto same = [](const numbers& v) { return v; };
    const auto throws = [&](const numbers& v) {
      by.go();
      return v;
    };
    const auto same_vjp = [](const numbers&, const numbers& dy) { return dy; };
    expect_error(t.unary("mine", x, throws, same_vjp), by, error_kind::domain_error, "forward");
    EXPECT_EQ(t.size(), 1u);
    const node_id y = *t.unary("mine", x, same, [&](const numbers&, const numbers& dy) { return throws(dy); });
    expect_error(t.backward_scalar(y), by, error_kind::not_differentiable, "vjp");
  }
}

TEST(Exceptions, OfABuildersProgram) {
  for (const thrower& by : throwers) {
    const auto r = tape_builder<double>::run({}, [&](auto& b) {
      b.leaf(one);
      by.go();
      return 1;
    });
    expect_error(r, by, error_kind::domain_error, "run");
    expect_error(tape_builder<double>::exec({}, [&](auto&) { by.go(); }), by, error_kind::domain_error, "exec");
  }
}

TEST(Exceptions, ExactDivisionByZeroWithoutATapeIsAFailure) {
  using exact = tensor<rational>;
  const exact zero = exact::zeros({40'000}), two = exact::full({40'000}, rational(2));
  const auto kind_of = [](const auto& f) -> std::optional<error_kind> {
    try {
      f();
      return std::nullopt;
    } catch (const failure& e) {
      return e.kind();
    }
  };
  EXPECT_EQ(kind_of([&] { div(two, zero); }), error_kind::domain_error);
  EXPECT_EQ(kind_of([&] { reciprocal(zero); }), error_kind::domain_error);
  EXPECT_EQ(kind_of([&] { reciprocal(exact::zeros({})); }), error_kind::domain_error);
  EXPECT_EQ(div(two, two)[39'999], rational(1));
  const operator_table<rational>& op = table_of<reciprocal_op, rational>();
  const std::array<const exact*, 1> in{&zero};
  EXPECT_EQ(evaluate_tensors<rational>(op, nullptr, in, {}).error(),
            (error{error_kind::domain_error, "rational: division by 0"}));
}

// Elementwise operators of a product may wait with it; a division by 0 is still that operator's own error.
TEST(Exceptions, ExactDivisionByZeroAfterAProduct) {
  tape<rational> t;
  const tensor<rational> m = tensor<rational>::from({2, 2}, {rational(1), rational(1), rational(-1), rational(-1)});
  const node_id x = *t.leaf(m), y = *t.apply(matmul_op{}, x, x);
  EXPECT_EQ(t.apply(reciprocal_op{}, y).error().kind, error_kind::domain_error);
  EXPECT_EQ(t.size(), 2u);
  const node_id more = *t.apply(add_op{}, y, x);
  EXPECT_EQ(*t.value(more), m);
  EXPECT_TRUE(t.backward(more, m));
}

TEST(Exceptions, CastsOfExactNumbers) {
  const tensor<rational> x = tensor<rational>::from({3}, {rational(1, 3), rational(-5, 2), rational(7)});
  EXPECT_EQ(x.cast<double>(), numbers::from({3}, {1.0 / 3, -2.5, 7}));
  EXPECT_EQ(x.cast<float>(), tensor<float>::from({3}, {1.0F / 3, -2.5F, 7}));
  EXPECT_EQ(x.cast<double>().cast<rational>()[1], rational(-5, 2));
}

}  // namespace
}  // namespace axiograd
