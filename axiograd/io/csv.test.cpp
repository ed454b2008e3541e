#include <axiograd/io/csv.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <cmath>

using namespace axiograd;
using namespace axiograd::io;

namespace {

template <class T = int64_t>
std::string problem(std::string_view text, int64_t columns = 3) {
  const auto table = parse_csv<T>("t.csv", bytes_of(text), columns);
  if (table) return "none";
  EXPECT_EQ(table.error().kind, error_kind::invalid_file);
  return table.error().message;
}

TEST(csv, rows_and_columns) {
  const auto table = *parse_csv<int64_t>("t", bytes_of("1,2,3\r\n-4,5,6\n7,8,9"), 3);
  EXPECT_EQ(table.rows(), 3);
  EXPECT_EQ(table.values, (std::vector<int64_t>{1, 2, 3, -4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(table(1, 2), 6);
  EXPECT_EQ(parse_csv<int64_t>("t", {}, 3)->rows(), 0);
  EXPECT_EQ(parse_csv<double>("t", bytes_of("0.5,-1e3,.25"), 3)->values, (std::vector<double>{0.5, -1000, 0.25}));
}

TEST(csv, wrong_number_of_values) {
  EXPECT_EQ(problem("1,2,3\n1,2\n"), "t.csv: row 2: 2 values, expected 3");
  EXPECT_EQ(problem("1,2,3,\n"), "t.csv: row 1: 4 values, expected 3");
  EXPECT_EQ(problem("1,2,3\n\n1,2,3\n"), "t.csv: row 2: 0 values, expected 3");
  EXPECT_EQ(problem("1,2,3\n\r\n"), "t.csv: row 2: 0 values, expected 3");
}

TEST(csv, what_is_no_number) {
  EXPECT_EQ(problem("1,2,3\n4,x,6\n"), "t.csv: row 2, column 2: 'x' is not a whole number");
  EXPECT_EQ(problem("1,2,\n"), "t.csv: row 1, column 3: '' is not a whole number");
  EXPECT_EQ(problem("1, 2,3"), "t.csv: row 1, column 2: ' 2' is not a whole number");
  EXPECT_EQ(problem("1.0,2,3"), "t.csv: row 1, column 1: '1.0' is not a whole number");
  EXPECT_EQ(problem("+1,2,3"), "t.csv: row 1, column 1: '+1' is not a whole number");
  EXPECT_EQ(problem("9223372036854775808,2,3"), "t.csv: row 1, column 1: '9223372036854775808' is not a whole number");
  EXPECT_EQ(problem("1\x01\x80,2,3"), "t.csv: row 1, column 1: '1?\?' is not a whole number");
  EXPECT_EQ(problem(std::string(1000, '1') + ",2,3"),
            "t.csv: row 1, column 1: '11111111111111111111...' is not a whole number");
  for (const char* cell : {"nan", "inf", "-inf", "1e999", "0x10", "1 ", "--1"})
    EXPECT_EQ(problem<double>(cell, 1), std::string("t.csv: row 1, column 1: '") + cell + "' is not a number");
}

}  // namespace
