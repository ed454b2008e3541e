// Samples by their positions, and batches one by one.

#include <axiograd/io/dataset.hpp>
#include <gtest/gtest.h>
#include <vector>

using namespace axiograd;
using namespace axiograd::io;

namespace {

dataset counted(int64_t n) {
  dataset data{.inputs = tensor<float>({n, 2}), .labels = index_tensor({n}), .class_names = {"a"}};
  for (int64_t i = 0; i < 2 * n; ++i) data.inputs.mutable_data()[i] = static_cast<float>(i);
  for (int64_t i = 0; i < n; ++i) data.labels.mutable_data()[i] = i;
  return data;
}

TEST(positions, outside_the_data_set_are_refused_at_either_end) {
  const dataset data = counted(4);
  for (const int64_t outside : {-1, 4, 5}) {
    const std::vector<int64_t> some{0, outside, 1};
    const auto part = samples_at(data, some);
    ASSERT_FALSE(part.has_value()) << outside;
    EXPECT_EQ(part.error().kind, error_kind::index_out_of_range);
    EXPECT_NE(part.error().message.find(std::to_string(outside)), std::string::npos) << part.error().message;
  }
  const std::vector<int64_t> ends{3, 0};
  const auto part = samples_at(data, ends);
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part->inputs, tensor<float>::from({2, 2}, {6, 7, 0, 1}));
  EXPECT_EQ(part->labels, index_tensor::from({2}, {3, 0}));
  EXPECT_EQ(part->class_names, data.class_names);
}

TEST(positions, batches_can_be_taken_one_by_one) {
  batch_range all = batches(counted(5), {.size = 2});
  EXPECT_EQ(all.size(), 3);
  std::vector<int64_t> labels;
  for (auto i = all.begin(); i != all.end(); i++) labels.insert(labels.end(), i->labels.begin(), i->labels.end());
  EXPECT_EQ(labels, (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

}  // namespace
