#include <axiograd/core/guarded.hpp>
#include <axiograd/io/csv.hpp>
#include <axiograd/io/digits.hpp>
#include <axiograd/io/file.hpp>

namespace axiograd::io {

result<dataset> load_digits(const std::string& path) try {
  constexpr std::uint64_t longest = 1 << 24;  // the data set has 264,712 bytes
  constexpr int64_t pixels = 64, white = 16, classes = 10;

  const auto text = read_file(path, longest);
  if (!text) return tl::unexpected<error>(text.error());
  const auto table = parse_csv<int64_t>(path, *text, pixels + 1);
  if (!table) return tl::unexpected<error>(table.error());
  const int64_t n = table->rows();
  if (n == 0) return fail(error_kind::invalid_file, path + ": no rows");

  dataset digits{
      .inputs = tensor<float>::uninitialised({n, 1, 8, 8}), .labels = index_tensor::uninitialised({n}), .class_names = {}};
  float* const inputs = digits.inputs.mutable_data();
  int64_t* const labels = digits.labels.mutable_data();
  for (int64_t row = 0; row < n; ++row)
    for (int64_t column = 0; column <= pixels; ++column) {
      const int64_t value = (*table)(row, column), most = column < pixels ? white : classes - 1;
      if (value < 0 || value > most)
        return fail(error_kind::invalid_file, at_cell(path, row + 1, column + 1) + std::to_string(value) +
                                                  (column < pixels ? " is not a pixel 0..16" : " is not a label 0..9"));
      if (column < pixels)
        inputs[row * pixels + column] = static_cast<float>(value) / static_cast<float>(white);
      else
        labels[row] = value;
    }
  for (int64_t digit = 0; digit < classes; ++digit) digits.class_names.push_back(std::to_string(digit));
  return digits;
} catch (const std::bad_alloc&) {
  return no_memory(path, "not enough memory for its images");
}

}  // namespace axiograd::io
