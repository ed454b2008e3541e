#include <png.h>

#include <algorithm>
#include <array>
#include <axiograd/core/guarded.hpp>
#include <axiograd/io/csv.hpp>
#include <axiograd/io/file.hpp>
#include <axiograd/io/image.hpp>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace axiograd::io {

namespace {

struct free_image {
  void operator()(png_image* image) const { png_image_free(image); }
};

/// The shortest text that means the number.
std::string text_of(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// A PNG's signature and the chunks that its pixels need. libpng asks for as much memory as any chunk says that it has: here
/// each must be in the file. Texts, profiles and the like, which may grow when they are decompressed, are left out.
std::vector<std::byte> picture_chunks(std::span<const std::byte> file, std::string& problem) {
  constexpr std::size_t signature = 8, frame = 12;  // of a chunk: length, name, checksum
  constexpr std::array<std::string_view, 6> wanted{"tRNS", "gAMA", "cHRM", "sRGB", "sBIT", "bKGD"};
  std::span<const std::byte> rest = file.subspan(std::min(file.size(), signature));
  std::vector<std::byte> kept(file.begin(), rest.begin());
  while (!rest.empty()) {
    std::uint64_t length = frame;
    for (std::size_t i = 0; i < 4 && i < rest.size(); ++i) length += std::to_integer<std::uint64_t>(rest[i]) << (24 - 8 * i);
    if (length > rest.size()) {
      problem = "a chunk of " + std::to_string(length) + " bytes, only " + std::to_string(rest.size()) + " follow";
      break;
    }
    const std::string_view name(reinterpret_cast<const char*>(rest.data()) + 4, 4);
    const bool needed = (name[0] & 0x20) == 0;  // a small letter: who does not know the chunk may skip it
    if (needed || std::find(wanted.begin(), wanted.end(), name) != wanted.end())
      kept.insert(kept.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(length));
    rest = name == "IEND" ? std::span<const std::byte>() : rest.subspan(static_cast<std::size_t>(length));
  }
  return kept;
}

result<tensor<float>> decode_png(const std::string& path, std::span<const std::byte> file, int64_t height, int64_t width,
                                 polarity ink) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, free_image> guard(&image);
  // "out of memory" and its like; the names of libpng's functions have the word in them, too.
  const auto lacks_memory = [&] { return std::string_view(image.message).find(" memory") != std::string_view::npos; };
  const auto broken = [&] {
    if (lacks_memory()) throw std::bad_alloc();
    return fail(error_kind::invalid_file, path + ": not a readable PNG: " + image.message);
  };
  std::string problem;
  const std::vector<std::byte> chunks = picture_chunks(file, problem);
  if (!problem.empty()) return fail(error_kind::invalid_file, path + ": not a readable PNG: " + problem);
  if (png_image_begin_read_from_memory(&image, chunks.data(), chunks.size()) == 0) return broken();
  if (image.height != height || image.width != width)
    return fail(error_kind::invalid_file, path + ": " + std::to_string(image.height) + " x " + std::to_string(image.width) +
                                              " pixels (height x width), expected " + std::to_string(height) + " x " +
                                              std::to_string(width));

  image.format = PNG_FORMAT_GRAY;
  std::vector<png_byte> pixels(PNG_IMAGE_SIZE(image));
  const bool light_paper = ink == polarity::dark_on_light;
  const png_byte paper = light_paper ? 255 : 0;
  const png_color background{paper, paper, paper};
  if (png_image_finish_read(&image, &background, pixels.data(), 0, nullptr) == 0) return broken();
  if (image.warning_or_error != 0 && lacks_memory()) throw std::bad_alloc();  // it left something out, a colour profile

  tensor<float> x = tensor<float>::uninitialised({1, 1, height, width});
  std::transform(pixels.begin(), pixels.end(), x.mutable_data(),
                 [&](png_byte v) { return static_cast<float>(light_paper ? 255 - v : v) / 255.0F; });
  return x;
}

result<tensor<float>> parse_row(const std::string& path, std::span<const std::byte> text, int64_t height, int64_t width,
                                double white) {
  const auto table = parse_csv<double>(path, text, height * width);
  if (!table) return tl::unexpected<error>(table.error());
  if (table->rows() != 1)
    return fail(error_kind::invalid_file, path + ": " + std::to_string(table->rows()) + " rows, expected 1");
  tensor<float> x = tensor<float>::uninitialised({1, 1, height, width});
  float* const pixels = x.mutable_data();
  for (int64_t i = 0; i < x.size(); ++i) {
    const double value = (*table)(0, i);
    if (value < 0 || value > white)
      return fail(error_kind::invalid_file,
                  at_cell(path, 1, i + 1) + text_of(value) + " is not between 0 and " + text_of(white));
    pixels[i] = static_cast<float>(value / white);
  }
  return x;
}

/// Nothing, or what is wrong with the arguments.
std::optional<error> argument_problem(const std::string& name, const shape& sample, const image_options& options) {
  constexpr int64_t largest = 1 << 15;  // per side
  if (sample.rank != 3 || sample[0] != 1 || !sample.well_formed() || sample[1] > largest || sample[2] > largest)
    return error{error_kind::invalid_parameter, "read_image: the model's input is " + to_string(sample) +
                                                    ", expected a gray image (1,height,width) of at most 32768 a side"};
  if (!(options.white > 0 && std::isfinite(options.white)))
    return error{error_kind::invalid_parameter,
                 "read_image: white is " + text_of(options.white) + ", expected a positive number"};
  if (!name.ends_with(".png") && !name.ends_with(".csv") && !name.ends_with(".csv.gz"))
    return error{error_kind::invalid_file, name + ": expected the name of a .png, .csv or .csv.gz file"};
  return std::nullopt;
}

}  // namespace

result<tensor<float>> parse_image(const std::string& name, std::span<const std::byte> content, const shape& sample,
                                  const image_options& options) try {
  if (const auto problem = argument_problem(name, sample, options)) return tl::unexpected<error>(*problem);
  return name.ends_with(".png") ? decode_png(name, content, sample[1], sample[2], options.ink)
                                : parse_row(name, content, sample[1], sample[2], options.white);
} catch (const std::bad_alloc&) {
  return no_memory(name, "not enough memory for its pixels");
}

result<tensor<float>> read_image(const std::string& path, const shape& sample, const image_options& options) try {
  if (const auto problem = argument_problem(path, sample, options)) return tl::unexpected<error>(*problem);
  // A PNG whose rows are followed by more data is decompressed to its end; a pixel takes 8 bytes at most, a number some 32.
  const std::uint64_t needed = (1 << 20) + 32 * static_cast<std::uint64_t>(sample.size());
  const auto file = read_file(path, std::min(options.max_bytes, needed));
  if (!file) return tl::unexpected<error>(file.error());
  return parse_image(path, *file, sample, options);
} catch (const std::bad_alloc&) {
  return no_memory(path, "not enough memory for its pixels");
}

}  // namespace axiograd::io
