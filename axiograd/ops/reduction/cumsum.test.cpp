#include <axiograd/axiograd.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

tensor<float> positive(const shape& s, unsigned seed) {
  tensor<float> x = tensor<float>::uninitialised(s);
  for (float& v : x.mutable_values()) {
    seed = seed * 1664525U + 1013904223U;
    v = static_cast<float>(seed >> 8) * 0x1p-24F;
  }
  return x;
}

// A search in a cumulative distribution relies on it.
TEST(cumsum, never_falls_where_no_term_is_negative) {
  for (const shape& s : {shape{300'000}, shape{5, 60'000}}) {
    tensor<float> x = positive(s, 3);
    for (int64_t i = 0; i < x.size(); i += 3) x.mutable_data()[i] = i % 2 == 0 ? 0.0F : 1e-9F;
    const int axis = s.rank - 1;
    const tensor<float> y = cumsum(x, {.axis = axis});
    const int64_t n = s[axis];
    for (int64_t i = 1; i < x.size(); ++i) ASSERT_TRUE(i % n == 0 || y.data()[i] >= y.data()[i - 1]) << i;
  }
}

TEST(cumsum, errs_by_a_few_roundings_after_a_million_terms) {
  constexpr int64_t n = 1'000'000;
  for (const int64_t beside : {1, 3}) {
    const tensor<float> x = positive({n, beside}, 5), y = cumsum(x, {.axis = 0});
    std::vector<double> total(static_cast<std::size_t>(beside), 0);
    for (int64_t i = 0; i < n * beside; ++i) {
      double& exact = total[static_cast<std::size_t>(i % beside)];
      exact += static_cast<double>(x.data()[i]);
      ASSERT_LE(std::abs(static_cast<double>(y.data()[i]) - exact), 16 * 0x1p-24 * exact) << i;
    }
  }
}

TEST(cumsum, keeps_infinities_apart_from_what_is_not_a_number) {
  const float infinity = std::numeric_limits<float>::infinity();
  tensor<float> x = positive({200}, 7);
  x.mutable_data()[40] = infinity;
  const tensor<float> y = cumsum(x, {.axis = 0});
  for (int64_t i = 0; i < 200; ++i) EXPECT_EQ(y.data()[i] == infinity, i >= 40) << i;
  x.mutable_data()[150] = -infinity;
  const tensor<float> z = cumsum(x, {.axis = 0});
  for (int64_t i = 40; i < 200; ++i) EXPECT_EQ(std::isnan(z.data()[i]), i >= 150) << i;
}

}  // namespace
}  // namespace axiograd
