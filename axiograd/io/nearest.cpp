#include <algorithm>
#include <axiograd/io/nearest.hpp>
#include <numeric>

namespace axiograd::io {

namespace {

constexpr std::size_t longest = 128;  // of what is compared: names come from files

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& names) {
  constexpr std::size_t most_names = 1000;
  std::string found;
  std::size_t fewest = 0;
  for (std::size_t i = 0; i < std::min(most_names, names.size()); ++i) {
    const std::string_view a = name.substr(0, longest), b = std::string_view(names[i]).substr(0, longest);
    const std::size_t changes = distance(a, b);
    if (2 * changes > std::max(a.size(), b.size()) || (!found.empty() && changes >= fewest)) continue;
    found = names[i];
    fewest = changes;
  }
  return found;
}

}  // namespace axiograd::io
