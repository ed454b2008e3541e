#include <axiograd/families/contraction.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

namespace axiograd {
namespace {

constexpr contraction_products matmul{contraction{.a = 0, .b = 1, .subscripts = "mk,kn->mn"}};

std::vector<float> numbers(int64_t n, unsigned seed) {
  std::vector<float> x;
  for (int64_t i = 0; i < n; ++i) {
    seed = seed * 1664525U + 1013904223U;
    x.push_back(static_cast<float>(seed >> 8) / 8388608.0F - 1);
  }
  return x;
}

std::vector<float> product(const shape& a_dims, const float* a, const shape& b_dims, const float* b, const shape& y_dims) {
  std::vector<float> y(static_cast<std::size_t>(y_dims.size()), -777.0F);
  const std::array<view<const float>, 2> in{view<const float>{a, &a_dims}, view<const float>{b, &b_dims}};
  contraction_forward(matmul, forward_run<float>{in, {}, {y.data(), &y_dims}});
  return y;
}

// Small products, several of which make a block for a thread; larger ones; two that are worth all threads each.
TEST(contraction, batch_gives_the_bits_of_single_products_on_any_threads) {
  const int before = num_threads();
  for (const auto& [batch, m, n, k] : std::vector<std::array<int64_t, 4>>{
           {1000, 5, 3, 4}, {40, 48, 40, 64}, {9, 96, 160, 130}, {2, 256, 192, 200}, {0, 500, 500, 500}}) {
    const std::vector<float> a = numbers(batch * m * k, 1), b = numbers(batch * k * n, 2);
    std::vector<float> single;
    set_num_threads(1);
    for (int64_t i = 0; i < batch; ++i) {
      const auto y = product({m, k}, a.data() + i * m * k, {k, n}, b.data() + i * k * n, {m, n});
      single.insert(single.end(), y.begin(), y.end());
    }
    for (const int threads : {1, 2, 3, 7}) {
      set_num_threads(threads);
      const auto all = product({batch, m, k}, a.data(), {batch, k, n}, b.data(), {batch, m, n});
      ASSERT_EQ(all.size(), single.size());
      EXPECT_TRUE(all.empty() || std::memcmp(all.data(), single.data(), 4 * all.size()) == 0)
          << "batch " << batch << " of " << m << " x " << k << " x " << n << ", " << threads << " threads";
    }
  }
  set_num_threads(before);
}

// Two leading axes of which one belongs to the shared operand's gradient: the plan joins or sums them.
TEST(contraction, shared_operand_sums_its_gradient_over_leading_axes) {
  constexpr contraction_products linear{contraction{.a = 0, .b = 1, .subscripts = "oi,i->o"}};
  const shape w_dims{2, 3}, x_dims{2, 2, 3}, y_dims{2, 2, 2};
  const std::vector<float> w{1, 2, 3, 4, 5, 6}, x{1, 0, 2, 0, 1, 0, 3, 1, 1, 0, 0, 1}, dy{1, 2, 0, 1, 1, 1, 2, 0};
  std::vector<float> dw(6, -777.0F), dx(12, -777.0F);
  const std::array<view<const float>, 2> in{view<const float>{w.data(), &w_dims}, view<const float>{x.data(), &x_dims}};
  const std::array<float*, 2> to{dw.data(), dx.data()};
  contraction_vjp(linear, vjp_run<float>{in, {}, {nullptr, &y_dims}, dy.data(), to, 3});
  std::vector<float> dw_expected(6), dx_expected(12);
  for (std::size_t s = 0; s < 4; ++s)
    for (std::size_t o = 0; o < 2; ++o)
      for (std::size_t i = 0; i < 3; ++i) {
        dw_expected[3 * o + i] += dy[2 * s + o] * x[3 * s + i];
        dx_expected[3 * s + i] += dy[2 * s + o] * w[3 * o + i];
      }
  EXPECT_EQ(dw, dw_expected);
  EXPECT_EQ(dx, dx_expected);
}

}  // namespace
}  // namespace axiograd
