#include <axiograd/axiograd.hpp>
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

}  // namespace
}  // namespace axiograd
