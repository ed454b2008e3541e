#include <axiograd/io/digits.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <algorithm>
#include <array>

using namespace axiograd;
using namespace axiograd::io;

namespace {

/// A row of 64 pixels `pixel` and a label, with cell `column` (from 1) replaced.
std::string row(int pixel, int label, int column = 0, const char* other = "") {
  std::string text;
  for (int i = 1; i <= 65; ++i)
    text += (i > 1 ? "," : "") + (i == column ? std::string(other) : std::to_string(i <= 64 ? pixel : label));
  return text + "\n";
}

std::string problem(const std::string& text) {
  const scratch_folder folder;
  const std::string path = folder.put("d.csv", text);
  const auto digits = load_digits(path);
  if (digits) return "none";
  EXPECT_EQ(digits.error().kind, error_kind::invalid_file);
  return digits.error().message.substr(path.size() + 2);
}

TEST(digits, the_data_set) {
  const dataset digits = ok_or_throw(load_digits(in_repository("data/digits/digits.csv.gz")));
  EXPECT_EQ(digits.inputs.shape(), (shape{1797, 1, 8, 8}));
  EXPECT_EQ(digits.labels.shape(), shape{1797});
  EXPECT_EQ(digits.sample_shape(), (shape{1, 8, 8}));
  EXPECT_EQ(digits.class_names, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  // The first row of the file.
  constexpr std::array first{0, 0,  5, 13, 9,  1, 0,  0, 0,  0,  13, 15, 10, 15, 5, 0,  0,  3, 15, 2, 0,  11,
                             8, 0,  0, 4,  12, 0, 0,  8, 8,  0,  0,  5,  8,  0,  0, 9,  8,  0, 0,  4, 11, 0,
                             1, 12, 7, 0,  0,  2, 14, 5, 10, 12, 0,  0,  0,  0,  6, 13, 10, 0, 0,  0};
  for (std::size_t i = 0; i < first.size(); ++i)
    EXPECT_EQ(digits.inputs[static_cast<int64_t>(i)], static_cast<float>(first[i]) / 16.0F);
  EXPECT_EQ(digits.labels[0], 0);
  EXPECT_EQ(digits.labels[1796], 8);
  EXPECT_EQ(*std::min_element(digits.inputs.begin(), digits.inputs.end()), 0.0F);
  EXPECT_EQ(*std::max_element(digits.inputs.begin(), digits.inputs.end()), 1.0F);
  // Class counts of the testing set as archive.ics.uci.edu/dataset/80 lists them.
  std::array<int, 10> count{};
  for (const int64_t label : digits.labels) ++count[static_cast<std::size_t>(label)];
  EXPECT_EQ(count, (std::array{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}));
}

TEST(digits, bad_rows) {
  EXPECT_EQ(problem(row(16, 9) + row(0, 0)), "none");
  EXPECT_EQ(problem(row(1, 1) + "1,2\n"), "row 2: 2 values, expected 65");
  EXPECT_EQ(problem(row(1, 1) + row(1, 1, 3, "17")), "row 2, column 3: 17 is not a pixel 0..16");
  EXPECT_EQ(problem(row(1, 1, 64, "-1")), "row 1, column 64: -1 is not a pixel 0..16");
  EXPECT_EQ(problem(row(1, 1, 65, "10")), "row 1, column 65: 10 is not a label 0..9");
  EXPECT_EQ(problem(row(1, 1, 5, "a")), "row 1, column 5: 'a' is not a whole number");
  EXPECT_EQ(problem(""), "no rows");
}

TEST(digits, absent_or_cut_file) {
  const scratch_folder folder;
  EXPECT_EQ(load_digits(folder / "absent.csv.gz").error().kind, error_kind::io);
  const std::string whole = content_of(in_repository("data/digits/digits.csv.gz"));
  const std::string cut = folder.put("digits.csv.gz", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(load_digits(cut).error(), (error{error_kind::invalid_file, cut + ": gzip data end early"}));
}

}  // namespace
