#include <axiograd/io/digits.hpp>
#include <axiograd/io/image.hpp>
#include <axiograd/io/scratch.test.hpp>
#include <png.h>

#include <cstdint>

using namespace axiograd;
using namespace axiograd::io;

namespace {

/// Writes a PNG whose pixels are given in libpng's order for `format`.
std::string put_png(const scratch_folder& folder, unsigned height, unsigned width, std::uint32_t format, const void* pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = format;
  const std::string path = folder / "i.png";
  EXPECT_NE(png_image_write_to_file(&image, path.c_str(), 0, pixels, 0, nullptr), 0) << image.message;
  return path;
}

constexpr std::uint8_t gray[]{0, 255, 51, 102, 153, 204};

TEST(image, gray_png) {
  const scratch_folder folder;
  const std::string path = put_png(folder, 2, 3, PNG_FORMAT_GRAY, gray);
  EXPECT_EQ(*read_image(path, {1, 2, 3}), tensor<float>::from({1, 1, 2, 3}, {0, 1, 0.2F, 0.4F, 0.6F, 0.8F}));
  EXPECT_EQ(*read_image(path, {1, 2, 3}, {.ink = polarity::dark_on_light}),
            tensor<float>::from({1, 1, 2, 3}, {1, 0, 0.8F, 0.6F, 0.4F, 0.2F}));
}

TEST(image, colour_and_transparent_png) {
  const scratch_folder folder;
  constexpr std::uint8_t rgb[]{255, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0, 255};
  const auto colours = *read_image(put_png(folder, 1, 4, PNG_FORMAT_RGB, rgb), {1, 1, 4});
  EXPECT_EQ(colours[0], 1.0F);
  EXPECT_EQ(colours[1], 0.0F);
  EXPECT_GT(colours[2], colours[3]);  // green looks brighter than blue
  constexpr std::uint8_t rgba[]{255, 255, 255, 0, 0, 0, 0, 255};
  const std::string path = put_png(folder, 1, 2, PNG_FORMAT_RGBA, rgba);
  EXPECT_EQ(*read_image(path, {1, 1, 2}), tensor<float>::from({1, 1, 1, 2}, {0, 0}));  // paper is black
  EXPECT_EQ(*read_image(path, {1, 1, 2}, {.ink = polarity::dark_on_light}), tensor<float>::from({1, 1, 1, 2}, {0, 1}));
  constexpr std::uint16_t linear[]{0, 65535};
  EXPECT_EQ(*read_image(put_png(folder, 1, 2, PNG_FORMAT_LINEAR_Y, linear), {1, 1, 2}),
            tensor<float>::from({1, 1, 1, 2}, {0, 1}));
}

TEST(image, png_of_the_wrong_size) {
  const scratch_folder folder;
  const std::string path = put_png(folder, 2, 3, PNG_FORMAT_GRAY, gray);
  EXPECT_EQ(read_image(path, {1, 8, 8}).error(),
            (error{error_kind::invalid_file, path + ": 2 x 3 pixels (height x width), expected 8 x 8"}));
  EXPECT_EQ(read_image(path, {1, 3, 2}).error().kind, error_kind::invalid_file);
}

TEST(image, png_that_claims_to_be_huge) {
  const scratch_folder folder;
  std::string png = content_of(put_png(folder, 2, 3, PNG_FORMAT_GRAY, gray));
  png.replace(16, 8, std::string("\x7f\xff\xff\xff\x7f\xff\xff\xff", 8));  // width and height in IHDR
  const std::uint32_t sum = static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data() + 12), 17));
  for (std::size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
  EXPECT_EQ(read_image(folder.put("huge.png", png), {1, 8, 8}).error().kind, error_kind::invalid_file);
}

// libpng would ask for the memory of a chunk before it sees that the file ends.
TEST(image, png_chunk_that_claims_to_be_huge) {
  const scratch_folder folder;
  const std::string png = content_of(put_png(folder, 2, 3, PNG_FORMAT_GRAY, gray));
  const std::string text = png.substr(0, 33) + std::string("\x7e\x9b\0\0iTXt", 8) + png.substr(33);
  EXPECT_EQ(parse_image("a.png", bytes_of(text), {1, 2, 3}).error(),
            (error{error_kind::invalid_file, "a.png: not a readable PNG: a chunk of 2124087308 bytes, only " +
                                                 std::to_string(text.size() - 33) + " follow"}));
}

TEST(image, png_texts_are_left_out) {
  const scratch_folder folder;
  const std::string png = content_of(put_png(folder, 2, 3, PNG_FORMAT_GRAY, gray));
  const std::string text = png.substr(0, 33) + std::string("\0\0\0\3tEXtabc\1\2\3\4", 15) + png.substr(33);  // a wrong checksum
  EXPECT_EQ(*parse_image("a.png", bytes_of(text), {1, 2, 3}), *parse_image("a.png", bytes_of(png), {1, 2, 3}));
  std::string unknown = text;
  unknown[37] = 'T';  // a capital letter: nobody may skip it
  EXPECT_FALSE(parse_image("a.png", bytes_of(unknown), {1, 2, 3}));
}

