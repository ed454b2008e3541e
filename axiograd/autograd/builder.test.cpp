// What a builder makes of programs that fail, whoever reports it.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using builder = tape_builder<double>;
const auto two = tensor<double>::full({2}, 2), three = tensor<double>::full({3}, 3);

TEST(builder, a_program_that_throws_a_failure_of_its_own_gives_its_kind) {
  const auto thrown = builder::eval({}, [](builder& b) { return b.leaf(tensor<double>::from({2}, {1.0})); });
  ASSERT_FALSE(thrown.has_value());
  EXPECT_EQ(thrown.error().kind, error_kind::size_mismatch);
  const auto returned = builder::eval({}, [](builder& b) -> result<var<double>> {
    b.leaf(two);
    return fail(error_kind::domain_error, "mine");
  });
  ASSERT_FALSE(returned.has_value());
  EXPECT_EQ(returned.error().message, "mine");
}

TEST(builder, after_an_error_nothing_is_appended_and_the_first_one_stays) {
  std::size_t before = 0, after = 0;
  const auto r = builder::eval({}, [&](builder& b) {
    const auto sum = b.leaf(two) + b.leaf(three);
    before = b.get_tape().size();
    b.leaf(two);
    b.constant(two);
    b.add_node({.name = "own", .value = two, .parents = {}});
    const auto last = relu(b.leaf(two) * sum);
    EXPECT_FALSE(b.backward_scalar(last).has_value());
    EXPECT_FALSE(b.backward(last, two).has_value());
    after = b.get_tape().size();
    return last;
  });
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().kind, error_kind::shape_mismatch);
  EXPECT_EQ(before, 2u);
  EXPECT_EQ(after, before);
}

TEST(builder, continues_a_tape_that_stays_as_it_was) {
  tape<double> t;
  const node_id x = *t.leaf(two);
  const auto longer = builder::exec(t, [&](builder& b) { relu(b.at(x) * b.at(x)); });
  ASSERT_TRUE(longer.has_value());
  EXPECT_EQ(longer->size(), 3u);
  EXPECT_EQ(t.size(), 1u);
  const auto both = builder::run(t, [&](builder& b) { return b.at(x) * b.at(x); });
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->second.size(), 2u);
  const auto gradients = builder::eval(t, [&](builder& b) { return b.backward_scalar(sum(b.at(x) * b.at(x))); });
  ASSERT_TRUE(gradients.has_value());
  EXPECT_EQ(gradients->at(x), tensor<double>::full({2}, 4));
}

}  // namespace
}  // namespace axiograd
