// Variables know their recorder: what is mixed or out of date is an error by name, in recordings and in builders.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/functional/attention.hpp>
#include <axiograd/functional/einsum.hpp>
#include <axiograd/functional/random.hpp>
#include <axiograd/functional/recurrent.hpp>
#include <axiograd/functional/reduce.hpp>
#include <axiograd/operators/program.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/square.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <axiograd/ops/reduction/variance.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <functional>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using numbers = tensor<double>;
using handle = var<double>;
const numbers square = numbers::from({2, 2}, {1, 2, 3, 4});

/// The kind and the message of the `failure` that the call throws; "" if it throws none.
template <class F>
std::string thrown(const F& f) {
  try {
    f();
  } catch (const failure& e) {
    return std::string(to_string(e.kind())) + ": " + e.what();
  }
  return "";
}
void expect_refused(const std::string& what, const std::string& who, const std::string& why) {
  EXPECT_TRUE(what.starts_with("invalid_node_id: " + who + ": ")) << what;
  EXPECT_NE(what.find(why), std::string::npos) << what;
}

/// What can be asked of a variable `x` that is a matrix, beside a good one of the same shape.
struct use {
  const char* who;
  std::function<void(const handle& x, const handle& good)> of;
};
const std::vector<use> alone{
    {"exp", [](const handle& x, const handle&) { exp(x); }},
    {"map", [](const handle& x, const handle&) { map([](auto v) { return v * v; }, x); }},
    {"softmax", [](const handle& x, const handle&) { softmax(x, {.axis = 0}); }},
    {"reshape", [](const handle& x, const handle&) { reshape(x, {.dims = {4}}); }},
    {"value", [](const handle& x, const handle&) { x.value(); }},
    {"value", [](const handle& x, const handle&) { x.item(); }},
    {"shape", [](const handle& x, const handle&) { x.shape(); }},
    {"var", [](const handle& x, const handle&) { var<double, shape{2, 2}> typed(x); }},
    {"constant_like", [](const handle& x, const handle&) { constant_like(x, 3); }},
    {"transpose", [](const handle& x, const handle&) { transpose(x, 0, 1); }},
    {"squeeze", [](const handle& x, const handle&) { squeeze(x, 0); }},
    {"unsqueeze", [](const handle& x, const handle&) { unsqueeze(x, 0); }},
    {"split", [](const handle& x, const handle&) { split(x, 1); }},
    {"reduce_sum", [](const handle& x, const handle&) { reduce_sum(x, over{{0, 1}}); }},
    {"reduce_mean", [](const handle& x, const handle&) { mean(x); }},
    {"variance", [](const handle& x, const handle&) { variance(x, over{}); }},
    {"dropout", [](const handle& x, const handle&) { dropout(x, 0.5, {}); }},
    {"einsum", [](const handle& x, const handle&) { einsum("ij->ji", x); }},
    {"split_heads", [](const handle& x, const handle&) { split_heads(x, 2); }},
    {"grad", [](const handle& x, const handle& good) { grad(x, {good}); }},
};
const std::vector<use> beside_another{
    {"add", [](const handle& x, const handle& good) { add(good, x); }},
    {"add", [](const handle& x, const handle& good) { add(x, good); }},
    {"mul", [](const handle& x, const handle& good) { good* x; }},
    {"matmul", [](const handle& x, const handle& good) { matmul(good, x); }},
    {"linear", [](const handle& x, const handle& good) { linear(good, numbers::zeros({2}), x); }},
    {"map", [](const handle& x, const handle& good) { map([](auto u, auto v) { return u * v; }, good, x); }},
    {"concat", [](const handle& x, const handle& good) { cat({good, x}); }},
    {"mse_loss", [](const handle& x, const handle& good) { mse_loss(x, good); }},
    {"einsum", [](const handle& x, const handle& good) { einsum("ij,jk->ik", good, x); }},
    {"linear",
     [](const handle& x, const handle& good) {
       const numbers bias = numbers::zeros({2});
       const recurrent_weights<handle> w{good, good, constant_like(reduce_sum(good, {.axis = 0}), 0),
                                         reduce_sum(good, {.axis = 0})};
       rnn_cell(w, x, good);
     }},
    {"grad", [](const handle& x, const handle& good) { grad(sum(good), {x}); }},
};

TEST(Handles, ARecordingThrowsForVariablesOfBeforeItsClear) {
  for (const auto* uses : {&alone, &beside_another})
    for (const use& u : *uses) {
      recording<double> r;
      const handle before = r.leaf(square);
      r.clear();
      const handle now = r.leaf(square);
      expect_refused(thrown([&] { u.of(before, now); }), u.who, "is from before");
      EXPECT_EQ(sum(now).item(), 10) << "the recording goes on after " << u.who;
    }
}

TEST(Handles, ARecordingThrowsForVariablesOfAnother) {
  for (const use& u : beside_another) {
    recording<double> a, b;
    const handle x = a.leaf(square), y = b.leaf(square);
    const std::size_t size_of_b = b.current_tape().size();
    expect_refused(thrown([&] { u.of(x, y); }), u.who, "belongs to another recorder");
    EXPECT_LE(a.current_tape().size() + b.current_tape().size(), 1 + size_of_b + 3) << u.who;  // a sum or constants of its own
    EXPECT_EQ(x.value(), square);
  }
}

TEST(Handles, NothingIsAppendedByARefusedOperator) {
  recording<double> a, b;
  const handle x = a.leaf(square), y = b.leaf(square);
  EXPECT_THROW(linear(x, numbers::zeros({2}), y), failure);  // nor the constant among its operands
  EXPECT_THROW(add(x, y), failure);
  EXPECT_EQ(a.current_tape().size(), 1u);
  EXPECT_EQ(b.current_tape().size(), 1u);
}

