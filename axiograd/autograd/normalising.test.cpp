// Normalisation of channels that lie side by side, shared among threads: numbers that are no multiple of a vector.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/core/random.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/ops/normalization/batch_norm.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

TEST(normalising, channels_on_several_threads_are_those_on_one) {
  const int before = num_threads();
  for (const int64_t channels : {65, 100, 131, 200}) {
    const auto numbers = [](const shape& dims, std::uint64_t key) {
      tensor<float> x = tensor<float>::uninitialised(dims);
      std::uint64_t i = 0;
      for (float& v : x.mutable_values()) v = static_cast<float>(uniform(key, i++) - 0.5);
      return x;
    };
    const auto x = numbers({3000, channels}, 1), gamma = numbers({channels}, 2), beta = numbers({channels}, 3),
               dy = numbers({3000, channels}, 4);
    const auto results = [&](int threads) {
      set_num_threads(threads);
      tape<float> t;
      const node_id a = *t.leaf(x), b = *t.leaf(gamma), c = *t.leaf(beta);
      const node_id y = *t.apply(batch_norm_op{}, a, b, c);
      const auto gradients = *t.backward_dense(y, dy);
      return std::vector<tensor<float>>{*t.value(y), *gradients[a], *gradients[b], *gradients[c]};
    };
    const auto one = results(1);
    for (const int threads : {2, 3})
      for (int again = 0; again < 3; ++again)
        EXPECT_EQ(results(threads), one) << channels << " channels, " << threads << " threads";
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace axiograd
