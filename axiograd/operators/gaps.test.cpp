// Steps of a program that nothing needs, and leading axes that do not fit.

#include <axiograd/axiograd.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

TEST(program_gaps, a_step_that_the_result_does_not_need_adds_nothing_to_gradients) {
  for (const int64_t n : {1, 5, 100, 2000}) {
    recording<double> r;
    const auto u = r.leaf(tensor<double>::full({n}, 3)), v = r.leaf(tensor<double>::full({n}, 2));
    const auto y = map(
        [](auto a, auto b) {
          const auto unused = exp(a * b) * tanh(b);
          const auto used = a * a * b;
          const auto unused_too = unused + used;
          (void)unused_too;
          return used;
        },
        u, v);
    EXPECT_EQ(y.value(), tensor<double>::full({n}, 18));
    const auto gradients = grad(sum(y), {u, v});
    EXPECT_EQ(gradients[0], tensor<double>::full({n}, 12));
    EXPECT_EQ(gradients[1], tensor<double>::full({n}, 9));
  }
}

TEST(program_gaps, an_input_that_the_result_does_not_need_has_a_gradient_of_zero) {
  recording<double> r;
  const auto u = r.leaf(tensor<double>::full({7}, 3)), v = r.leaf(tensor<double>::full({7}, 2));
  const auto y = map(
      [](auto a, auto b) {
        const auto unused = b * b;
        (void)unused;
        return a + a;
      },
      u, v);
  const auto gradients = grad(sum(y), {u, v});
  EXPECT_EQ(gradients[0], tensor<double>::full({7}, 2));
  EXPECT_EQ(gradients[1], tensor<double>::zeros({7}));
}

TEST(leading_axes, of_inputs_that_differ_are_refused_whatever_differs) {
  const auto zeros = [](const shape& dims) { return tensor<double>::zeros(dims); };
  EXPECT_EQ(matmul(zeros({2, 3, 4}), zeros({2, 4, 5})).shape(), (shape{2, 3, 5}));
  EXPECT_EQ(matmul(zeros({2, 6, 3, 4}), zeros({2, 6, 4, 5})).shape(), (shape{2, 6, 3, 5}));
  for (const auto& [a, b] : {std::pair<shape, shape>{{2, 3, 4}, {3, 4, 5}},
                             {{2, 6, 3, 4}, {2, 7, 4, 5}},
                             {{2, 6, 3, 4}, {1, 6, 4, 5}},
                             {{6, 3, 4}, {2, 6, 4, 5}},
                             {{2, 6, 3, 4}, {6, 4, 5}}}) {
    try {
      matmul(zeros(a), zeros(b));
      ADD_FAILURE() << to_string(a) << " and " << to_string(b);
    } catch (const failure& e) {
      EXPECT_EQ(e.kind(), error_kind::shape_mismatch);
    }
  }
}

}  // namespace
}  // namespace axiograd