TEST(Handles, ANodeNumberBeyondTheTapeIsAnError) {
  recording<double> r;
  const handle good = r.leaf(square), x(r, 7);
  for (const use& u : alone) {
    if (std::string(u.who) == "grad") continue;  // its good one is a matrix
    expect_refused(thrown([&] { u.of(x, good); }), u.who, "node 7 is not on the tape of ");
  }
  expect_refused(thrown([&] { grad(sum(good), {x}); }), "grad", "node 7 is not on the tape of ");
}

TEST(Handles, RecordersAtOnePlaceAreTold) {
  std::optional<recording<double>> r;
  r.emplace();
  const handle before = r->leaf(square);
  r.emplace();
  const handle now = r->leaf(square);
  expect_refused(thrown([&] { before.value(); }), "value", "is from before");
  expect_refused(thrown([&] { add(now, before); }), "add", "is from before");
}

TEST(Handles, ConversionsKeepWhatTheyKnow) {
  recording<double> r, other;
  const var<double, shape{2, 2}> typed = r.input<shape{2, 2}>(square);
  const handle loose = typed;
  const var<double, shape{any, 2}> batch = loose;
  EXPECT_EQ(sum(batch).item(), 10);
  r.clear();
  r.leaf(numbers::zeros({2, 2}));
  const handle still = typed;
  expect_refused(thrown([&] { still.value(); }), "value", "is from before");
  expect_refused(thrown([&] { (void)var<double, shape{any, 2}>(typed); }), "var", "is from before");
  expect_refused(thrown([&] { matmul(typed, batch); }), "matmul", "is from before");
  const auto foreign = other.input<shape{2, 2}>(square);
  const auto own = r.input<shape{2, 2}>(square);
  expect_refused(thrown([&] { matmul(own, foreign); }), "matmul", "belongs to another");
}

// ---- builders: the first error is the result, nothing is thrown
// --------------------------------------------------------------

using builder = tape_builder<double>;

template <class Program>
void expect_collected(const std::string& who, const std::string& why, const Program& program) {
  const auto r = builder::run({}, [&](builder& b) {
    program(b);
    return 0;
  });
  ASSERT_FALSE(r) << who;
  expect_refused(std::string(to_string(r.error().kind)) + ": " + r.error().message, who, why);
}

TEST(Handles, ABuilderCollectsVariablesOfBeforeItsTapeWasReplaced) {
  for (const auto* uses : {&alone, &beside_another})
    for (const use& u : *uses)
      expect_collected(u.who, "is from before", [&](builder& b) {
        const handle before = b.leaf(square);
        b.set_tape({});
        const handle now = b.leaf(square);
        u.of(before, now);
        EXPECT_TRUE(b.first_error()) << u.who;  // unless it was thrown already
      });
}

TEST(Handles, ABuilderCollectsVariablesOfAnotherRecorder) {
  for (const use& u : beside_another)
    expect_collected(u.who, "belongs to another", [&](builder& b) {
      const handle good = b.leaf(square);
      recording<double> r;
      const handle foreign = r.leaf(square);
      u.of(foreign, good);
    });
}

TEST(Handles, ABuildersOwnNumbersAreChecked) {
  expect_collected("at", "node 3 is not on the tape of 1 nodes", [](builder& b) {
    b.leaf(square);
    b.at(3);
  });
  tape<double> t;
  const node_id x = *t.leaf(square), y = *t.apply(exp_op{}, x);
  const auto continued = builder::run(t, [&](builder& b) { return sum(b.at(y)).item(); });
  EXPECT_EQ(continued->first, sum(exp(square)).item());
  const auto replaced = builder::run({}, [&](builder& b) {
    b.set_tape(t);
    return b.at(x).value();
  });
  EXPECT_EQ(replaced->first, square);
}

TEST(Handles, ABuildersReversePassesLookAtTheirVariable) {
  const auto error_of = [](const auto& r) { return std::string(to_string(r.error().kind)) + ": " + r.error().message; };
  const auto done = builder::run({}, [&](builder& b) {
    recording<double> r;
    const handle foreign = sum(r.leaf(square)), own = sum(b.leaf(square));
    expect_refused(error_of(b.backward_scalar(foreign)), "backward_scalar", "belongs to another");
    expect_refused(error_of(b.backward(foreign, numbers::scalar(2))), "backward", "belongs to another");
    b.set_tape({});
    sum(b.leaf(square));
    expect_refused(error_of(b.backward_scalar(own)), "backward_scalar", "is from before");
    expect_refused(error_of(b.backward_scalar(handle(b, 9))), "backward_scalar", "node 9 is not on the tape of 2");
    return 0;
  });
  EXPECT_TRUE(done);  // they answer with an error, the program goes on
}

TEST(Handles, AVariableThatABuilderReturnsIsANumberOnly) {
  auto [x, t] = builder::run({}, [](builder& b) { return exp(b.leaf(square)); }).value();
  EXPECT_EQ(t.value(x.id())->at(0, 0), exp(1.0));
  expect_refused(thrown([&] { x.value(); }), "value", "handed over");
  recording<double> r;
  expect_refused(thrown([&] { add(r.leaf(square), x); }), "add", "belongs to another");
}

TEST(Handles, GradOfABuilderInErrorGivesThatError) {
  const auto r = builder::run({}, [](builder& b) {
    const handle x = b.leaf(square), bad = matmul(x, b.leaf(numbers::zeros({3, 3})));
    return grad(sum(bad), {x}).size();
  });
  EXPECT_EQ(r.error().kind, error_kind::shape_mismatch);
}

}  // namespace
}  // namespace axiograd
