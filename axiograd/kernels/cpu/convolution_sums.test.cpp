#include <axiograd/core/tensor.hpp>
#include <axiograd/kernels/cpu/convolution.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
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

// More windows than one call of the library may sum over: strips of an image, and some of several images.
TEST(convolution_sums, take_the_gradient_of_the_kernel_over_many_windows) {
  if (library_in_use().empty()) GTEST_SKIP() << "this build has no library";
  constexpr std::array<std::array<int64_t, 3>, 2> sizes{{{2, 301, 200}, {40, 75, 62}}};
  for (const auto& [samples, rows, columns] : sizes) {
    convolution_call c;
    c.geometry = {.stride = {2, 1}, .padding = {2, 1}, .dilation = {1, 2}};
    c.kernel = {3, 2, 4, 3};
    c.x = {2, rows, columns};
    c.y = {3, (rows + 4 - 4) / 2 + 1, columns + 2 - 5 + 1};
    c.samples = samples;
    const tensor<float> x = positive({samples, 2, rows, columns}, 1), dy = positive({samples, 3, c.y[1], c.y[2]}, 2),
                        kernel = positive(c.kernel, 3);
    tensor<float> got = tensor<float>::zeros(c.kernel), dx = tensor<float>::zeros(x.shape()), alone = dx;
    convolve_vjp(c, kernel.data(), x.data(), dy.data(), {got.mutable_data(), true}, {dx.mutable_data(), false});
    convolve_vjp(c, kernel.data(), x.data(), dy.data(), {}, {alone.mutable_data(), false});
    for (int64_t i = 0; i < x.size(); ++i) ASSERT_NEAR(dx.data()[i], alone.data()[i], 1e-4F) << i;
    for (int64_t o = 0; o < 3; ++o)
      for (int64_t i = 0; i < 2; ++i)
        for (int64_t a = 0; a < 4; ++a)
          for (int64_t b = 0; b < 3; ++b) {
            double exact = 0;
            for (int64_t s = 0; s < samples; ++s)
              for (int64_t p = 0; p < c.y[1]; ++p)
                for (int64_t q = 0; q < c.y[2]; ++q) {
                  const int64_t row = 2 * p + a - 2, column = q + 2 * b - 1;
                  if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
                  exact += static_cast<double>(dy(s, o, p, q)) * static_cast<double>(x(s, i, row, column));
                }
            EXPECT_LE(std::abs(static_cast<double>(got(o, i, a, b)) - exact), 64 * 0x1p-24 * exact) << o << i << a << b;
          }
  }
}

}  // namespace
}  // namespace axiograd
