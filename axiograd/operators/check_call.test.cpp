// Calls by record: what the compiler knows of a typed call is checked, and the answer is an error value.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <axiograd/operators/record.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/scale.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

/// An operator by name, called with so many tensors and side inputs: on a tape and without one.
template <class T>
struct caller {
  const operator_table<T>& op;
  tape<T> t{};
  tensor<T> x = tensor<T>::ones({2, 2});
  node_id id = *t.leaf(x);

  error_kind refused(const void* attributes, int tensors, int sides) {
    const std::vector<node_id> ids(static_cast<std::size_t>(tensors), id);
    const std::vector<const tensor<T>*> in(static_cast<std::size_t>(tensors), &x);
    const std::vector<index_tensor> side(static_cast<std::size_t>(sides), index_tensor::zeros({2}));
    const auto appended = t.append(op, attributes, ids, side);
    const auto computed = evaluate_tensors<T>(op, attributes, in, side);
    const std::string what = message(
        {op.name, " of ", tensors, " tensors and ", sides, " side inputs", attributes == nullptr ? ", no attributes" : ""});
    EXPECT_FALSE(appended) << what;
    EXPECT_FALSE(computed) << what;
    EXPECT_EQ(t.size(), 1u) << what;
    if (appended || computed) return error_kind::io;
    EXPECT_EQ(appended.error(), computed.error()) << what;
    EXPECT_TRUE(appended.error().message.starts_with(std::string(op.name) + ": ")) << what << ": " << appended.error().message;
    return appended.error().kind;
  }
};

template <class T>
void expect_wrong_calls_refused(const operator_table<T>& op) {
  std::array<std::byte, 1024> zeros{};  // attributes are not looked at where the call does not fit
  ASSERT_LE(op.attribute_bytes, zeros.size());
  caller<T> call{op};
  const int fewest = op.in.tensors - (op.in.optional >= 0 ? 1 : 0);
  for (int tensors = 0; tensors <= 12; ++tensors)
    for (int sides = 0; sides <= 12; ++sides) {
      const bool right = tensors >= fewest && tensors <= op.in.tensors && sides == op.in.side;
      if (!right) {
        EXPECT_EQ(call.refused(zeros.data(), tensors, sides), error_kind::invalid_parameter);
      }
      if (!right || op.attribute_bytes > 0) {
        EXPECT_EQ(call.refused(nullptr, tensors, sides), error_kind::invalid_parameter);
      }
    }
}

TEST(CallsByRecord, WrongNumbersOfInputsAndMissingAttributesAreErrors) {
  for (const op_record* r : all_records()) {
    expect_wrong_calls_refused(r->f32());
    expect_wrong_calls_refused(r->f64());
  }
}

TEST(CallsByRecord, ErrorsSayWhatIsTaken) {
  tape<float> t;
  const node_id x = *t.leaf(tensor<float>::ones({2, 2}));
  const auto message_of = [&](const char* name, std::vector<node_id> in, std::vector<index_tensor> side,
                              const void* attributes) {
    return t.append(find_record(name)->f32(), attributes, in, side).error().message;
  };
  EXPECT_EQ(message_of("add", {x}, {}, nullptr), "add: 1 tensor given, it takes 2");
  EXPECT_EQ(message_of("add", {x, x, x}, {}, nullptr), "add: 3 tensors given, it takes 2");
  EXPECT_EQ(message_of("linear", {x}, {}, nullptr), "linear: 1 tensor given, it takes 2 or 3");
  EXPECT_EQ(message_of("gather_rows", {x}, {}, nullptr), "gather_rows: 0 side inputs (indices, labels) given, it takes 1");
  EXPECT_EQ(message_of("exp", {x}, {index_tensor({1})}, nullptr), "exp: 1 side input (indices, labels) given, it takes 0");
  EXPECT_EQ(message_of("slice", {x}, {}, nullptr), "slice: its attributes are missing");
  EXPECT_EQ(message_of("scale", {x}, {}, nullptr), "scale: its attributes are missing");
}

TEST(CallsByRecord, NullInputsAndMovedFromOnesAreNoTrap) {
  const operator_table<float>& add = find_record("add")->f32();
  const tensor<float> x({2});
  const std::array<const tensor<float>*, 2> in{&x, nullptr};
  EXPECT_EQ(evaluate_tensors<float>(add, nullptr, in, {}).error(),
            (error{error_kind::invalid_parameter, "add: an input is a null pointer"}));
  tensor<float> gone({2});
  const tensor<float> taken = std::move(gone);
  const std::array<const tensor<float>*, 2> moved{&gone, &gone};  // NOLINT(bugprone-use-after-move): it has shape (0)
  EXPECT_EQ(evaluate_tensors<float>(add, nullptr, moved, {})->shape(), shape{0});
  tape<float> t;
  EXPECT_TRUE(t.apply(add_op{}, *t.leaf(gone), node_id{0}));
}

TEST(CallsByRecord, RightCallsGoThrough) {
  tape<float> t;
  const node_id x = *t.leaf(tensor<float>::ones({2, 2}));
  EXPECT_EQ(t.value(*t.append(find_record("linear")->f32(), nullptr, std::array{x, x}))->at(0, 0), 2);
  const scale_op triple{.factor = 3};
  EXPECT_EQ(t.value(*t.append(find_record("scale")->f32(), &triple, std::array{x}))->at(1, 1), 3);
}

}  // namespace
}  // namespace axiograd
