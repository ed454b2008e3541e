// Our own products of every shape of tile, added and scaled, on each instruction set, beside sums in doubles.

#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/cpu/native_product.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace axiograd {
namespace {

template <class T>
void check(isa set, void (*run)(const gemm_call<T>&)) {
  if (best_isa() < set) return;
  constexpr unsigned seed = 23;
  std::mt19937 random(seed);
  std::normal_distribution<T> normal;
  for (int number = 0; number < 300; ++number) {
    const auto up_to = [&](unsigned most) { return 1 + static_cast<std::int64_t>(random() % most); };
    const std::int64_t m = up_to(40), n = up_to(70), k = up_to(50);
    const bool a_transposed = random() % 2 == 0, b_transposed = random() % 2 == 0, add = random() % 2 == 0;
    const T scale = number % 3 == 0 ? T(1) : T(-2.5);
    const std::int64_t beside = up_to(3) - 1;  // rows of y lie further apart than they are long
    const auto filled = [&](std::int64_t size) {
      std::vector<T> v(static_cast<std::size_t>(size));
      for (T& x : v) x = normal(random);
      return v;
    };
    const std::vector<T> a = filled(m * k), b = filled(k * n), before = filled(m * (n + beside));
    std::vector<T> y = before;
    run({.m = m,
         .n = n,
         .k = k,
         .a = {a.data(), a_transposed ? m : k, a_transposed},
         .b = {b.data(), b_transposed ? k : n, b_transposed},
         .y = {y.data(), n + beside},
         .add = add,
         .scale = scale});
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n + beside; ++j) {
        const auto at = static_cast<std::size_t>(i * (n + beside) + j);
        double sum = 0, size = 0;
        for (std::int64_t l = 0; j < n && l < k; ++l) {
          const double term = static_cast<double>(a[static_cast<std::size_t>(a_transposed ? l * m + i : i * k + l)]) *
                              static_cast<double>(b[static_cast<std::size_t>(b_transposed ? j * k + l : l * n + j)]);
          sum += term;
          size += std::abs(term);
        }
        const double old = static_cast<double>(before[at]);
        const double expected = j >= n ? old : (add ? old : 0) + static_cast<double>(scale) * sum;
        const double unit = sizeof(T) == 4 ? 0x1p-24 : 0x1p-53;
        ASSERT_LE(
            std::abs(static_cast<double>(y[at]) - expected),
            j >= n ? 0
                   : unit * (static_cast<double>(k + 4) * std::abs(static_cast<double>(scale)) * size + 2 * std::abs(expected)))
            << m << " x " << n << " x " << k << " at " << i << ", " << j << ", scale " << scale << ", seed " << seed;
      }
  }
}

TEST(own_product, is_its_sums_on_every_instruction_set) {
  check<float>(isa::baseline, &native_product<float, isa::baseline>::run);
  check<double>(isa::baseline, &native_product<double, isa::baseline>::run);
#ifdef __x86_64__
  check<float>(isa::avx2, &native_product<float, isa::avx2>::run);
  check<double>(isa::avx2, &native_product<double, isa::avx2>::run);
  check<float>(isa::avx512, &native_product<float, isa::avx512>::run);
  check<double>(isa::avx512, &native_product<double, isa::avx512>::run);
#endif
}

}  // namespace
}  // namespace axiograd
