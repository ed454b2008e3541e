// Arenas and tensors that are moved, swapped and copied; elements that are made and ended.

#include <axiograd/core/storage.hpp>
#include <axiograd/core/tensor.hpp>
#include <gtest/gtest.h>
#include <numeric>
#include <string>

namespace axiograd {
namespace {

using numbers = std::vector<std::pair<int*, int>>;

/// `n` blocks of 100 entries whose every entry is the block's number.
numbers filled(arena<int>& a, int n, int first = 0) {
  numbers blocks;
  for (int k = first; k < first + n; ++k) {
    blocks.emplace_back(a.allocate(100).data, k);
    std::fill_n(blocks.back().first, 100, k);
  }
  return blocks;
}
bool unchanged(const numbers& blocks) {
  return std::all_of(blocks.begin(), blocks.end(), [](const auto& block) {
    return std::all_of(block.first, block.first + 100, [&](int value) { return value == block.second; });
  });
}

TEST(Arena, AMovedFromOneWritesIntoItsOwnMemory) {
  arena<int> a;
  const numbers before = filled(a, 5);
  arena<int> b = std::move(a);
  const numbers of_a = filled(a, 300, 1000), of_b = filled(b, 300, 2000);  // NOLINT(bugprone-use-after-move): it is empty
  EXPECT_TRUE(unchanged(before));
  EXPECT_TRUE(unchanged(of_a));
  EXPECT_TRUE(unchanged(of_b));
}

TEST(Arena, AnAssignedOneGivesTheRightOwner) {
  arena<int> a, b;
  filled(a, 3);
  const numbers of_b = filled(b, 3, 10);
  a = std::move(b);
  const auto block = a.allocate(100);
  std::fill_n(block.data, 100, 7);
  const chunk_ref kept(block.owner);  // as a tensor holds it
  const auto in_owner = reinterpret_cast<std::byte*>(block.data) - block.owner->data();
  EXPECT_GE(in_owner, 0);
  EXPECT_LT(static_cast<std::size_t>(in_owner), block.owner->capacity_bytes());
  a = {};
  arena<int> reuses;
  filled(reuses, 400, 100);
  EXPECT_TRUE(std::all_of(block.data, block.data + 100, [](int value) { return value == 7; }));
}

TEST(Arena, SwapSelfMoveAndCopies) {
  arena<int> a, b;
  numbers of_a = filled(a, 4), of_b = filled(b, 4, 50);
  std::swap(a, b);
  arena<int>& same = a;
  a = std::move(same);
  arena<int> copy = a;  // shares what there is, goes on in chunks of its own
  for (arena<int>* x : {&a, &b, &copy}) {
    const numbers more = filled(*x, 200, 500);
    of_a.insert(of_a.end(), more.begin(), more.end());
  }
  EXPECT_TRUE(unchanged(of_a));
  EXPECT_TRUE(unchanged(of_b));
  a.reset();
  filled(a, 300, 900);  // the copy holds the old chunks
  EXPECT_TRUE(unchanged(of_b));
}

/// Counts its living ones; the n-th to be made throws.
struct counted {
  static inline int alive = 0, until_throw = -1;
  std::string text = "long enough to own memory somewhere on the heap";
  counted() {
    if (until_throw-- == 0) throw std::bad_alloc();
    ++alive;
  }
  counted(const counted& other) : text(other.text) { ++alive; }
  ~counted() { --alive; }
};

TEST(Arena, ElementsAreEndedOnceAlsoBesideEmptyBlocksAndAfterExceptions) {
  {
    arena<counted> a;
    a.allocate(3);
    a.allocate(0);  // leaves no gap in which nothing lives
    a.allocate(2);
    counted::until_throw = 4;
    EXPECT_THROW(a.allocate(10), std::bad_alloc);
    counted::until_throw = -1;
    a.allocate(5);
    EXPECT_EQ(counted::alive, 11);
    a.reset();
    EXPECT_EQ(counted::alive, 0);
    a.allocate(2);
  }
  EXPECT_EQ(counted::alive, 0);
}

TEST(Tensors, AMovedFromOneIsEmpty) {
  tensor<double> x = tensor<double>::from({2}, {1, 2});
  tensor<double> y = std::move(x);
  EXPECT_EQ(x.shape(), shape{0});  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(x.size(), 0);
  EXPECT_EQ(x.to_vector(), std::vector<double>{});
  EXPECT_EQ(x.mutable_values().size(), 0u);
  EXPECT_EQ(x, tensor<double>::zeros({0}));
  x = y;
  std::swap(x, y);
  tensor<double>& same = x;
  x = std::move(same);
  EXPECT_EQ(x, tensor<double>::from({2}, {1, 2}));
  y = std::move(x);
  EXPECT_EQ(y[1], 2);
}

// ---- under AddressSanitizer, memory that nobody may touch is seen
// -------------------------------------------------------------

#ifdef AXG_WATCHES_MEMORY
using StorageDeathTest = testing::Test;

TEST(StorageDeathTest, TouchingWhatLiesInThePoolOrIsNotGivenOut) {
  const volatile float* released = nullptr;
  {
    const tensor<float> x({100});
    released = x.data();
  }
  EXPECT_DEATH((void)*released, "use-after-poison");
  const tensor<float> y({5});
  EXPECT_DEATH((void)*static_cast<const volatile float*>(y.data() + 5), "use-after-poison");
  arena<float> a;
  volatile float* const block = a.allocate(10).data;
  block[9] = 1;
  EXPECT_DEATH(block[10] = 1, "use-after-poison");
  a.reset();
  EXPECT_DEATH(block[0] = 1, "use-after-poison");
  EXPECT_EQ(a.allocate(20).data, block);
  block[19] = 1;
}
#endif

}  // namespace
}  // namespace axiograd