TEST(image, png_cut_or_damaged) {
  const scratch_folder folder;
  const std::string whole = content_of(put_png(folder, 2, 3, PNG_FORMAT_GRAY, gray));
  const std::size_t data_end = whole.size() - 16;  // the last bytes are the checksum of the pixels and IEND
  for (std::size_t n = 0; n < data_end; ++n) {
    const auto x = read_image(folder.put("cut.png", whole.substr(0, n)), {1, 2, 3});
    ASSERT_FALSE(x) << n;
    EXPECT_EQ(x.error().kind, error_kind::invalid_file);
    EXPECT_NE(x.error().message.find("not a readable PNG"), std::string::npos);
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x11);
    static_cast<void>(read_image(folder.put("damaged.png", damaged), {1, 2, 3}));  // an answer, not a crash
  }
  EXPECT_EQ(read_image(folder.put("text.png", "hello"), {1, 2, 3}).error().kind, error_kind::invalid_file);
}

TEST(image, a_file_far_larger_than_its_pixels_is_not_read) {
  const scratch_folder folder;
  const std::string png = content_of(put_png(folder, 2, 3, PNG_FORMAT_GRAY, gray));
  const std::string large = folder.put("large.png", png + std::string(1 << 21, 'x')), row = folder.put("large.csv", large);
  EXPECT_EQ(read_image(large, {1, 2, 3}).error(), (error{error_kind::io, large + ": more than 1048768 bytes"}));
  std::filesystem::resize_file(row, 1 << 24);
  EXPECT_EQ(read_image(row, {1, 2, 3}).error().message, row + ": more than 1048768 bytes");
}

TEST(image, from_memory) {
  EXPECT_EQ(*parse_image("a.csv", bytes_of("0,0.5,1,0.25\n"), {1, 2, 2}),
            tensor<float>::from({1, 1, 2, 2}, {0, 0.5F, 1, 0.25F}));
  EXPECT_EQ(parse_image("a.png", bytes_of("hello"), {1, 2, 2}).error().kind, error_kind::invalid_file);
}

TEST(image, csv_row) {
  const scratch_folder folder;
  EXPECT_EQ(*read_image(folder.put("a.csv", "0,0.5,1,0.25\n"), {1, 2, 2}),
            tensor<float>::from({1, 1, 2, 2}, {0, 0.5F, 1, 0.25F}));
  EXPECT_EQ(*read_image(folder.put("a.csv.gz", gzipped("0,8,16,4")), {1, 2, 2}, {.white = 16}),
            tensor<float>::from({1, 1, 2, 2}, {0, 0.5F, 1, 0.25F}));
}

TEST(image, csv_row_of_the_data_set_gives_the_same_numbers) {
  const scratch_folder folder;
  const dataset digits = ok_or_throw(load_digits(in_repository("data/digits/digits.csv.gz")));
  std::string row;
  for (int64_t i = 0; i < 64; ++i) row += (i > 0 ? "," : "") + std::to_string(static_cast<int>(digits.inputs[i] * 16));
  const auto x = *read_image(folder.put("row.csv", row), {1, 8, 8}, {.white = 16});
  EXPECT_TRUE(std::equal(x.begin(), x.end(), digits.inputs.begin()));
}

TEST(image, csv_errors) {
  const scratch_folder folder;
  const auto problem = [&](const char* text, double white = 1) {
    const std::string path = folder.put("a.csv", text);
    return read_image(path, {1, 2, 2}, {.white = white}).error().message.substr(path.size() + 2);
  };
  EXPECT_EQ(problem("0,1,1"), "row 1: 3 values, expected 4");
  EXPECT_EQ(problem("0,1,1,0\n0,1,1,0\n"), "2 rows, expected 1");
  EXPECT_EQ(problem(""), "0 rows, expected 1");
  EXPECT_EQ(problem("0,1,nan,0"), "row 1, column 3: 'nan' is not a number");
  EXPECT_EQ(problem("0,1,2,0"), "row 1, column 3: 2 is not between 0 and 1");
  EXPECT_EQ(problem("0,1,1,-0.5", 16), "row 1, column 4: -0.5 is not between 0 and 16");
}

TEST(image, arguments) {
  EXPECT_EQ(read_image("a.jpeg", {1, 8, 8}).error().message, "a.jpeg: expected the name of a .png, .csv or .csv.gz file");
  for (const shape& dims : {shape{8, 8}, shape{3, 8, 8}, shape{1, 0, 8}, shape{1, 1 << 20, 8}, shape{}})
    EXPECT_EQ(read_image("a.png", dims).error().kind, error_kind::invalid_parameter);
  for (const double white : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    EXPECT_EQ(read_image("a.csv", {1, 8, 8}, {.white = white}).error().kind, error_kind::invalid_parameter);
  EXPECT_EQ(read_image("/absent/a.png", {1, 8, 8}).error().kind, error_kind::io);
}

}  // namespace
