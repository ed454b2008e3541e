// Operators of a program's own, on a tape.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

/// 3 x, of an even number of entries only.
struct thrice_even_op {
  static constexpr op_info info{
      .name = "thrice_even", .formula = "3 x", .derivative = "3", .edges = "NaN propagates", .source = "none", .torch = "none"};

  constexpr shape_result infer_shape(const shape& x) const {
    if (x.size() % 2 != 0) return {error_kind::invalid_parameter, "{} entries are odd", x.size()};
    return x;
  }
  template <field T>
  constexpr T value(const T& x) const {
    return T(3) * x;
  }
  template <field T>
  constexpr T derivative(const T&, const T&) const {
    return T(3);
  }
};

TEST(own_operator, its_shape_rule_is_asked_however_few_the_numbers) {
  for (const int64_t n : {1, 3, 5001}) {
    tape<float> t;
    const node_id x = *t.leaf(tensor<float>::ones({n}));
    const auto refused = t.apply(thrice_even_op{}, x);
    ASSERT_FALSE(refused.has_value()) << n;
    EXPECT_EQ(refused.error().kind, error_kind::invalid_parameter);
    EXPECT_NE(refused.error().message.find("thrice_even"), std::string::npos) << refused.error().message;
    EXPECT_EQ(t.size(), 1u);
  }
  for (const int64_t n : {2, 4, 5000}) {
    tape<float> t;
    const node_id x = *t.leaf(tensor<float>::ones({n}));
    const node_id y = *t.apply(thrice_even_op{}, x);
    EXPECT_EQ(*t.value(y), tensor<float>::full({n}, 3));
    EXPECT_EQ(*t.backward_dense(y, tensor<float>::full({n}, 2))->at(x), tensor<float>::full({n}, 6));
  }
}

TEST(own_operator, behind_a_product_that_waits_it_is_asked_too) {
  tape<float> t;
  const node_id a = *t.leaf(tensor<float>::ones({71, 64})), b = *t.leaf(tensor<float>::ones({64, 51}));
  const node_id y = *t.apply(matmul_op{}, a, b);  // 3,621 entries: worth waiting, and odd
  EXPECT_EQ(t.apply(thrice_even_op{}, y).error().kind, error_kind::invalid_parameter);
  EXPECT_EQ(t.value(y)->data()[3620], 64);
}

}  // namespace
}  // namespace axiograd
