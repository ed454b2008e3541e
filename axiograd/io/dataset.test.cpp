#include <axiograd/io/dataset.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <algorithm>
#include <ranges>
#include <set>

using namespace axiograd;
using namespace axiograd::io;

namespace {

static_assert(std::ranges::input_range<batch_range>);

/// n samples of shape (1,2,2); the four pixels and the label of sample i are i.
dataset counting(int64_t n) {
  dataset data{.inputs = tensor<float>({n, 1, 2, 2}), .labels = index_tensor({n}), .class_names = {}};
  for (int64_t i = 0; i < 4 * n; ++i) data.inputs.mutable_data()[i] = static_cast<float>(int64_t{i / 4});
  for (int64_t i = 0; i < n; ++i) data.labels.mutable_data()[i] = i;
  return data;
}

/// All labels in the order of the batches, after a check that the images belong to them.
std::vector<int64_t> labels_of(batch_range batches) {
  std::vector<int64_t> all;
  for (const auto& [images, labels] : batches) {
    EXPECT_EQ(images.shape(), (shape{labels.size(), 1, 2, 2}));
    for (int64_t i = 0; i < images.size(); ++i) EXPECT_EQ(images[i], static_cast<float>(labels[i / 4]));
    all.insert(all.end(), labels.begin(), labels.end());
  }
  return all;
}

std::vector<int64_t> first_numbers(int64_t n) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < n; ++i) all.push_back(i);
  return all;
}

TEST(batches, in_order_with_a_short_last_one) {
  const dataset data = counting(10);
  std::vector<int64_t> sizes;
  for (const auto& [images, labels] : batches(data, {.size = 4})) sizes.push_back(labels.size());
  EXPECT_EQ(sizes, (std::vector<int64_t>{4, 4, 2}));
  EXPECT_EQ(labels_of(batches(data, {.size = 4})), first_numbers(10));
  EXPECT_EQ(labels_of(batches(data, {.size = 4, .drop_last = true})), first_numbers(8));
  EXPECT_EQ(labels_of(batches(data)), first_numbers(10));
  for (int64_t size = 1; size <= 12; ++size) {
    EXPECT_EQ(batches(data, {.size = size}).size(), (10 + size - 1) / size);
    EXPECT_EQ(labels_of(batches(data, {.size = size})), first_numbers(10));
  }
  EXPECT_EQ(batches(data, {.size = 10, .drop_last = true}).size(), 1);
  EXPECT_EQ(batches(data, {.size = int64_t{1} << 62}).size(), 1);
}

TEST(batches, shuffled_by_seed_and_epoch) {
  const dataset data = counting(100);
  const auto order = [&](std::uint64_t s, std::uint64_t epoch) {
    return labels_of(batches(data, {.size = 7, .shuffle = seed{s}, .epoch = epoch}));
  };
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(2, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  auto sorted = order(1, 3);
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, first_numbers(100));
  EXPECT_EQ(labels_of(batches(data, {.size = 100, .shuffle = seed{1}})), order(1, 0));  // whatever the batch size
}

TEST(batches, shuffles_are_orders_of_mix) {
  // By hand from contract 22: key of seed 42 is 0xBDD732262FEB6E95.
  std::vector<std::pair<std::uint64_t, int64_t>> keyed;
  for (int64_t i = 0; i < 50; ++i) keyed.emplace_back(mix(0xBDD732262FEB6E95 + static_cast<std::uint64_t>(i)), i);
  std::sort(keyed.begin(), keyed.end());
  const index_tensor order = positions_by_key(50, 0xBDD732262FEB6E95);
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(order[i], keyed[static_cast<std::size_t>(i)].second);
  // A user's seed is spread first: its key is not the contract's, and a split has another one than a shuffle.
  EXPECT_NE(shuffled_positions(50, seed{42}), order);
  EXPECT_EQ(shuffled_positions(50, seed{42}, 3), positions_by_key(50, spread(seed{42}, seed_use::shuffle, 3).value));
  const index_tensor test = split(counting(50), {.test_fraction = 0.5, .shuffle = seed{42}})->test.labels;
  EXPECT_NE(test.to_vector(), std::vector<int64_t>(order.begin(), order.begin() + 25));
  const index_tensor shuffled = shuffled_positions(50, seed{42});
  EXPECT_NE(test.to_vector(), std::vector<int64_t>(shuffled.begin(), shuffled.begin() + 25));
}

TEST(split, by_a_key) {
  const index_tensor order = positions_by_key(5, 17);
  const auto [train, test] = *split_by_key(counting(5), 17, 0.4);
  const std::vector<int64_t> positions = order.to_vector();
  const index_tensor all = counting(5).labels;
  ASSERT_EQ(test.size(), 2);
  ASSERT_EQ(train.size(), 3);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(i < 2 ? test.labels[static_cast<int64_t>(i)] : train.labels[static_cast<int64_t>(i) - 2], all[positions[i]]);
}

