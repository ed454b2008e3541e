#include <axiograd/core/tensor.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

struct counted_form final : kept_form {
  explicit counted_form(int& where) : alive(&where) { ++*alive; }
  ~counted_form() override { --*alive; }
  int* alive;
};

TEST(constant_tensor, a_write_copies_and_ends_it) {
  const tensor<float> before = tensor<float>::from({3}, {1, 2, 3});
  tensor<float> x = before.constant();
  EXPECT_EQ(x, before);
  EXPECT_NE(x.data(), before.data());
  EXPECT_TRUE(x.owner()->constant());
  const float* const old = x.data();
  x.mutable_data()[0] = 7;
  EXPECT_NE(x.data(), old) << "constant memory was written to by its only owner";
  EXPECT_FALSE(x.owner()->constant());
  EXPECT_EQ(x, tensor<float>::from({3}, {7, 2, 3}));
}

TEST(constant_tensor, the_first_form_stays_and_ends_with_the_memory) {
  int alive = 0;
  {
    const tensor<float> x = tensor<float>::ones({40}).constant();
    EXPECT_EQ(x.owner()->form(), nullptr);
    const kept_form* const first = x.owner()->keep(new counted_form(alive));
    EXPECT_EQ(x.owner()->keep(new counted_form(alive)), first);
    EXPECT_EQ(x.owner()->form(), first);
    const tensor<float> other = x.reshaped({4, 10});
    EXPECT_EQ(other.owner()->form(), first);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
  const tensor<float> next = tensor<float>::ones({40});  // the pool hands the same memory out again
  EXPECT_FALSE(next.owner()->constant());
  EXPECT_EQ(next.owner()->form(), nullptr);
}

}  // namespace
}  // namespace axiograd
