#include <axiograd/axiograd.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

// 192,000 numbers, of which each thread takes its rows; some indices are outside.
TEST(gather_rows, is_the_same_on_any_number_of_threads) {
  constexpr int64_t rows = 500, columns = 96, taken = 2000;
  tensor<float> table({rows, columns});
  for (int64_t i = 0; i < table.size(); ++i) table.mutable_data()[i] = static_cast<float>(i % 1009);
  index_tensor at({taken});
  for (int64_t j = 0; j < taken; ++j) at.mutable_values()[static_cast<std::size_t>(j)] = j * 7919 % (rows + 2) - 1;
  const int before = num_threads();
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    for (int again = 0; again < 3; ++again) {
      const tensor<float> y = gather_rows(table, at);
      int64_t wrong = 0;
      for (int64_t j = 0; j < taken; ++j)
        for (int64_t c = 0; c < columns; ++c) {
          const int64_t i = at.data()[j];
          wrong += y(j, c) != (i < 0 || i >= rows ? 0 : table(i, c)) ? 1 : 0;
        }
      EXPECT_EQ(wrong, 0) << threads << " threads";
    }
  }
  set_num_threads(before);
}

// Some rows are taken tens of thousands of times, most a few times: the gradient of each is a sum that errs by few roundings.
TEST(gather_rows, sums_the_gradient_of_a_row_that_is_taken_often) {
  constexpr int64_t rows = 5000, columns = 3, taken = 200'000;
  index_tensor at({taken});
  for (int64_t j = 0; j < taken; ++j)
    at.mutable_values()[static_cast<std::size_t>(j)] = j % 3 == 0 ? 7 : j % 3 == 1 ? 4096 : j * 7919 % rows;
  std::vector<double> exact(static_cast<std::size_t>(rows * columns), 0);
  tensor<float> dy({taken, columns});
  for (int64_t j = 0; j < taken; ++j)
    for (int64_t c = 0; c < columns; ++c) {
      const float g = 0.1F * static_cast<float>(c + 1);
      dy.mutable_data()[j * columns + c] = g;
      exact[static_cast<std::size_t>(at.data()[j] * columns + c)] += static_cast<double>(g);
    }
  const gather_rows_op op;
  const tensor<float> table({rows, columns}), y({taken, columns});
  tensor<float> dx = tensor<float>::zeros({rows, columns});
  const shape in = table.shape(), out = y.shape();
  const view<const float> x[]{{table.data(), &in}};
  float* const to[]{dx.mutable_data()};
  const index_tensor side[]{at};
  table_of<gather_rows_op, float>().vjp(&op, {x, side, {y.data(), &out}, dy.data(), to});
  for (int64_t i = 0; i < rows * columns; ++i) {
    const double e = exact[static_cast<std::size_t>(i)];
    ASSERT_LE(std::abs(static_cast<double>(dx.data()[i]) - e), 24 * 0x1p-24 * e) << i;
  }
}

}  // namespace
}  // namespace axiograd
