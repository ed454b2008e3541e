#include <axiograd/core/block_sum.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace axiograd {
namespace {

constexpr int64_t million = 1'000'000;
constexpr double unit = 0x1p-24;

// Equal terms make every addition in a binade round the same way; adding a million in turn is off by 160,000 roundings.
TEST(block_sum, errs_by_the_roundings_of_a_block) {
  block_sum<float> sum;
  for (int64_t i = 0; i < million; ++i) sum.add(0.1F);
  const double exact = static_cast<double>(0.1F) * million;
  EXPECT_LE(std::abs(static_cast<double>(sum.total()) - exact), 16 * unit * exact);
}

TEST(block_sum, adds_a_block_in_turn) {
  float in_turn = 0;
  block_sum<float> sum;
  for (int i = 0; i < sum_block; ++i) {
    const float x = 1 / (1.0F + static_cast<float>(i));
    in_turn += x;
    sum.add(x);
  }
  EXPECT_EQ(sum.total(), in_turn);
  EXPECT_EQ(sum_of<float>(0, [](const auto&) {}), 0.0F);
}

TEST(joined_rows, sums_each_column_over_any_number_of_blocks) {
  for (const int64_t blocks : {1, 2, 3, 7, 8, 100}) {
    joined_rows<int> rows(3, blocks);
    for (int64_t b = 0; b < blocks; ++b) {
      int* const row = rows.next_zeros();
      for (int j = 0; j < 3; ++j) row[j] += static_cast<int>(b) * (j + 1);
    }
    const int* const total = rows.total();
    for (int j = 0; j < 3; ++j)
      EXPECT_EQ(total[j], static_cast<int>(blocks * (blocks - 1) / 2) * (j + 1)) << blocks << " blocks";
  }
}

TEST(add_terms, adds_to_what_is_there) {
  for (const int64_t terms : {0, 5, 32, 33, 1000}) {
    std::vector<int> row{1, 2};
    add_terms(row.data(), 2, terms, [](int64_t i, int* to) {
      to[0] += static_cast<int>(i);
      to[1] += 1;
    });
    EXPECT_EQ(row[0], 1 + static_cast<int>(terms * (terms - 1) / 2));
    EXPECT_EQ(row[1], 2 + static_cast<int>(terms));
  }
}

TEST(scatter_sums, keeps_what_rounding_takes_away) {
  std::vector<float> to(2, 0.0F);
  scatter_sums(to.data(), 2, million, [](const auto& add) {
    for (int64_t i = 0; i < million; ++i) add(i % 2, 0.1F);
  });
  const double exact = static_cast<double>(0.1F) * million / 2;
  for (const float x : to) EXPECT_LE(std::abs(static_cast<double>(x) - exact), unit * exact);
}

TEST(scatter_sums, leaves_what_is_not_finite) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> to(4, 1.0F);
  scatter_sums(to.data(), 4, 100, [&](const auto& add) {
    for (const float x : {1.0F, infinity, 2.0F}) add(0, x);
    for (const float x : {infinity, -infinity}) add(1, x);
    for (const float x : {3e38F, 3e38F, 1.0F}) add(2, x);
    add(3, std::numeric_limits<float>::quiet_NaN());
  });
  EXPECT_EQ(to[0], infinity);
  EXPECT_TRUE(std::isnan(to[1]));
  EXPECT_EQ(to[2], infinity);
  EXPECT_TRUE(std::isnan(to[3]));
}

}  // namespace
}  // namespace axiograd
