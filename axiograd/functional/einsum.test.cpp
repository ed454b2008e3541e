// einsum beside the sum that its equation states.

#include <axiograd/functional/einsum.hpp>
#include <axiograd/functional/random.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using numbers = tensor<double>;

numbers some(const shape& dims, std::uint64_t number) { return random_normal<double>(dims, {seed{number}, 0}); }

void expect_near(const numbers& x, const numbers& y) {
  ASSERT_EQ(x.shape(), y.shape());
  for (int64_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-12);
}

TEST(einsum, an_ellipsis_stands_for_any_axes) {
  const numbers a = some({2, 3, 4, 5}, 1), b = some({5, 6}, 2);
  numbers y({2, 3, 4, 6});
  for (int64_t o = 0; o < 24; ++o)
    for (int64_t k = 0; k < 6; ++k)
      for (int64_t j = 0; j < 5; ++j) y.mutable_data()[o * 6 + k] += a[o * 5 + j] * b[j * 6 + k];
  expect_near(einsum("...j,jk->...k", a, b), y);
  expect_near(einsum("...j,jk", a, b), y);  // the ellipsis comes first, the letters in order
  expect_near(einsum("...ij,jk->...ik", a, b), y);
}

TEST(einsum, ellipses_of_different_length_and_extent_one_meet_at_their_ends) {
  const numbers a = some({2, 1, 4}, 3), b = some({3, 4}, 4);
  numbers y({2, 3});
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t k = 0; k < 3; ++k)
      for (int64_t j = 0; j < 4; ++j) y.mutable_data()[i * 3 + k] += a[i * 4 + j] * b[k * 4 + j];
  expect_near(einsum("...j,...j->...", a, b), y);
  expect_near(einsum("...j,...j->...", b, a), y);
  EXPECT_THROW(einsum("...j,...j->...", some({2, 2, 4}, 5), b), failure);
  EXPECT_THROW(einsum("ij,ij->i", some({1, 4}, 5), b), failure) << "only axes of an ellipsis may have extent 1";
}

TEST(einsum, a_repeated_letter_is_the_diagonal) {
  const numbers a = some({3, 4, 3}, 6);
  numbers y({4, 3});
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j) y.mutable_data()[j * 3 + i] = a[(i * 4 + j) * 3 + i];
  expect_near(einsum("iji->ji", a), y);
  numbers trace({4});
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j) trace.mutable_data()[j] += y[j * 3 + i];
  expect_near(einsum("iji->j", a), trace);
  const numbers cube = some({2, 2, 2}, 7);
  expect_near(einsum("iii->i", cube), numbers::from({2}, {cube[0], cube[7]}));
}

TEST(einsum, three_factors_batches_and_letters_that_only_one_has) {
  const numbers a = some({2, 3, 4}, 8), b = some({2, 4, 5}, 9), c = some({5, 6}, 10);
  numbers y({2, 6, 3}), last({2, 3});
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t l = 0; l < 6; ++l)
        for (int64_t j = 0; j < 4; ++j)
          for (int64_t k = 0; k < 5; ++k) {
            const double term = a[(n * 3 + i) * 4 + j] * b[(n * 4 + j) * 5 + k] * c[k * 6 + l];
            y.mutable_data()[(n * 6 + l) * 3 + i] += term;
            last.mutable_data()[n * 3 + i] += term;
          }
  expect_near(einsum("nij, njk, kl -> nli", a, b, c), y);
  expect_near(einsum("nij,njk,kl->ni", a, b, c), last);
}

TEST(einsum, capital_letters_come_before_small_ones) {
  const numbers a = some({2, 3}, 11), b = some({3, 4}, 12);
  EXPECT_EQ(einsum("aj,jB", a, b).shape(), (shape{4, 2}));
  EXPECT_EQ(einsum("ba", a).shape(), (shape{3, 2}));
  EXPECT_EQ(einsum("zA->zA", a), a);
}

TEST(einsum, malformed_equations_are_refused_whatever_is_wrong) {
  const numbers a = some({2, 3}, 13);
  for (const char* equation : {"ij,", "i", "ijk", "ij->k", "ij->ii", "i1", "i.j", "ij->i@", "....", "i...jk"})
    EXPECT_THROW(einsum(equation, a), failure) << equation;
  for (const char* equation : {"ij", "ij,jk,kl->il", "ij,j", ",ij"}) EXPECT_THROW(einsum(equation, a, a), failure) << equation;
}

TEST(einsum, says_what_is_wrong_first_and_says_it_itself) {
  const numbers a = some({2, 3}, 13), b = some({3, 2}, 14);
  const auto said = [](const auto& call) {
    try {
      call();
    } catch (const failure& e) {
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  EXPECT_NE(said([&] { einsum("ij,jk->q", a); }).find("more terms"), std::string::npos);
  EXPECT_NE(said([&] { einsum("ijk->qq", a); }).find("3 subscripts"), std::string::npos);
  EXPECT_NE(said([&] { einsum("i->q", a, b); }).find("1 subscripts"), std::string::npos);
  EXPECT_NE(said([&] { einsum("...,...->...", a, b); }).find("einsum: \"...,...->...\" has extents"), std::string::npos);
  EXPECT_NE(said([&] { einsum("ij,ij->", a, b); }).find("einsum: \"ij,ij->\" has extents"), std::string::npos);
}

}  // namespace
}  // namespace axiograd
