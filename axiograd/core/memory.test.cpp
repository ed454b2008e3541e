// Chunks, their pool, and arenas: what is handed out is large enough, nobody else's, and comes back.

#include <axiograd/core/storage.hpp>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

namespace axiograd {
namespace {

TEST(memory, a_chunk_holds_at_least_what_was_asked_for_and_little_more) {
  for (std::size_t power = 0; power < 20; ++power)
    for (const std::size_t bytes : {(std::size_t{1} << power) - 1, std::size_t{1} << power, (std::size_t{1} << power) + 1,
                                    (std::size_t{5} << power) / 4}) {
      const chunk_ref c = chunk_ref::adopt(memory_chunk::acquire(bytes));
      EXPECT_GE(c->capacity_bytes(), bytes);
      EXPECT_LE(c->capacity_bytes(), std::max<std::size_t>(64, bytes + bytes / 4 + 16)) << bytes;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(c->data()) % 64, 0u);
      std::memset(c->data(), 7, bytes);
      EXPECT_FALSE(c->shared());
      const chunk_ref other = c;
      EXPECT_TRUE(c->shared());
    }
  EXPECT_THROW(memory_chunk::acquire((std::size_t{1} << 60) + 1), std::bad_alloc);
}

TEST(memory, released_chunks_are_handed_out_again_until_they_are_given_back) {
  const auto take = [] {
    std::vector<chunk_ref> all;
    for (const std::size_t bytes : std::initializer_list<std::size_t>{64, 64, 64, 100, 5000, 5000, 100'000})
      all.push_back(chunk_ref::adopt(memory_chunk::acquire(bytes)));
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t k = 0; k < i; ++k) EXPECT_NE(all[i]->data(), all[k]->data());
  };
  take();
  const std::uint64_t warm = memory_chunk::system_allocations();
  for (int round = 0; round < 5; ++round) take();
  EXPECT_EQ(memory_chunk::system_allocations(), warm);
  memory_chunk::trim_pool();
  take();
  EXPECT_EQ(memory_chunk::system_allocations(), warm + 7);
  for (int round = 0; round < 5; ++round) take();
  EXPECT_EQ(memory_chunk::system_allocations(), warm + 7) << "the pool keeps as much after it was emptied";
}

TEST(memory, blocks_of_an_arena_do_not_overlap_and_stay) {
  arena<double> a;
  std::vector<std::pair<double*, std::size_t>> blocks;
  for (std::size_t i = 0; i < 400; ++i) {
    const std::size_t n = i % 7 == 0 ? 9000 + i : i % 5;
    double* const at = a.allocate(n).data;
    for (std::size_t k = 0; k < n; ++k) at[k] = static_cast<double>(i);
    blocks.emplace_back(at, n);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i)
    for (std::size_t k = 0; k < blocks[i].second; ++k) ASSERT_EQ(blocks[i].first[k], static_cast<double>(i));
}

TEST(memory, a_copy_of_an_arena_writes_into_chunks_of_its_own) {
  arena<int> original;
  int* const first = original.allocate(3).data;
  first[0] = 5;
  arena<int> copy = original;
  std::vector<int*> theirs, ours;
  for (int i = 0; i < 100; ++i) {
    theirs.push_back(copy.allocate(2).data);
    ours.push_back(original.allocate(2).data);
    *theirs.back() = 1000 + i;
    *ours.back() = i;
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(*theirs[static_cast<std::size_t>(i)], 1000 + i);
    EXPECT_EQ(*ours[static_cast<std::size_t>(i)], i);
  }
  EXPECT_EQ(first[0], 5);
}

TEST(memory, reset_leaves_chunks_that_somebody_holds_alone) {
  arena<double> a;
  const auto kept = a.allocate(10);
  kept.data[9] = 3;
  {
    const chunk_ref holder(kept.owner);
    a.reset();
    for (int i = 0; i < 50; ++i) *a.allocate(1000).data = -1;
    EXPECT_EQ(kept.data[9], 3);
  }
  a.reset();
  const std::uint64_t warm = memory_chunk::system_allocations();
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 50; ++i) *a.allocate(1000).data = -1;
    a.reset();
  }
  EXPECT_EQ(memory_chunk::system_allocations(), warm);
}

/// Counts those that live.
struct counted {
  static inline int alive = 0;
  counted() { ++alive; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --alive; }
};

TEST(memory, elements_live_as_long_as_their_chunk) {
  {
    arena<counted> a;
    for (int i = 0; i < 1000; ++i) a.allocate(100);
    EXPECT_EQ(counted::alive, 100'000);
    a.reset();
    EXPECT_EQ(counted::alive, 0);
    a.allocate(7);
    EXPECT_EQ(counted::alive, 7);
  }
  EXPECT_EQ(counted::alive, 0);
}

}  // namespace
}  // namespace axiograd
