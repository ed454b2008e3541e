// Positions by size along every axis, beside looking at each entry.

#include <algorithm>
#include <axiograd/functional/order.hpp>
#include <axiograd/functional/random.hpp>
#include <gtest/gtest.h>
#include <vector>

namespace axiograd {
namespace {

TEST(order, the_largest_along_any_axis) {
  const auto x = random_normal<double>({3, 5, 4}, {seed{9}, 0});
  for (int axis = 0; axis < 3; ++axis)
    for (const int64_t k : {int64_t{0}, int64_t{1}, int64_t{2}, x.shape()[axis]}) {
      const auto top = topk(x, k, axis);
      const int64_t n = x.shape()[axis], inner = x.shape().stride(axis), outer = x.size() / n / inner;
      ASSERT_EQ(top.values.shape()[axis], k);
      ASSERT_EQ(top.values.size(), outer * k * inner);
      const auto largest = argmax(x, axis), smallest = argmin(x, axis);
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < inner; ++i) {
          std::vector<double> line;
          for (int64_t j = 0; j < n; ++j) line.push_back(x[(o * n + j) * inner + i]);
          std::vector<double> sorted = line;
          std::sort(sorted.rbegin(), sorted.rend());
          for (int64_t j = 0; j < k; ++j) {
            const int64_t at = (o * k + j) * inner + i;
            ASSERT_EQ(top.values[at], sorted[static_cast<std::size_t>(j)]) << "axis " << axis << ", k " << k;
            ASSERT_EQ(line[static_cast<std::size_t>(top.indices[at])], top.values[at]);
          }
          ASSERT_EQ(line[static_cast<std::size_t>(largest[o * inner + i])], sorted.front());
          ASSERT_EQ(line[static_cast<std::size_t>(smallest[o * inner + i])], sorted.back());
        }
    }
}

TEST(order, equal_entries_come_in_order_and_a_single_one_is_found) {
  const auto x = tensor<double>::from({5}, {2, 7, 2, 7, 7});
  EXPECT_EQ(topk(x, 5, 0).indices, index_tensor::from({5}, {1, 3, 4, 0, 2}));
  EXPECT_EQ(argmin(x, 0).item(), 0);
  EXPECT_EQ(argmax(tensor<double>::from({2, 1}, {5, 6}), 1), index_tensor::from({2}, {0, 0}));
  EXPECT_EQ(argmax(tensor<double>::from({2}, {5, 6}), 0).item(), 1);
}

TEST(order, an_axis_that_is_not_there_or_empty_is_refused_by_every_function) {
  const tensor<double> x = tensor<double>::zeros({2, 0});
  for (const int axis : {-1, 1, 2}) {
    EXPECT_THROW(topk(x, 0, axis), failure);
    EXPECT_THROW(argmax(x, axis), failure);
    EXPECT_THROW(argmin(x, axis), failure);
  }
  EXPECT_THROW(topk(tensor<double>::zeros({2}), -1, 0), failure);
}

}  // namespace
}  // namespace axiograd
