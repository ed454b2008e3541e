#include <algorithm>
#include <axiograd/core/guarded.hpp>
#include <axiograd/io/csv.hpp>
#include <axiograd/io/excerpt.hpp>
#include <charconv>
#include <cmath>
#include <new>
#include <string_view>
#include <type_traits>

namespace axiograd::io {

namespace {

template <class T>
bool parse(std::string_view text, T& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return false;
  if constexpr (std::is_floating_point_v<T>) return std::isfinite(number);
  return true;
}

}  // namespace

std::string at_cell(const std::string& name, int64_t row, int64_t column) {
  return name + ": row " + std::to_string(row) + ", column " + std::to_string(column) + ": ";
}

template <class T>
result<number_table<T>> parse_csv(const std::string& name, std::span<const std::byte> text, int64_t columns) try {
  number_table<T> table{.columns = columns, .values = {}};
  std::string_view rest(reinterpret_cast<const char*>(text.data()), text.size());
  for (int64_t row = 1; !rest.empty(); ++row) {
    const std::size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);

    const int64_t found = line.empty() ? 0 : std::count(line.begin(), line.end(), ',') + 1;
    if (found != columns)
      return fail(error_kind::invalid_file, name + ": row " + std::to_string(row) + ": " + std::to_string(found) +
                                                " values, expected " + std::to_string(columns));
    for (int64_t column = 1; column <= columns; ++column) {
      const std::string_view cell = line.substr(0, line.find(','));
      line.remove_prefix(std::min(cell.size() + 1, line.size()));
      T number{};
      if (!parse(cell, number))
        return fail(error_kind::invalid_file, at_cell(name, row, column) + excerpt(cell, 20) +
                                                  (std::is_integral_v<T> ? " is not a whole number" : " is not a number"));
      table.values.push_back(number);
    }
  }
  return table;
} catch (const std::bad_alloc&) {
  return no_memory(name, "not enough memory for its numbers");
}

template result<number_table<int64_t>> parse_csv(const std::string&, std::span<const std::byte>, int64_t);
template result<number_table<double>> parse_csv(const std::string&, std::span<const std::byte>, int64_t);

}  // namespace axiograd::io