TEST(batches, a_batch_may_be_kept) {
  const dataset data = counting(10);
  std::vector<tensor<float>> kept;
  for (const auto& [images, labels] : batches(data, {.size = 5})) kept.push_back(images);
  EXPECT_EQ(kept[0](0, 0, 0, 0), 0.0F);
  EXPECT_EQ(kept[1](0, 0, 0, 0), 5.0F);
}

TEST(batches, change_neither_the_data_nor_need_it) {
  dataset data = counting(4);
  batch_range range = batches(data, {.size = 2});
  data.inputs.set(77.0F, 0, 0, 0, 0);
  EXPECT_EQ((*range.begin()).inputs[0], 0.0F);
  EXPECT_EQ(labels_of(batches(counting(4), {.size = 2})), first_numbers(4));
}

TEST(batches, allocate_nothing_once_warm) {
  const dataset data = counting(1000);
  const auto epoch = [&](std::uint64_t number) {
    float sum = 0;
    for (const auto& [images, labels] : batches(data, {.size = 64, .shuffle = seed{1}, .epoch = number})) sum += images[0];
    return sum;
  };
  epoch(0);
  epoch(1);
  const std::uint64_t before = memory_chunk::system_allocations();
  for (std::uint64_t i = 2; i < 50; ++i) epoch(i);
  EXPECT_EQ(memory_chunk::system_allocations(), before);
}

TEST(batches, reuse_their_memory_in_place) {
  const dataset data = counting(100);
  std::set<const float*> places;
  for (const auto& [images, labels] : batches(data, {.size = 10})) places.insert(images.data());
  EXPECT_EQ(places.size(), 1U);
}

TEST(batches, errors) {
  const dataset data = counting(10);
  EXPECT_EQ(message_of([&] { batches(data, {.size = 0}); }), "batches: size is 0, expected at least 1");
  EXPECT_EQ(message_of([&] { batches(data, {.size = -3}); }), "batches: size is -3, expected at least 1");
  EXPECT_EQ(message_of([&] { batches(dataset{}); }), "batches: the data set is empty");
  EXPECT_EQ(message_of([&] { batches(data, {.size = 11, .drop_last = true}); }),
            "batches: 10 samples make no full batch of 11, and drop_last is set");
  EXPECT_EQ(message_of([&] { batches({.inputs = data.inputs, .labels = counting(9).labels, .class_names = {}}); }),
            "batches: inputs have shape (10,1,2,2), labels (9)");
  EXPECT_EQ(message_of([&] { batches({.inputs = tensor<float>(), .labels = data.labels, .class_names = {}}); }),
            "batches: inputs have shape (), labels (10)");
}

TEST(split, parts_are_disjoint_and_complete) {
  const auto [train, test] = *split(counting(101), {.test_fraction = 0.25, .shuffle = seed{5}});
  EXPECT_EQ(test.size(), 25);
  EXPECT_EQ(train.size(), 76);
  std::set<int64_t> all(train.labels.begin(), train.labels.end());
  all.insert(test.labels.begin(), test.labels.end());
  EXPECT_EQ(all.size(), 101U);
  EXPECT_EQ(labels_of(batches(train)).size(), 76U);
  EXPECT_EQ(split(counting(101), {.test_fraction = 0.25, .shuffle = seed{5}})->test.labels, test.labels);
  EXPECT_NE(split(counting(101), {.test_fraction = 0.25, .shuffle = seed{6}})->test.labels, test.labels);
}

TEST(split, errors) {
  EXPECT_EQ(split(counting(3), {.test_fraction = 0.2}).error().message, "split: 3 samples leave none for testing");
  EXPECT_EQ(split(counting(3), {.test_fraction = 1}).error().kind, error_kind::invalid_parameter);
  EXPECT_EQ(split(counting(3), {.test_fraction = std::numeric_limits<double>::quiet_NaN()}).error().kind,
            error_kind::invalid_parameter);
  EXPECT_EQ(split(dataset{}).error().message, "split: 0 samples leave none for testing");
}

TEST(samples_at, picks_in_order) {
  const std::vector<int64_t> positions{3, 0, 3};
  const dataset part = *samples_at(counting(4), positions);
  EXPECT_EQ(part.labels.to_vector(), positions);
  EXPECT_EQ(part.inputs(0, 0, 1, 1), 3.0F);
  const std::vector<int64_t> outside{0, 4};
  EXPECT_EQ(samples_at(counting(4), outside).error(),
            (error{error_kind::index_out_of_range, "samples_at: position 4, the data set has 4 samples"}));
}

}  // namespace
