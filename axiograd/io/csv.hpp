#pragma once
// Tables of numbers as text: one row a line, commas between numbers, no header, no quotes.

#include <axiograd/core/result.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace axiograd::io {

/// A table in row-major order.
template <class T>
struct number_table {
  int64_t columns = 0;
  std::vector<T> values;

  int64_t rows() const { return columns == 0 ? 0 : static_cast<int64_t>(values.size()) / columns; }
  const T& operator()(int64_t row, int64_t column) const { return values[static_cast<std::size_t>(row * columns + column)]; }
};

/// The numbers of a text whose every line has `columns` of them; T is int64_t (whole numbers only) or double (finite only).
/// Lines end with \n or \r\n, the last one need not. `name` begins the messages: "digits.csv: row 12: 63 values, expected 65".
/// Errors: invalid_file, naming row and column, both counted from 1; out_of_memory.
template <class T>
result<number_table<T>> parse_csv(const std::string& name, std::span<const std::byte> text, int64_t columns);

extern template result<number_table<int64_t>> parse_csv(const std::string&, std::span<const std::byte>, int64_t);
extern template result<number_table<double>> parse_csv(const std::string&, std::span<const std::byte>, int64_t);

/// The start of a message about one number: "digits.csv: row 12, column 3: ".
std::string at_cell(const std::string& name, int64_t row, int64_t column);

}  // namespace axiograd::io
