#include "fuzz.hpp"

#include <axiograd/io/image.hpp>
#include <zlib.h>

#include <string>

using namespace axiograd;

namespace {

std::uint32_t word(fuzz::bytes file, std::size_t at) {
  std::uint32_t w = 0;
  for (std::size_t i = 0; i < 4; ++i) w = w << 8 | static_cast<std::uint32_t>(file[at + i]);
  return w;
}

/// The same chunks with the right checksums: a change of their content does not die of them.
std::vector<std::byte> with_right_checksums(fuzz::bytes file) {
  std::vector<std::byte> repaired(file.begin(), file.end());
  for (std::size_t at = 8; at + 12 <= file.size();) {
    const std::uint64_t length = word(file, at);
    if (length > file.size() - at - 12) break;
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(file.data() + at + 4), static_cast<uInt>(length + 4));
    at += 8 + static_cast<std::size_t>(length);
    for (std::size_t i = 0; i < 4; ++i) repaired[at + i] = static_cast<std::byte>(sum >> (24 - 8 * i));
    at += 4;
  }
  return repaired;
}

void read(fuzz::bytes file) {
  constexpr std::uint32_t largest = 64;
  shape sample{1, 8, 8};
  if (file.size() >= 24)  // the size that the file says, so that it is decoded
    for (const int axis : {1, 2})
      if (const std::uint32_t extent = word(file, axis == 1 ? 20 : 16); extent > 0 && extent <= largest) sample[axis] = extent;
  for (const io::polarity ink : {io::polarity::light_on_dark, io::polarity::dark_on_light}) {
    const result<tensor<float>> image = io::parse_image("f.png", file, sample, {.ink = ink});
    if (!image) {
      fuzz::require(image.error().message.starts_with("f.png: "), "a message begins with the file's name");
      fuzz::require(image.error().kind == error_kind::invalid_file, "a file's fault is no other kind of error");
      continue;
    }
    fuzz::require(image->shape() == shape{1, 1, sample[1], sample[2]}, "an image has the size that was asked for");
    for (const float v : *image) fuzz::require(v >= 0 && v <= 1, "pixels are between 0 and 1");
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::bytes file = std::as_bytes(std::span(data, size));
  read(file);
  read(with_right_checksums(file));
  return 0;
}
