#include <axiograd/kernels/parallel.hpp>
#include <gtest/gtest.h>
#include <stdexcept>
#include <vector>

namespace axiograd {
namespace {

class parallel : public testing::Test {
 protected:
  ~parallel() override { set_num_threads(before_); }

 private:
  int before_ = num_threads();
};

TEST_F(parallel, runs_every_block_once) {
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    std::vector<int> runs(1000);
    parallel_for(1000, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
    EXPECT_EQ(runs, std::vector<int>(1000, 1)) << threads << " threads";
  }
}

TEST_F(parallel, hands_on_an_exception_of_any_thread) {
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    for (const std::int64_t bad : {0, 500, 999})
      EXPECT_THROW(parallel_for(1000,
                                [&](std::int64_t i) {
                                  if (i == bad) throw std::domain_error("block");
                                }),
                   std::domain_error)
          << threads << " threads, block " << bad;
    // And is ready for the next one.
    std::vector<int> runs(16);
    parallel_for(16, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
    EXPECT_EQ(runs, std::vector<int>(16, 1));
  }
}

}  // namespace
}  // namespace axiograd
