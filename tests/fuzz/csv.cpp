#include "fuzz.hpp"

#include <axiograd/io/csv.hpp>
#include <cmath>
#include <string>

using namespace axiograd;

namespace {

template <class T>
void read(fuzz::bytes text, int64_t columns) {
  const auto table = io::parse_csv<T>("f", text, columns);
  if (!table) return fuzz::require_answer(table.error());
  fuzz::require(table->rows() * columns == static_cast<int64_t>(table->values.size()), "rows are full");
  std::string again;
  for (std::size_t i = 0; i < table->values.size(); ++i) {
    fuzz::require(std::isfinite(static_cast<double>(table->values[i])), "numbers are finite");
    char number[64];
    if constexpr (std::same_as<T, double>)
      std::snprintf(number, sizeof number, "%.17g", table->values[i]);
    else
      std::snprintf(number, sizeof number, "%lld", static_cast<long long>(table->values[i]));
    again += number;
    again += (i + 1) % static_cast<std::size_t>(columns) == 0 ? '\n' : ',';
  }
  const auto same = io::parse_csv<T>("f", std::as_bytes(std::span(again)), columns);
  fuzz::require(same && same->values == table->values, "what is written reads back the same");
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const fuzz::bytes text = std::as_bytes(std::span(data, size)).subspan(1);
  const int64_t columns = 1 + data[0] % 8;
  read<int64_t>(text, columns);
  read<double>(text, columns);
  return 0;
}
