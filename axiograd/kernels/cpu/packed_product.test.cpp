#include <axiograd/core/tensor.hpp>
#include <axiograd/kernels/cpu/isa.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <axiograd/kernels/cpu/packed_product.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>

namespace axiograd {
namespace {

tensor<float> numbers(int64_t n, unsigned seed) {
  tensor<float> x = tensor<float>::uninitialised({n});
  for (float& v : x.mutable_values()) {
    seed = seed * 1664525U + 1013904223U;
    v = static_cast<float>(seed >> 8) / 8388608.0F - 1;
  }
  return x;
}

/// y (+)= x b with numbers of their own; rows of x and y may lie further apart than they are long.
struct product_case {
  int64_t m, n, k;
  bool transposed = false, add = false;
  int64_t gap = 0;

  tensor<float> x = numbers(m * (k + gap), 1), b = numbers(k * n, 2).constant(), y = numbers(m * (n + gap), 3);
  tensor<float> before = y;

  gemm_call<float> call() {
    gemm_call<float> c;
    c.m = m, c.n = n, c.k = k, c.add = add;
    c.a = {x.data(), k + gap};
    c.b = {b.data(), transposed ? k : n, transposed, b.owner().get()};
    c.y = {y.mutable_data(), n + gap};
    return c;
  }
  float factor(int64_t l, int64_t j) const { return transposed ? b[j * k + l] : b[l * n + j]; }
  /// Every entry within the bound of any order of summation, and nothing written beside them.
  void expect_right() const {
    const double unit = std::ldexp(1.0, -24) * static_cast<double>(k + 2);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const int64_t at = i * (n + gap) + j;
        double sum = add ? before[at] : 0, size = std::abs(sum);
        for (int64_t l = 0; l < k; ++l) {
          const double term = static_cast<double>(x[i * (k + gap) + l]) * static_cast<double>(factor(l, j));
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(y[at], sum, unit * size) << "entry " << i << ", " << j << " of " << m << " x " << n << " x " << k;
      }
      for (int64_t j = n; j < n + gap; ++j) ASSERT_EQ(y[i * (n + gap) + j], before[i * (n + gap) + j]) << "beside row " << i;
    }
  }
};

// One row, tiles of rows, products that are worth two threads, sizes that no vector divides, several parts of k.
// Rows that the tiles do not divide: 259 and 517 in two and three, 1029 in five.
constexpr std::array<std::array<int64_t, 3>, 14> sizes{{{259, 64, 70},
                                                        {517, 80, 64},
                                                        {1029, 64, 66},
                                                        {1, 128, 128},
                                                        {3, 130, 129},
                                                        {7, 513, 65},
                                                        {16, 512, 512},
                                                        {33, 1000, 40},
                                                        {64, 384, 200},
                                                        {300, 70, 300},
                                                        {5, 1600, 17},
                                                        {2, 17, 1100},
                                                        {3, 20, 9000},
                                                        {1, 130, 4100}}};

TEST(packed_product, is_right) {
  for (const auto& [m, n, k] : sizes)
    for (const bool transposed : {false, true})
      for (const bool add : {false, true})
        for (const int64_t gap : {0, 5}) {
          product_case p{.m = m, .n = n, .k = k, .transposed = transposed, .add = add, .gap = gap};
          gemm(p.call());
          ASSERT_NO_FATAL_FAILURE(p.expect_right());
        }
}

TEST(packed_product, packs_where_the_library_can) {
  if (library_in_use().empty()) GTEST_SKIP() << "this build has no library that packs";
  if (best_isa() < isa::avx512) GTEST_SKIP() << "oneDNN packs matrices of floats for AVX-512 only";
  for (const auto& [m, n, k] : sizes) {
    product_case p{.m = m, .n = n, .k = k};
    EXPECT_TRUE(packed_product(p.call())) << m << " x " << n << " x " << k;
    p.expect_right();
    EXPECT_NE(p.b.owner()->form(), nullptr);
  }
}

// A dense layer's batch of one: y = w x, where w may lie either way.
TEST(packed_product, takes_a_vector_from_the_right) {
  for (const bool transposed : {false, true}) {
    product_case p{.m = 1, .n = 300, .k = 250, .transposed = transposed};
    const gemm_call<float> row = p.call();
    gemm_call<float> column;
    column.m = p.n, column.n = 1, column.k = p.k;
    column.a = {row.b.data, row.b.leading, !transposed, row.b.constant};
    column.b = {row.a.data, 1};
    column.y = {row.y.data, 1};
    gemm(column);
    p.expect_right();
    EXPECT_EQ(p.b.owner()->form() == nullptr, library_in_use().empty());
  }
}

TEST(packed_product, gives_the_same_bits_on_any_threads) {
  const int threads_before = num_threads();
  for (const auto& [m, n, k] : sizes) {
    set_num_threads(1);
    product_case one{.m = m, .n = n, .k = k};
    gemm(one.call());
    for (const int threads : {2, 3, 7}) {
      set_num_threads(threads);
      product_case p{.m = m, .n = n, .k = k};
      gemm(p.call());
      EXPECT_EQ(p.y, one.y) << m << " x " << n << " x " << k << ", " << threads << " threads";
    }
  }
  set_num_threads(threads_before);
}

TEST(packed_product, leaves_other_uses_of_the_memory_alone) {
  product_case p{.m = 4, .n = 128, .k = 128};
  gemm(p.call());
  gemm_call<float> other = p.call();
  other.b.transposed = p.transposed = true;
  EXPECT_FALSE(packed_product(other));
  gemm(other);
  p.expect_right();
}

TEST(packed_product, obeys_the_policy) {
  product_case plain{.m = 8, .n = 256, .k = 256}, packed{.m = 8, .n = 256, .k = 256};
  gemm(packed.call());  // makes the form
  for (const precision policy :
       {precision::reproducible_fp32, precision::fp32_split6, precision::fp32_split3, precision::bf16}) {
    const precision_scope scope(policy);
    EXPECT_FALSE(packed_product(packed.call()));
    gemm_call<float> without = plain.call();
    without.b.constant = nullptr;
    gemm(without);
    gemm(packed.call());
    EXPECT_EQ(plain.y, packed.y);
  }
}

TEST(packed_product, threads_may_meet_at_the_first_use) {
  product_case shared_by_all{.m = 8, .n = 256, .k = 256};
  const tensor<float> b = shared_by_all.b;
  std::vector<product_case> cases(4, shared_by_all);
  {
    std::vector<std::jthread> threads;
    for (product_case& p : cases) threads.emplace_back([&] { gemm(p.call()); });
  }
  for (const product_case& p : cases) {
    EXPECT_EQ(p.b.data(), b.data());
    p.expect_right();
  }
}

}  // namespace
}  // namespace axiograd
