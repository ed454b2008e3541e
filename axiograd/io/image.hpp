#pragma once
// One image from a file, as a batch of one for a model.

#include <axiograd/core/tensor.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace axiograd::io {

/// What the brighter pixels of a picture are.
enum class polarity : unsigned char {
  light_on_dark,  ///< bright is ink, as in data/digits: 255 becomes 1
  dark_on_light,  ///< bright is paper, as in a scan: 255 becomes 0
};

struct image_options {
  polarity ink = polarity::light_on_dark;  ///< of a PNG; a transparent pixel is paper. Rows of numbers are taken as they are.
  double white = 1;                        ///< the number in a CSV row that becomes 1: 16 for rows of data/digits
  std::uint64_t max_bytes = 1 << 24;       ///< of the file, which is refused before that if its pixels need far less
};

/// A gray image of a known size in 0 .. 1, shape (1, 1, H, W), from
/// - `NAME.png`: any kind of PNG of H x W pixels; colours become luminance, 16 bits become 8;
/// - `NAME.csv` or `NAME.csv.gz`: one row of H * W numbers between 0 and `white`, row by row from the top left corner.
/// `sample` is the model's input shape, (1, H, W). Nothing is decoded before the size was compared.
/// Errors: those of read_file; invalid_file (not a PNG, wrong size, naming both; not numbers, naming row and column; another
/// ending of the name); invalid_parameter (`sample` is no such shape, `white` is not positive); out_of_memory.
result<tensor<float>> read_image(const std::string& path, const shape& sample, const image_options& options = {});
/// The same from memory: the content of a file of that name, decompressed.
result<tensor<float>> parse_image(const std::string& name, std::span<const std::byte> content, const shape& sample,
                                  const image_options& options = {});

}  // namespace axiograd::io
