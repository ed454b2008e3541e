#include <axiograd/core/random.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using axiograd::key_of;
using axiograd::mask;
using axiograd::mix;
using axiograd::next_seed;
using axiograd::normal;
using axiograd::sample;
using axiograd::seed;
using axiograd::uniform;

namespace {

// Contract 22.
static_assert(mix(0) == 0xE220A8397B1DCDAF && mix(1) == 0x910A2DEC89025CC1);
static_assert(key_of(seed{42}, 0) == 0xBDD732262FEB6E95 && key_of(seed{42}, 1) == 0xBA69EC90EB4FEF88);
static_assert(next_seed(seed{42}, 1) == seed{0x9CDE98852E60034B});

TEST(random, samples_of_the_contract) {
  const std::uint32_t first[]{1695576580, 2583233866, 2257628742}, second[]{144757062, 805874682, 3778884062};
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sample(key_of(seed{42}, 0), i), first[i]);
    EXPECT_EQ(sample(key_of(seed{42}, 1), i), second[i]);
  }
}

TEST(random, uniform_is_a_sample_over_two_to_the_32) {
  const std::uint64_t key = key_of(seed{42}, 0);
  EXPECT_EQ(uniform(key, 0), 1695576580.0 / 4294967296.0);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    ASSERT_GE(uniform(key, i), 0.0);
    ASSERT_LT(uniform(key, i), 1.0);
  }
}

TEST(random, mask_compares_strictly) {
  const std::uint64_t key = key_of(seed{42}, 0);
  const double u = uniform(key, 0);
  EXPECT_FALSE(mask(key, 0, u));
  EXPECT_TRUE(mask(key, 0, std::nextafter(u, 1.0)));
  int kept = 0, none = 0, all = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    kept += mask(key, i, 0.8);
    none += mask(key, i, 0.0);
    all += mask(key, i, 1.0);
  }
  EXPECT_EQ(none, 0);
  EXPECT_EQ(all, 100'000);
  EXPECT_NEAR(kept, 80'000, 8 * std::sqrt(100'000 * 0.16));
}

TEST(random, normal_is_the_cosine_branch) {
  const std::uint64_t key = key_of(seed{42}, 0);
  const double expected =
      std::sqrt(-2 * std::log(2257628742 / 4294967296.0)) * std::cos(2 * std::numbers::pi * (sample(key, 3) / 4294967296.0));
  EXPECT_EQ(normal(key, 1), expected);
}

TEST(random, normal_is_bounded_by_the_floor) {
  // The key whose draw 0 is 0: key + 0 = mix^-1(0) = -0x9E3779B97F4A7C15.
  const std::uint64_t key = 0 - std::uint64_t{0x9E3779B97F4A7C15};
  ASSERT_EQ(sample(key, 0), 0U);
  const double angle = 2 * std::numbers::pi * uniform(key, 1);
  EXPECT_EQ(normal(key, 0), std::sqrt(-2 * std::log(1e-6)) * std::cos(angle));
  EXPECT_EQ(normal(key, 0, 0.25), std::sqrt(-2 * std::log(0.25)) * std::cos(angle));
}

TEST(random, moments_of_normal) {
  const std::uint64_t key = key_of(seed{7}, 3);
  constexpr int n = 200'000;
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double x = normal(key, i);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(random, counters_and_seeds_give_different_streams) {
  int equal = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i)
    equal += sample(key_of(seed{1}, 0), i) == sample(key_of(seed{2}, 0), i) ||
             sample(key_of(seed{1}, 0), i) == sample(next_seed(seed{1}, 0).value, i);
  EXPECT_EQ(equal, 0);
}

}  // namespace
