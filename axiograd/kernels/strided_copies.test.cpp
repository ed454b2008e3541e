// What is said of boxes without walking them, against walking them.

#include <axiograd/kernels/strided_copies.hpp>
#include <axiograd/kernels/strided_copy.hpp>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <vector>

namespace axiograd {
namespace {

/// Whether the entries that the box takes are all different, by taking them.
bool takes_once_by_walking(const strided_copy& m) {
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
    strided_copy m;
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
  strided_copy permuted = strided_copy::of(shape{3, 4, 5});
  permuted.from_stride = {1, 3, 12};
  EXPECT_TRUE(permuted.takes_once());
  EXPECT_TRUE(permuted.reversed().takes_once());
  strided_copy slice = strided_copy::of(shape{2, 1, 3});
  slice.from_stride = {20, 5, 1};
  EXPECT_TRUE(slice.takes_once());
  slice.from_stride[0] = 0;
  EXPECT_FALSE(slice.takes_once()) << "a repeated axis";
}

// ---- large boxes, which threads share

/// Calls each(place in the input, place in the output) for all entries.
template <class F>
void walk(const strided_copy& m, const F& each) {
  for (int64_t i = 0; i < m.box.size(); ++i) {
    int64_t from = m.from, to = m.to, rest = i;
    for (int axis = m.box.rank; axis-- > 0; rest /= m.box[axis]) {
      from += rest % m.box[axis] * m.from_stride[static_cast<std::size_t>(axis)];
      to += rest % m.box[axis] * m.to_stride[static_cast<std::size_t>(axis)];
    }
    each(from, to);
  }
}
strided_copy box_of(const shape& y, std::initializer_list<int64_t> from_stride) {
  strided_copy m = strided_copy::of(y);
  std::copy(from_stride.begin(), from_stride.end(), m.from_stride.begin());
  m.from = 5;
  m.to = 3;
  return m;
}
class large_boxes : public testing::Test {
 protected:
  ~large_boxes() override { set_num_threads(before_); }

 private:
  int before_ = num_threads();
};

TEST_F(large_boxes, give_what_walking_gives_on_any_number_of_threads) {
  const std::vector<strided_copy> boxes{
      box_of({200'000}, {1}),            // one run
      box_of({3, 50'001}, {60'000, 1}),  // two axes, few rows
      box_of({400, 300}, {1, 400}),      // a transposition
      box_of({8, 8, 64, 32}, {32, 16'384, 256, 1}),
      box_of({50, 70, 60}, {0, 60, 1}),  // repeated: back, entries are summed over the first axis,
      box_of({70, 60, 50}, {60, 1, 0}),  // over the last,
      box_of({300, 300}, {0, 0}),        // over both
      box_of({300, 400}, {1, 1}),        // windows that overlap
  };
  for (const strided_copy& m : boxes) {
    std::vector<float> x(300'000), y(300'000);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i % 7);
      y[i] = static_cast<float>(i % 5);
    }
    auto copied = y, added = y, back = x;
    walk(m, [&](int64_t from, int64_t to) {
      const auto f = static_cast<std::size_t>(from), t = static_cast<std::size_t>(to);
      copied[t] = x[f];
      added[t] += x[f];
      back[f] += y[t];
    });
    for (const int threads : {1, 2, 3, 7}) {
      set_num_threads(threads);
      for (int again = 0; again < 3; ++again) {
        auto a = y, b = y, c = x;
        impl::copy_box(m, x.data(), a.data());
        impl::add_box(m, x.data(), b.data());
        impl::add_box_back(m, y.data(), c.data());
        EXPECT_TRUE(a == copied && b == added && c == back) << m.box.size() << ", " << threads << " threads";
      }
    }
  }
}

}  // namespace
}  // namespace axiograd
