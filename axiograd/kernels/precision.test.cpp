// The policies of products: each within its declared bound, the reproducible one with the same bits everywhere.

#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/cpu/native_product.hpp>
#include <axiograd/kernels/cpu/tile_product.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace axiograd {
namespace {

constexpr precision all_policies[]{precision::fp32, precision::reproducible_fp32, precision::fp32_split6,
                                   precision::fp32_split3, precision::bf16};

/// The largest error of an entry over the sum of |a| |b|, as declared in precision.hpp.
double declared_bound(precision p, std::int64_t k) {
  const double rounding = std::ldexp(1.0, -24) * static_cast<double>(k);
  switch (p) {
    case precision::fp32_split6: return rounding + std::ldexp(16.0, -24);
    case precision::fp32_split3: return rounding + std::ldexp(1.0, -15);
    case precision::bf16: return rounding + std::ldexp(1.0, -7);
    default: return rounding;
  }
}

struct product_case {
  std::int64_t m, n, k;
  bool a_transposed, b_transposed;
  std::vector<float> a, b;

  product_case(std::mt19937& random, std::int64_t rows, std::int64_t columns, std::int64_t terms)
      : m(rows), n(columns), k(terms), a_transposed(random() % 2 == 0), b_transposed(random() % 2 == 0) {
    std::normal_distribution<float> normal;
    const auto fill = [&](std::vector<float>& v, std::int64_t size) {
      v.resize(static_cast<std::size_t>(size));
      for (float& x : v) x = normal(random) * std::ldexp(1.0F, static_cast<int>(random() % 8));
    };
    fill(a, m * k);
    fill(b, k * n);
  }
  float at_a(std::int64_t i, std::int64_t l) const { return a[static_cast<std::size_t>(a_transposed ? l * m + i : i * k + l)]; }
  float at_b(std::int64_t l, std::int64_t j) const { return b[static_cast<std::size_t>(b_transposed ? j * k + l : l * n + j)]; }
  gemm_call<float> call(std::vector<float>& y) const {
    y.assign(static_cast<std::size_t>(m * n), std::numeric_limits<float>::quiet_NaN());
    return {.m = m,
            .n = n,
            .k = k,
            .a = {a.data(), a_transposed ? m : k, a_transposed},
            .b = {b.data(), b_transposed ? k : n, b_transposed},
            .y = {y.data(), n}};
  }
  std::vector<float> product(precision p) const {
    const precision_scope scope(p);
    std::vector<float> y;
    gemm(call(y));
    return y;
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(precision, every_policy_keeps_its_bound) {
  constexpr unsigned seed = 20241121;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const precision p : all_policies) {
    const precision used = available(p);  // fp32 where there are no tiles: then its bound, which is narrower, has to hold
    EXPECT_LE(declared_bound(used, 60), declared_bound(p, 60)) << to_string(p);
    double worst = 0;
    for (int number = 0; number < 24; ++number) {
      const product_case c(random, 33 + static_cast<std::int64_t>(random() % 64), 33 + static_cast<std::int64_t>(random() % 64),
                           60 + static_cast<std::int64_t>(random() % 700));
      const std::vector<float> y = c.product(p);
      for (std::int64_t i = 0; i < c.m; ++i)
        for (std::int64_t j = 0; j < c.n; ++j) {
          double exact = 0, sizes = 0;
          for (std::int64_t l = 0; l < c.k; ++l) {
            const double term = static_cast<double>(c.at_a(i, l)) * static_cast<double>(c.at_b(l, j));
            exact += term;
            sizes += std::abs(term);
          }
          const double error = std::abs(static_cast<double>(y[static_cast<std::size_t>(i * c.n + j)]) - exact) / sizes;
          worst = std::max(worst, error / declared_bound(used, c.k));
        }
    }
    EXPECT_LE(worst, 1) << to_string(p);
    EXPECT_GT(worst, 1e-3) << to_string(p) << ": the bound is far from what happens";
  }
}

TEST(precision, tiles_are_as_exact_as_their_parts) {
  if (!has_tiles()) GTEST_SKIP() << "this processor has no matrix tiles";
  std::mt19937 random(7);
  const product_case c(random, 64, 96, 128);
  const auto error = [&](precision p) {
    const std::vector<float> y = c.product(p);
    double sum = 0;
    for (std::int64_t i = 0; i < c.m; ++i)
      for (std::int64_t j = 0; j < c.n; ++j) {
        double exact = 0;
        for (std::int64_t l = 0; l < c.k; ++l) exact += static_cast<double>(c.at_a(i, l)) * static_cast<double>(c.at_b(l, j));
        sum += std::abs(static_cast<double>(y[static_cast<std::size_t>(i * c.n + j)]) - exact);
      }
    return sum;
  };
  const double one = error(precision::bf16), three = error(precision::fp32_split3), six = error(precision::fp32_split6);
  EXPECT_GT(one, 100 * three);
  EXPECT_GT(three, 10 * six);
  EXPECT_LT(six, 4 * error(precision::fp32));
}

TEST(precision, tiles_add_scale_and_show_what_is_not_finite) {
  if (!has_tiles()) GTEST_SKIP() << "this processor has no matrix tiles";
  for (const int parts : {1, 2, 3}) {
    const float inf = std::numeric_limits<float>::infinity();
    // A column of ones times rows of special numbers: exact in every part.
    std::vector<float> a(40, 1.0F), b{inf, -inf, std::numeric_limits<float>::quiet_NaN(), 0.0F, 1.5F}, y(40 * 5, 2.0F);
    tile_product({.m = 40, .n = 5, .k = 1, .a = {a.data(), 1}, .b = {b.data(), 5}, .y = {y.data(), 5}, .add = true, .scale = 4},
                 parts);
    for (std::size_t i = 0; i < 40; ++i) {
      for (std::size_t j = 0; j < 3; ++j) EXPECT_FALSE(std::isfinite(y[i * 5 + j])) << parts;
      EXPECT_EQ(y[i * 5 + 3], 2) << parts;
      EXPECT_EQ(y[i * 5 + 4], 8) << parts;
    }
    b.assign(5, 0x1.ff8p127F);  // rounds to infinity in bf16
    tile_product({.m = 40, .n = 5, .k = 1, .a = {a.data(), 1}, .b = {b.data(), 5}, .y = {y.data(), 5}}, parts);
    EXPECT_TRUE(std::isfinite(y[0])) << parts << ": a large number is not infinite";
  }
}

TEST(precision, reproducible_bits_do_not_depend_on_the_batch_or_the_threads) {
  constexpr unsigned seed = 5;
  std::mt19937 random(seed);
  for (int number = 0; number < 12; ++number) {
    product_case c(random, 1 + static_cast<std::int64_t>(random() % 300), 1 + static_cast<std::int64_t>(random() % 600),
                   1 + static_cast<std::int64_t>(random() % 900));
    set_num_threads(1);
    const std::vector<float> whole = c.product(precision::reproducible_fp32);
    for (const int threads : {2, 3, 7}) {
      set_num_threads(threads);
      EXPECT_TRUE(same_bits(whole, c.product(precision::reproducible_fp32))) << threads << " threads, case " << number;
    }
    set_num_threads(1);
    const std::int64_t row = static_cast<std::int64_t>(random()) % c.m;
    std::vector<float> alone(static_cast<std::size_t>(c.n));
    gemm_call<float> one = c.call(alone);
    alone.resize(static_cast<std::size_t>(c.n));
    one.m = 1;
    one.a.data += c.a_transposed ? row : row * c.k;
    one.y.data = alone.data();
    const precision_scope scope(precision::reproducible_fp32);
    gemm(one);
    EXPECT_EQ(std::memcmp(alone.data(), whole.data() + row * c.n, alone.size() * sizeof(float)), 0)
        << "row alone, case " << number;
  }
}

#ifdef __x86_64__
TEST(precision, reproducible_bits_are_those_of_both_instruction_sets) {
  if (best_isa() != isa::avx512) GTEST_SKIP() << "this processor has no AVX-512";
  std::mt19937 random(11);
  for (int number = 0; number < 40; ++number) {
    const product_case c(random, 1 + static_cast<std::int64_t>(random() % 90), 1 + static_cast<std::int64_t>(random() % 200),
                         1 + static_cast<std::int64_t>(random() % 600));
    std::vector<float> narrow, wide;
    native_product<float, isa::avx2>::run(c.call(narrow));
    native_product<float, isa::avx512>::run(c.call(wide));
    EXPECT_TRUE(same_bits(narrow, wide)) << c.m << " x " << c.n << " x " << c.k;
  }
}
#endif

TEST(precision, a_scope_ends_and_reaches_the_workers) {
  EXPECT_EQ(current_precision(), precision::fp32);
  set_num_threads(3);
  {
    const precision_scope outer(precision::bf16);
    {
      const precision_scope inner(precision::fp32_split3);
      std::vector<precision> seen(16, precision::fp32);
      parallel_for(16, [&](std::int64_t i) { seen[static_cast<std::size_t>(i)] = current_precision(); });
      for (const precision p : seen) EXPECT_EQ(p, precision::fp32_split3);
    }
    EXPECT_EQ(current_precision(), precision::bf16);
  }
  EXPECT_EQ(current_precision(), precision::fp32);
  std::vector<precision> seen(16, precision::bf16);
  parallel_for(16, [&](std::int64_t i) { seen[static_cast<std::size_t>(i)] = current_precision(); });
  for (const precision p : seen) EXPECT_EQ(p, precision::fp32);
  set_num_threads(1);
}

}  // namespace
}  // namespace axiograd
