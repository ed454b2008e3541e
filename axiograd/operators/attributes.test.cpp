// Attributes as text and as JSON, and calls by record.

#include <axiograd/axiograd.hpp>
#include <axiograd/operators/attributes.hpp>
#include <gtest/gtest.h>
#include <limits>

namespace axiograd {
namespace {

attribute_set of(const char* op) { return attribute_set(*find_record(op)); }
std::string refusal(const char* op, const char* name, std::string_view text) {
  attribute_set a = of(op);
  const auto done = a.set_text(name, text);
  if (done) return a.text();
  EXPECT_EQ(a, of(op)) << "a refused value changes nothing";
  EXPECT_EQ(done.error().kind, error_kind::invalid_parameter);
  return done.error().message;
}

/// Some other value of the attribute.
attribute_value another(const attribute_record& a, const attribute_value& value) {
  switch (a.kind) {
    case attribute_kind::boolean: return !std::get<bool>(value);
    case attribute_kind::integer:
    case attribute_kind::axis: return std::get<std::int64_t>(value) - 3;
    case attribute_kind::number: return 0.1 + std::get<double>(value) / 3;
    case attribute_kind::ratio: return ratio{1, 3};
    case attribute_kind::extents: return std::vector<std::int64_t>(static_cast<std::size_t>(a.count), -7);
    case attribute_kind::list:
    case attribute_kind::axes: return std::vector<std::int64_t>{2, -1, 3};
    case attribute_kind::choice: return std::string(a.choices.back());
  }
  return value;
}

TEST(attributes, of_every_operator_survive_text_and_json) {
  int seen = 0;
  for (const op_record* const op : all_records()) {
    SCOPED_TRACE(op->info.name.s);
    attribute_set set(*op), by_text(*op);
    EXPECT_EQ(set, *attribute_set::from_json(*op, set.to_json()));
    for (const attribute_record& a : op->attributes) {
      SCOPED_TRACE(a.name);
      const attribute_set before = set;
      ASSERT_TRUE(set.set(a.name, another(a, set.get(a))));
      EXPECT_FALSE(set == before);
      EXPECT_TRUE(set.has(a));
      ASSERT_TRUE(by_text.set_text(a.name, to_text(set.get(a))));
      EXPECT_EQ(by_text.get(a), set.get(a));
      ++seen;
    }
    EXPECT_TRUE(set.complete());
    EXPECT_EQ(set, by_text);
    EXPECT_EQ(set.hash(), by_text.hash());
    const auto read = attribute_set::from_json(*op, set.to_json());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, set) << set.to_json();
  }
  EXPECT_GT(seen, 100);
}

TEST(attributes, say_what_they_expected) {
  EXPECT_EQ(refusal("softmax", "axes", "1"), "softmax: there is no attribute 'axes'; it has axis");
  EXPECT_EQ(refusal("relu", "axis", "1"), "relu: there is no attribute 'axis'; it has none");
  EXPECT_EQ(refusal("softmax", "axis", "1.5"), "softmax: axis cannot be '1.5', it is an axis, a whole number");
  EXPECT_EQ(refusal("softmax", "axis", "5000000000"), "softmax: axis cannot be 5000000000, it is an axis, a whole number");
  EXPECT_EQ(refusal("conv2d", "stride", "(1,2,3)"),
            "conv2d: stride cannot be (1,2,3), it is a whole number, or 2 of them, such as (2,2)");
  EXPECT_EQ(refusal("conv2d", "stride", "2x"),
            "conv2d: stride cannot be '2x', it is a whole number, or 2 of them, such as (2,2)");
  EXPECT_EQ(refusal("reshape", "dims", "1,2,3,4,5,6,7,8,9"),
            "reshape: dims cannot be (1,2,3,4,5,6,7,8,9), it is at most 8 whole numbers, such as (2,3)");
  EXPECT_EQ(refusal("mse_loss", "reduction", "none"), "mse_loss: reduction cannot be none, it is one of mean, sum");
  EXPECT_EQ(refusal("rotary", "interleaved", "yes"), "rotary: interleaved cannot be 'yes', it is true or false");
  EXPECT_EQ(refusal("layer_norm", "epsilon", "1/0"),
            "layer_norm: epsilon cannot be '1/0', it is a decimal or a fraction, 1e-5 or 1/100000");
  EXPECT_EQ(refusal("layer_norm", "epsilon", ""),
            "layer_norm: epsilon cannot be '', it is a decimal or a fraction, 1e-5 or 1/100000");
  EXPECT_EQ(of("slice").complete().error().message, "slice: axis, start, stop must be given");
  const op_record& softmax_record = *find_record("softmax");
  EXPECT_EQ(attribute_set::from_json(softmax_record, "[1]").error().message, "softmax: its attributes are not a JSON object");
  EXPECT_EQ(attribute_set::from_json(softmax_record, "{").error().message, "softmax: its attributes are not a JSON object");
  EXPECT_EQ(attribute_set::from_json(softmax_record, R"({"axis": null})").error().message,
            "softmax: axis cannot be null, it is an axis, a whole number");
  EXPECT_EQ(attribute_set::from_json(softmax_record, R"({"axis": 18446744073709551615})").error().message,
            "softmax: axis cannot be 18446744073709551615, it is an axis, a whole number");
  EXPECT_EQ(attribute_set::from_json(softmax_record, R"({"exis": 1})").error().message,
            "softmax: there is no attribute 'exis'; it has axis");
}

TEST(attributes, write_what_json_lacks_as_words) {
  attribute_set a = of("clamp");
  ASSERT_TRUE(a.set("lo", -std::numeric_limits<double>::infinity()));
  ASSERT_TRUE(a.set_text("hi", "nan"));
  EXPECT_EQ(a.to_json(), R"({"lo":"-inf","hi":"nan"})");
  EXPECT_EQ(a, *attribute_set::from_json(a.op(), a.to_json()));
}

TEST(attributes, a_decimal_is_the_ratio_of_its_digits) {
  attribute_set a = of("layer_norm"), b = a;
  ASSERT_TRUE(a.set("epsilon", 1e-5));
  ASSERT_TRUE(b.set("epsilon", ratio{1, 100'000}));
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.text(), "epsilon=1e-05");
  ASSERT_TRUE(a.set_text("epsilon", "1/3"));
  EXPECT_EQ(a.to_json(), R"({"epsilon":"1/3"})");
  EXPECT_EQ(layer_norm_op{.epsilon = 1e-5}.epsilon, (ratio{1, 100'000}));
  EXPECT_EQ(ratio(0.044715), (ratio{44'715, 1'000'000}));
  EXPECT_EQ(ratio(-2.5F).as<double>(), -2.5);
  EXPECT_EQ(ratio(1e-5F), (ratio{1, 100'000})) << "the shortest decimal of a float";
  EXPECT_THROW(ratio(1e-300), std::invalid_argument);
  EXPECT_FALSE(ratio::of_decimal(std::numeric_limits<double>::quiet_NaN()));
}

TEST(calls_by_record, have_the_bits_of_direct_ones) {
  const tensor<float> x = tensor<float>::from({2, 3}, {1, 2, 3, 4, 5, 7}), w = tensor<float>::from({2, 3}, {1, 0, 2, 3, 1, 1});
  const auto by_json = [](const char* op, const char* json, std::vector<const tensor<float>*> in,
                          std::vector<index_tensor> side = {}) {
    return ok_or_throw(call<float>(ok_or_throw(attribute_set::from_json(*find_record(op), json)), in, side));
  };
  EXPECT_EQ(by_json("softmax", R"({"axis": 0})", {&x}), softmax(x, {.axis = 0}));
  EXPECT_EQ(by_json("linear", "{}", {&w, &x}), linear(w, x));
  EXPECT_EQ(by_json("mse_loss", R"({"reduction": "sum"})", {&x, &w}), mse_loss(x, w, {.reduction = reduction::sum}));
  const index_tensor labels = index_tensor::from({2}, {2, 0});
  EXPECT_EQ(by_json("cross_entropy_labels", R"({"label_smoothing": 0.5})", {&x}, {labels}),
            cross_entropy_labels(x, labels, {.label_smoothing = 0.5}));
  EXPECT_EQ(call<float>(of("slice"), {{&x}}).error().message, "slice: axis, start, stop must be given");
  EXPECT_EQ(call<float>(of("relu"), {}).error().message, "relu: 0 tensors given, it takes 1");
}

TEST(axes, count_from_the_end_where_they_are_negative) {
  const tensor<double> x = tensor<double>::from({2, 3}, {1, 2, 3, 4, 5, 7});
  EXPECT_EQ(softmax(x, {.axis = -2}), softmax(x, {.axis = 0}));
  EXPECT_EQ(cumsum(x, {.axis = -1}), cumsum(x, {.axis = 1}));
  EXPECT_EQ(reduce_sum(x, {.axis = -2}), reduce_sum(x, {.axis = 0}));
  EXPECT_EQ(variance(x, {.axis = -1, .correction = 1}), variance(x, {.axis = 1, .correction = 1}));
  EXPECT_EQ(concat(x, x, {.axis = -1}), concat(x, x, {.axis = 1}));
  EXPECT_EQ(slice(x, {.axis = -1, .start = 1, .stop = 3}), slice(x, {.axis = 1, .start = 1, .stop = 3}));
  EXPECT_EQ(permute(x, {.axes = {-1, 0}}), permute(x, {.axes = {1, 0}}));
  EXPECT_EQ(diagonal(x, {.axis1 = -1, .axis2 = -2}), diagonal(x, {.axis1 = 1, .axis2 = 0}));
  EXPECT_EQ(flatten(x, {.start = -1}).shape(), (shape{2, 3, 1})) << "one place more than there are axes";
  EXPECT_EQ(flatten(x, {.start = -2}), flatten(x, {.start = 1}));
  EXPECT_EQ(broadcast_to(tensor<double>::ones({2}), {.dims = {2, 3}, .axes = {-2}}), tensor<double>::ones({2, 3}));
  EXPECT_EQ(softmax(tensor<double>::scalar(3), {.axis = -1}).item(), 1);

  const auto refused = [](const auto& call) {
    try {
      call();
    } catch (const failure& f) {
      EXPECT_EQ(f.kind(), error_kind::invalid_axis);
      return std::string(f.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused([&] { softmax(x, {.axis = 2}); }), "softmax: axis 2 is out of range for 2 axes");
  EXPECT_EQ(refused([&] { reduce_max(x, {.axis = -3}); }), "reduce_max: axis -3 is out of range for 2 axes");
  EXPECT_EQ(refused([&] { permute(x, {.axes = {0, -2}}); }), "permute: axis 0 is given twice");
}

TEST(axes, are_stored_resolved_and_have_gradients) {
  recording<double> r;
  const auto x = r.leaf(tensor<double>::from({2, 3}, {1, 2, 3, 4, 5, 7}));
  const auto from_the_end = grad(sum(mul(softmax(x, {.axis = -2}), x)), {x})[0];
  const auto from_the_front = grad(sum(mul(softmax(x, {.axis = 0}), x)), {x})[0];
  EXPECT_EQ(from_the_end, from_the_front);
  const auto opspec = capture<double>(reduce_sum_op{.axis = -1});
  const tensor<double> v = tensor<double>::ones({2, 3});
  EXPECT_EQ(opspec.backward(v, tensor<double>::ones({2})), v);
}

}  // namespace
}  // namespace axiograd
