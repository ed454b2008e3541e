// Convolutions by the library against plain sums, one after another whose shapes agree and whose geometry does not.

#include <axiograd/core/tensor.hpp>
#include <axiograd/kernels/cpu/convolution.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

tensor<float> numbers(const shape& dims, unsigned seed) {
  tensor<float> x = tensor<float>::uninitialised(dims);
  for (float& v : x.mutable_values()) {
    seed = seed * 1664525U + 1013904223U;
    v = static_cast<float>(seed >> 8) / 8388608.0F - 1;
  }
  return x;
}

/// Calls body(kernel, x, y) with the places of every term of y = kernel * x; two spatial axes.
template <class F>
void for_each_term(const convolution_call& c, const F& body) {
  const conv_geometry& g = c.geometry;
  const int64_t inner = c.kernel[1], group_out = c.kernel[0] / g.groups;
  for (int64_t s = 0; s < c.samples; ++s)
    for (int64_t o = 0; o < c.y[0]; ++o)
      for (int64_t i = 0; i < c.y[1]; ++i)
        for (int64_t j = 0; j < c.y[2]; ++j)
          for (int64_t q = 0; q < inner; ++q)
            for (int64_t u = 0; u < c.kernel[2]; ++u)
              for (int64_t v = 0; v < c.kernel[3]; ++v) {
                const int64_t row = i * g.step(0) + u * g.distance(0) - g.pad(0),
                              column = j * g.step(1) + v * g.distance(1) - g.pad(1);
                if (row < 0 || row >= c.x[1] || column < 0 || column >= c.x[2]) continue;
                const int64_t channel = o / group_out * inner + q;
                body(((o * inner + q) * c.kernel[2] + u) * c.kernel[3] + v,
                     ((s * c.x[0] + channel) * c.x[1] + row) * c.x[2] + column, ((s * c.y[0] + o) * c.y[1] + i) * c.y[2] + j);
              }
}
void expect_near(const tensor<float>& got, const std::vector<double>& sums, const std::vector<double>& sizes,
                 const std::string& what) {
  for (std::size_t i = 0; i < sums.size(); ++i)
    ASSERT_NEAR(got[static_cast<int64_t>(i)], sums[i], 1e-5 * (sizes[i] + 1e-3)) << what << ", entry " << i;
}

/// The value and both gradients are those of plain sums.
void check(const convolution_call& c, const std::string& what) {
  ASSERT_TRUE(c.fits_library()) << what;
  const shape x_dims{c.samples, c.x[0], c.x[1], c.x[2]}, y_dims{c.samples, c.y[0], c.y[1], c.y[2]};
  const tensor<float> kernel = numbers(c.kernel, 1), x = numbers(x_dims, 2), dy = numbers(y_dims, 3);
  tensor<float> y(y_dims), dkernel(c.kernel), dx(x_dims);
  convolve(c, kernel.data(), nullptr, x.data(), y.mutable_data());
  convolve_vjp(c, kernel.data(), x.data(), dy.data(), {dkernel.mutable_data(), false}, {dx.mutable_data(), false});

  const auto zeros = [](const tensor<float>& t) { return std::vector<double>(static_cast<std::size_t>(t.size())); };
  std::vector<double> sums[3]{zeros(y), zeros(kernel), zeros(x)}, sizes[3]{zeros(y), zeros(kernel), zeros(x)};
  for_each_term(c, [&](int64_t k, int64_t from, int64_t to) {
    const auto w = static_cast<double>(kernel[k]), in = static_cast<double>(x[from]), out = static_cast<double>(dy[to]);
    const double terms[3]{w * in, in * out, w * out};
    const int64_t places[3]{to, k, from};
    for (std::size_t i = 0; i < 3; ++i) {
      sums[i][static_cast<std::size_t>(places[i])] += terms[i];
      sizes[i][static_cast<std::size_t>(places[i])] += std::abs(terms[i]);
    }
  });
  expect_near(y, sums[0], sizes[0], what + ": y");
  expect_near(dkernel, sums[1], sizes[1], what + ": gradient of the kernel");
  expect_near(dx, sums[2], sizes[2], what + ": gradient of x");
}

TEST(convolution, no_call_takes_the_primitive_of_another_geometry) {
  if (library_in_use().empty()) GTEST_SKIP() << "this build has no library";
  const shape image{8, 12, 12};
  struct {
    const char* text;
    convolution_call call;
  } const cases[]{
      {"padding 1, dilation 1", {{{}, {1, 1}, {}, 1}, {32, 8, 3, 3}, image, {32, 12, 12}, 3}},
      {"padding 2, dilation 2", {{{}, {2, 2}, {2, 2}, 1}, {32, 8, 3, 3}, image, {32, 12, 12}, 3}},
      {"padding 1 and 2, dilation 1 and 2", {{{}, {1, 2}, {1, 2}, 1}, {32, 8, 3, 3}, image, {32, 12, 12}, 3}},
      {"stride 2, padding 1", {{{2, 2}, {1, 1}, {}, 1}, {32, 8, 3, 3}, image, {32, 6, 6}, 3}},
      {"stride 2, padding 2", {{{2, 2}, {2, 2}, {2, 2}, 1}, {32, 8, 3, 3}, image, {32, 6, 6}, 3}},
      {"stride 2, windows that end before the padding", {{{2, 2}, {0, 0}, {}, 1}, {32, 8, 3, 3}, {8, 13, 13}, {32, 6, 6}, 3}},
      {"stride 2 over fewer", {{{2, 2}, {1, 1}, {}, 1}, {32, 8, 3, 3}, {8, 11, 11}, {32, 6, 6}, 3}},
      {"two groups", {{{}, {1, 1}, {}, 2}, {32, 4, 3, 3}, image, {32, 12, 12}, 3}},
      {"two groups, dilation 2", {{{}, {2, 2}, {2, 2}, 2}, {32, 4, 3, 3}, image, {32, 12, 12}, 3}},
  };
  for (const int round : {1, 2}) {
    for (const auto& c : cases) ASSERT_NO_FATAL_FAILURE(check(c.call, c.text)) << "round " << round;
    for (std::size_t i = std::size(cases); i-- > 0;) ASSERT_NO_FATAL_FAILURE(check(cases[i].call, cases[i].text));
  }
}

}  // namespace
}  // namespace axiograd
