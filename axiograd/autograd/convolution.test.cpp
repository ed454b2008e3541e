// Convolutions large enough for the library, beside sums in doubles: one after another, so that what is kept of one would be
// seen in the next.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/convolution/conv2d.hpp>
#include <axiograd/ops/reduction/sum.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using doubles = std::vector<double>;

tensor<float> numbers(const shape& dims, std::uint64_t key) {
  tensor<float> x = tensor<float>::uninitialised(dims);
  std::uint64_t i = 0;
  for (float& v : x.mutable_values()) v = static_cast<float>(uniform(key, i++) - 0.5);
  return x;
}

struct geometry {
  int64_t samples, in, out, height, width, kernel_height, kernel_width;
  conv2d_op op;
  bool bias = true;
};

/// Calls each(place in w, place in x, place in y) for every product of the convolution.
template <class F>
void for_each_product(const geometry& g, const shape& y, const F& each) {
  const int64_t per_group = g.in / g.op.groups, out_per_group = g.out / g.op.groups;
  for (int64_t n = 0; n < g.samples; ++n)
    for (int64_t o = 0; o < g.out; ++o)
      for (int64_t r = 0; r < y[2]; ++r)
        for (int64_t c = 0; c < y[3]; ++c)
          for (int64_t i = 0; i < per_group; ++i)
            for (int64_t k = 0; k < g.kernel_height; ++k)
              for (int64_t l = 0; l < g.kernel_width; ++l) {
                const int64_t row = r * g.op.stride[0] + k * g.op.dilation[0] - g.op.padding[0];
                const int64_t column = c * g.op.stride[1] + l * g.op.dilation[1] - g.op.padding[1];
                if (row < 0 || row >= g.height || column < 0 || column >= g.width) continue;
                const int64_t channel = o / out_per_group * per_group + i;
                each(((o * per_group + i) * g.kernel_height + k) * g.kernel_width + l,
                     ((n * g.in + channel) * g.height + row) * g.width + column, ((n * g.out + o) * y[2] + r) * y[3] + c);
              }
}
void expect_near(const tensor<float>& found, const doubles& expected, const std::string& what) {
  ASSERT_EQ(found.size(), static_cast<int64_t>(expected.size()));
  double worst = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(found[static_cast<int64_t>(i)]) - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  EXPECT_LE(worst, 1e-5 * size) << what;
}

void check(const geometry& g, const std::string& what) {
  tape<float> t;
  const auto w = numbers({g.out, g.in / g.op.groups, g.kernel_height, g.kernel_width}, 1), b = numbers({g.out}, 2),
             x = numbers({g.samples, g.in, g.height, g.width}, 3);
  const node_id kernel = *t.leaf(w), bias = *t.leaf(b), image = *t.leaf(x);
  const node_id y = ok_or_throw(g.bias ? t.apply(g.op, kernel, bias, image) : t.apply(g.op, kernel, image));
  const shape dims = t.shape_of(y);
  const auto dy = numbers(dims, 4);
  doubles value(static_cast<std::size_t>(dims.size())), dw(static_cast<std::size_t>(w.size())),
      db(static_cast<std::size_t>(g.out)), dx(static_cast<std::size_t>(x.size()));
  for (int64_t i = 0; i < dims.size(); ++i) {
    const int64_t o = i / (dims[2] * dims[3]) % g.out;
    if (g.bias) value[static_cast<std::size_t>(i)] = static_cast<double>(b[o]);
    db[static_cast<std::size_t>(o)] += static_cast<double>(dy[i]);
  }
  for_each_product(g, dims, [&](int64_t at_w, int64_t at_x, int64_t at_y) {
    value[static_cast<std::size_t>(at_y)] += static_cast<double>(w[at_w]) * static_cast<double>(x[at_x]);
    dw[static_cast<std::size_t>(at_w)] += static_cast<double>(dy[at_y]) * static_cast<double>(x[at_x]);
    dx[static_cast<std::size_t>(at_x)] += static_cast<double>(dy[at_y]) * static_cast<double>(w[at_w]);
  });
  const auto gradients = *t.backward_dense(y, dy);
  expect_near(*t.value(y), value, what + ": value");
  expect_near(*gradients[kernel], dw, what + ": gradient of the kernel");
  expect_near(*gradients[image], dx, what + ": gradient of the image");
  if (g.bias) expect_near(*gradients[bias], db, what + ": gradient of the bias");
}

TEST(convolution, is_its_sum_whatever_came_before) {
  const geometry plain{
      .samples = 3, .in = 8, .out = 16, .height = 14, .width = 12, .kernel_height = 3, .kernel_width = 3, .op = {}};
  const auto with = [&](conv2d_op op) {
    geometry g = plain;
    g.op = op;
    return g;
  };
  geometry no_bias = with({.padding = 1}), odd = plain, narrow = plain, one = plain;
  no_bias.bias = false;
  odd.samples = 11;  // more than the parts, and no multiple of them
  odd.in = 5;
  odd.out = 7;
  narrow.kernel_width = 1;
  narrow.op.padding = {1, 0};
  one.kernel_height = one.kernel_width = 1;
  one.samples = 9;
  // Several of them have results of one shape: 1, 1 and 2, 2 of padding and dilation, for one.
  const std::vector<geometry> all{plain,
                                  with({.padding = 1, .dilation = 1}),
                                  with({.padding = 2, .dilation = 2}),
                                  with({.padding = {1, 2}, .dilation = {1, 2}}),
                                  with({.padding = {2, 1}, .dilation = {2, 1}}),
                                  with({.stride = 2, .padding = 1}),
                                  with({.stride = 2, .padding = 2, .dilation = 2}),
                                  with({.stride = {1, 2}, .padding = 1}),
                                  with({.stride = {2, 1}, .padding = 1}),
                                  with({.padding = 1, .groups = 2}),
                                  with({.padding = 1, .groups = 8}),
                                  no_bias,
                                  odd,
                                  narrow,
                                  one};
  const int before = num_threads();
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    for (std::size_t i = 0; i < all.size(); ++i) check(all[i], "number " + std::to_string(i));
    for (std::size_t i = all.size(); i-- > 0;) check(all[i], "number " + std::to_string(i) + " again");
  }
  set_num_threads(before);
}

TEST(convolution, adds_to_gradients_that_are_there) {
  tape<float> t;
  const auto w = numbers({16, 8, 3, 3}, 1), x = numbers({4, 8, 12, 12}, 2);
  const node_id kernel = *t.leaf(w), image = *t.leaf(x);
  const node_id first = *t.apply(conv2d_op{.padding = 1}, kernel, image),
                second = *t.apply(conv2d_op{.padding = 2, .dilation = 2}, kernel, image);
  const node_id sum = *t.apply(add_op{}, first, second);
  const auto dy = numbers({4, 16, 12, 12}, 3);
  const auto both = *t.backward_dense(sum, dy), one = *t.backward_dense(first, dy), other = *t.backward_dense(second, dy);
  for (const node_id id : {kernel, image})
    for (int64_t i = 0; i < both[id]->size(); ++i) ASSERT_NEAR((*both[id])[i], (*one[id])[i] + (*other[id])[i], 2e-5F) << i;
}

}  // namespace
}  // namespace axiograd
