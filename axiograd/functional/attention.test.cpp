// Masks, heads and positions, by their definitions.

#include <axiograd/functional/attention.hpp>
#include <axiograd/functional/random.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace axiograd {
namespace {

TEST(attention, a_mask_is_zero_where_it_allows_and_minus_infinity_elsewhere) {
  const auto bias = mask_bias<double>(index_tensor::from({2, 3}, {1, 0, 7, 0, -1, 0}));
  constexpr double none = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(bias, tensor<double>::from({2, 3}, {0, none, 0, none, 0, none}));
}

TEST(attention, a_key_that_is_masked_out_has_no_influence) {
  const auto q = random_normal<double>({1, 2, 4}, {seed{1}, 0}), k = random_normal<double>({1, 3, 4}, {seed{2}, 0}),
             v = random_normal<double>({1, 3, 4}, {seed{3}, 0});
  auto other_k = k, other_v = v;
  for (int64_t i = 4; i < 8; ++i) other_k.mutable_data()[i] = other_v.mutable_data()[i] = 5;  // the second key
  const auto bias = mask_bias<double>(index_tensor::from({2, 3}, {1, 0, 1, 1, 0, 1}));
  EXPECT_EQ(scaled_dot_product_attention(q, k, v, bias), scaled_dot_product_attention(q, other_k, other_v, bias));
  EXPECT_NE(scaled_dot_product_attention(q, k, v), scaled_dot_product_attention(q, other_k, other_v));
}

TEST(attention, heads_are_pieces_of_the_features_whatever_lies_before) {
  for (const shape& dims : {shape{5, 6}, shape{2, 5, 6}, shape{3, 2, 5, 6}}) {
    const auto x = random_normal<double>(dims, {seed{4}, 0});
    const auto y = split_heads(x, 3);  // heads of 2 features
    ASSERT_EQ(y.rank(), dims.rank + 1);
    EXPECT_EQ(y.shape()[y.rank() - 3], 3);
    EXPECT_EQ(y.shape()[y.rank() - 2], 5);
    EXPECT_EQ(y.shape()[y.rank() - 1], 2);
    const int64_t outer = dims.size() / 30;
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t n = 0; n < 5; ++n)
        for (int64_t f = 0; f < 6; ++f)
          ASSERT_EQ(y[((o * 3 + f / 2) * 5 + n) * 2 + f % 2], x[(o * 5 + n) * 6 + f]) << dims.rank;
    EXPECT_EQ(merge_heads(y), x);
  }
}

TEST(attention, positions_by_their_formula) {
  const auto t = sinusoidal_positions<double>(4, 5, 100);
  for (int64_t p = 0; p < 4; ++p)
    for (int64_t i = 0; i < 5; ++i) {
      const double angle = static_cast<double>(p) * std::pow(100, -2.0 * static_cast<double>(i / 2) / 5);
      EXPECT_NEAR(t(p, i), i % 2 == 0 ? std::sin(angle) : std::cos(angle), 1e-14) << p << ", " << i;
    }
}

}  // namespace
}  // namespace axiograd
