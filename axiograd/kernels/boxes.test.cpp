// What is said of boxes without walking them, against walking them.

#include <axiograd/core/box_move.hpp>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace axiograd {
namespace {

/// Whether the entries that the box takes are all different, by taking them.
bool takes_once_by_walking(const box_move& m) {
  std::set<int64_t> taken;
  for (int64_t i = 0; i < m.box.size(); ++i) {
    int64_t at = m.from, rest = i;
    for (int axis = m.box.rank; axis-- > 0; rest /= m.box[axis])
      at += rest % m.box[axis] * m.from_stride[static_cast<std::size_t>(axis)];
    if (!taken.insert(at).second) return false;
  }
  return true;
}

TEST(boxes, a_box_that_is_said_to_take_entries_once_does) {
  constexpr unsigned seed = 3;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  int once = 0, more = 0;
  for (int number = 0; number < 20'000; ++number) {
    box_move m;
    for (int axes = static_cast<int>(random() % 4); axes > 0; --axes) {
      m.from_stride[static_cast<std::size_t>(m.box.rank)] = static_cast<int64_t>(random() % 13);
      m.box.append(static_cast<int64_t>(random() % 5));
    }
    if (m.box.size() == 0) continue;
    const bool really = takes_once_by_walking(m);
    EXPECT_TRUE(really || !m.takes_once());
    ++(really ? once : more);
  }
  EXPECT_GT(once, 1000);
  EXPECT_GT(more, 1000);
}

TEST(boxes, permutations_and_slices_take_entries_once) {
  box_move permuted = box_move::of(shape{3, 4, 5});
  permuted.from_stride = {1, 3, 12};
  EXPECT_TRUE(permuted.takes_once());
  EXPECT_TRUE(permuted.reversed().takes_once());
  box_move slice = box_move::of(shape{2, 1, 3});
  slice.from_stride = {20, 5, 1};
  EXPECT_TRUE(slice.takes_once());
  slice.from_stride[0] = 0;
  EXPECT_FALSE(slice.takes_once()) << "a repeated axis";
}

}  // namespace
}  // namespace axiograd
