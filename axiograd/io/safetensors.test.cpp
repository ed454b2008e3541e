#include <axiograd/core/random.hpp>
#include <axiograd/io/safetensors.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

using namespace axiograd;
using namespace axiograd::io;

namespace {

std::string file_of(std::string_view header, std::size_t data_bytes, std::optional<std::uint64_t> length = std::nullopt) {
  const std::uint64_t n = length.value_or(header.size());
  std::string file(8, '\0');
  std::memcpy(file.data(), &n, 8);
  return file.append(header).append(data_bytes, '\0');
}

result<tensor_file> parsed(const std::string& file, const tensor_limits& limits = {}) {
  const auto owner = std::make_shared<const std::string>(file);
  return parse_tensors("m", bytes_of(*owner), owner, limits);
}

/// The message about a file with this header, without "m: ".
std::string problem(std::string_view header, std::size_t data_bytes = 0, const tensor_limits& limits = {}) {
  const auto content = parsed(file_of(header, data_bytes), limits);
  if (content) return "none";
  EXPECT_TRUE(content.error().message.starts_with("m: "));
  EXPECT_EQ(content.error().message.find('\n'), std::string::npos);
  return content.error().message.substr(3);
}

/// A header with one tensor "a".
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

tensor_file sample_content() {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  tensor_file content{.tensors = {}, .metadata = {{"format", "axiograd"}, {"note", "quotes \" and \n lines, ümlaut"}}};
  content.tensors.emplace("0.weight",
                          tensor<float>::from({2, 3}, {1, -0.0F, nan, 1e-45F, 3, std::numeric_limits<float>::infinity()}));
  content.tensors.emplace("0.bias", tensor<double>::from({3}, {1, 2, 0.1}));
  content.tensors.emplace("steps", index_tensor::scalar(-7));
  content.tensors.emplace("empty", tensor<float>({0, 4}));
  content.tensors.emplace("half", stored_tensor("F16", {3}, bytes_of("abcdef"), nullptr));
  content.tensors.emplace("later", stored_tensor("Q17", {100}, bytes_of("xyz"), nullptr));
  return content;
}

// ---- round trips
// -------------------------------------------------------------------------------------------------------------

TEST(safetensors, round_trip) {
  const scratch_folder folder;
  const std::string path = folder / "m.safetensors";
  const tensor_file written = sample_content();
  ASSERT_TRUE(write_tensors(path, written));
  const tensor_file read = ok_or_throw(read_tensors(path));
  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.tensors.size(), written.tensors.size());
  for (const auto& [name, stored] : written.tensors) {
    const stored_tensor& other = read.tensors.at(name);
    EXPECT_EQ(other.dtype(), stored.dtype());
    EXPECT_EQ(other.shape(), stored.shape());
    EXPECT_TRUE(std::ranges::equal(other.bytes(), stored.bytes())) << name;
  }
  EXPECT_EQ(*read.get<double>("0.bias"), tensor<double>::from({3}, {1, 2, 0.1}));
  EXPECT_EQ(read.get<int64_t>("steps")->item(), -7);
  EXPECT_EQ(read.get<float>("empty")->shape(), (shape{0, 4}));
  const tensor<float> weight = *read.get<float>("0.weight");
  EXPECT_EQ(std::memcmp(weight.data(), written.tensors.at("0.weight").bytes().data(), 24), 0);

  ASSERT_TRUE(write_tensors(folder / "again", read));
  EXPECT_EQ(content_of(folder / "again"), content_of(path));
}

TEST(safetensors, nothing_at_all) {
  const scratch_folder folder;
  ASSERT_TRUE(write_tensors(folder / "m", {}));
  EXPECT_EQ(content_of(folder / "m"), file_of("{}      ", 0));
  EXPECT_TRUE(read_tensors(folder / "m")->tensors.empty());
}

TEST(safetensors, every_entry_is_aligned) {
  const scratch_folder folder;
  ASSERT_TRUE(write_tensors(folder / "m", sample_content()));
  const std::string file = content_of(folder / "m");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  const tensor_file content = ok_or_throw(parsed(file));
  const std::byte* const data = content.tensors.at("0.bias").bytes().data();  // F64 comes first
  EXPECT_EQ((content.tensors.at("steps").bytes().data() - data) % 8, 0);
  EXPECT_EQ((content.tensors.at("0.weight").bytes().data() - data) % 4, 0);
  EXPECT_EQ((content.tensors.at("half").bytes().data() - data) % 2, 0);
}

TEST(safetensors, a_file_that_python_wrote) {
  // safetensors 0.8.0: safetensors.numpy.save({"b": numpy.array([1.5], "f4"), "a": numpy.array([[-1], [2]], "i8")}, {"k": "v"})
  const std::string header =
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"I64","shape":[2,1],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}})";
  std::string file = file_of(header + std::string((8 - header.size() % 8) % 8, ' '), 0);
  const std::int64_t a[]{-1, 2};
  const float b = 1.5F;
  file.append(reinterpret_cast<const char*>(a), 16).append(reinterpret_cast<const char*>(&b), 4);
  const tensor_file content = ok_or_throw(parsed(file));
  EXPECT_EQ(*content.get<int64_t>("a"), index_tensor::from({2, 1}, {-1, 2}));
  EXPECT_EQ(*content.get<float>("b"), tensor<float>::from({1}, {1.5F}));
  EXPECT_EQ(content.metadata, (std::map<std::string, std::string>{{"k", "v"}}));
}

TEST(safetensors, writing_later_does_not_change_what_is_stored) {
  tensor<float> x = tensor<float>::ones({2});
  const stored_tensor stored(x);
  x.set(5.0F, 0);
  float first = 0;
  std::memcpy(&first, stored.bytes().data(), 4);
  EXPECT_EQ(first, 1.0F);
}

TEST(safetensors, wrong_dtype_matters_only_when_read) {
  const tensor_file content = sample_content();
  EXPECT_EQ(content.get<float>("later").error(), (error{error_kind::invalid_file, "tensor 'later': dtype Q17, expected F32"}));
  EXPECT_EQ(content.get<float>("half").error().message, "tensor 'half': dtype F16, expected F32");
  EXPECT_EQ(content.get<double>("0.weight").error().message, "tensor '0.weight': dtype F32, expected F64");
  EXPECT_EQ(content.get<float>("absent").error().message, "there is no tensor 'absent'");
}

// ---- the frame
// ---------------------------------------------------------------------------------------------------------------

TEST(safetensors_hostile, length_of_the_header) {
  EXPECT_EQ(parsed("").error(), (error{error_kind::invalid_file, "m: not a safetensors file: 0 bytes"}));
  EXPECT_EQ(parsed("1234567").error().message, "m: not a safetensors file: 7 bytes");
  EXPECT_EQ(parsed(file_of("", 0)).error().message, "m: header does not begin with '{'");
  EXPECT_EQ(parsed(file_of("{}", 0, 3)).error().message, "m: header of 3 bytes, only 2 follow");
  const std::string most = ", at most 100000000 are read";
  EXPECT_EQ(parsed(file_of("{}", 0, std::uint64_t{1} << 63)).error().message, "m: header of 9223372036854775808 bytes" + most);
  EXPECT_EQ(parsed(file_of("{}", 0, ~std::uint64_t{0})).error().message, "m: header of 18446744073709551615 bytes" + most);
  EXPECT_EQ(parsed(file_of("{}", 0, ~std::uint64_t{7})).error().message, "m: header of 18446744073709551608 bytes" + most);
  EXPECT_EQ(parsed(file_of("{}", 0), {.header_bytes = 1}).error().message, "m: header of 2 bytes, at most 1 are read");
}

TEST(safetensors_hostile, cut_at_every_byte) {
  const scratch_folder folder;
  ASSERT_TRUE(write_tensors(folder / "m", sample_content()));
  const std::string whole = content_of(folder / "m");
  ASSERT_TRUE(parsed(whole));
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_EQ(parsed(whole.substr(0, n)).error().kind, error_kind::invalid_file) << n;
  EXPECT_FALSE(parsed(whole + "x"));
}

TEST(safetensors_hostile, files) {
  const scratch_folder folder;
  const std::string path = folder.put("m", file_of("{}", 0));
  EXPECT_TRUE(read_tensors(path));
  EXPECT_EQ(read_tensors(path, {.file_bytes = 9}).error(), (error{error_kind::io, path + ": more than 9 bytes"}));
  EXPECT_EQ(read_tensors(folder / "absent").error().kind, error_kind::io);
  EXPECT_EQ(read_tensors("/dev/zero").error().kind, error_kind::io);
}

// ---- the header
// --------------------------------------------------------------------------------------------------------------

TEST(safetensors_hostile, json) {
  EXPECT_EQ(problem("{}   \n\t"), "none");
  EXPECT_EQ(problem(" {}"), "header does not begin with '{'");
  EXPECT_EQ(problem("\xef\xbb\xbf{}"), "header does not begin with '{'");
  EXPECT_EQ(problem("[]"), "header does not begin with '{'");
  for (const std::string text :
       {"{", "{}x", "{}{}", "{\"a\"}", "{\"a\":}", "{,}", "{\"a\":\"", "{'a':{}}", "{\"a\xff\":{}}", "{}\x01",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[NaN],\"data_offsets\":[0,4]}}", "{/**/}", "{\"\\ud800\":{}}"})
    EXPECT_TRUE(problem(text).starts_with("header is not well-formed JSON at byte ")) << text << ": " << problem(text);
  EXPECT_EQ(problem(std::string("{}\0x", 4)), "header has a zero byte at byte 2");
  EXPECT_EQ(problem("{\"a\":" + std::string(1'000'000, '[')), "tensor 'a': found an array, expected an object");
  EXPECT_TRUE(problem("{\"a\":" + std::string(1'000'000, '{')).starts_with("header is not well-formed JSON"));
}

TEST(safetensors_hostile, form_of_an_entry) {
  for (const char* value : {"1", "\"x\"", "null", "true", "[]", "-1", "1.5"})
    EXPECT_NE(problem(std::string("{\"a\":") + value + "}"), "none");
  EXPECT_EQ(problem(R"({"a":{}})"), "tensor 'a': dtype, shape or data_offsets is missing");
  EXPECT_EQ(problem(R"({"a":{"dtype":"F32","shape":[]}})"), "tensor 'a': dtype, shape or data_offsets is missing");
  EXPECT_EQ(problem(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4), "tensor 'a': unknown key 'x'");
  EXPECT_EQ(problem(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
            "tensor 'a': key 'dtype' appears twice");
  EXPECT_EQ(problem(R"({"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}})", 4),
            "tensor 'a': found a number, expected a dtype");
  EXPECT_EQ(problem(R"({"a":{"dtype":"F32","shape":4,"data_offsets":[0,4]}})", 4),
            "tensor 'a': found a number, expected a shape");
  EXPECT_EQ(problem(one("f32", "[1]", "[0,4]"), 4), "tensor 'a': dtype 'f32' is no name");
  EXPECT_EQ(problem(one("", "[1]", "[0,4]"), 4), "tensor 'a': dtype '' is no name");
  EXPECT_EQ(problem(one(std::string(1000, 'F'), "[1]", "[0,4]"), 4),
            "tensor 'a': dtype '" + std::string(60, 'F') + "...' is no name");
}

TEST(safetensors_hostile, duplicates) {
  const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_EQ(problem(R"({"a":)" + entry + R"(,"a":)" + entry + "}", 4), "tensor 'a' appears twice");
  EXPECT_EQ(problem(R"({"a":)" + entry + R"(,"\u0061":)" + entry + "}", 4), "tensor 'a' appears twice");
  EXPECT_EQ(problem(R"({"__metadata__":{},"__metadata__":{}})"), "__metadata__ appears twice");
  EXPECT_EQ(problem(R"({"__metadata__":{"k":"1","k":"1"}})"), "metadata key 'k' appears twice");
}

TEST(safetensors_hostile, metadata) {
  EXPECT_EQ(problem(R"({"__metadata__":{"k":1}})"), "metadata values must be texts, found a number");
  EXPECT_EQ(problem(R"({"__metadata__":{"k":{}}})"), "metadata values must be texts, found an object");
  EXPECT_EQ(problem(R"({"__metadata__":[]})"), "__metadata__ is an array, expected an object");
  EXPECT_EQ(problem(R"({"__metadata__":null})"), "__metadata__ is null, expected an object");
}

TEST(safetensors_hostile, names) {
  const auto named = [](const std::string& name) {
    return R"({")" + name + R"(":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";
  };
  EXPECT_EQ(problem(named("a b/ü"), 4), "none");
  EXPECT_EQ(problem(named(""), 4), "tensor '': a name must not be empty");
  EXPECT_EQ(problem(named("a\\u0000b"), 4), "tensor 'a?b': the name has control characters");
  EXPECT_EQ(problem(named("a\\nb"), 4), "tensor 'a?b': the name has control characters");
  EXPECT_EQ(problem(named(std::string(513, 'n')), 4), "tensor '" + std::string(60, 'n') + "...': the name is too long");
  EXPECT_EQ(problem(named("ab"), 4, {.name_bytes = 1}), "tensor 'ab': the name is too long");
  const std::string two =
      R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]}})";
  EXPECT_EQ(problem(two, 8), "none");
  EXPECT_EQ(problem(two, 8, {.tensors = 1}), "more than 1 tensors");
}

TEST(safetensors_hostile, shapes) {
  EXPECT_EQ(problem(one("F32", "[]", "[0,4]"), 4), "none");
  EXPECT_EQ(problem(one("F32", "[1,1,1,1,1,1,1,1]", "[0,4]"), 4), "none");
  EXPECT_EQ(problem(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4), "tensor 'a': more than 8 axes");
  EXPECT_EQ(parsed(file_of(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4)).error().kind, error_kind::rank_limit);
  EXPECT_EQ(problem(one("F32", "[1,1]", "[0,4]"), 4, {.rank = 1}), "tensor 'a': more than 1 axes");
  EXPECT_EQ(problem(one("F32", "[-1]", "[0,4]"), 4), "tensor 'a': found the number -1, expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[-0]", "[0,0]")), "tensor 'a': found the number 0, expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[1.0]", "[0,4]"), 4), "tensor 'a': found the number '1.0', expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[1e0]", "[0,4]"), 4), "tensor 'a': found the number '1e0', expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[\"1\"]", "[0,4]"), 4), "tensor 'a': found a text, expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[[1]]", "[0,4]"), 4), "tensor 'a': found an array, expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[null]", "[0,4]"), 4), "tensor 'a': found null, expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[9223372036854775808]", "[0,0]")), "tensor 'a': extent 9223372036854775808 is too large");
  EXPECT_EQ(problem(one("F32", "[18446744073709551616]", "[0,0]")),
            "tensor 'a': found the number '18446744073709551616', expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[4611686018427387904]", "[0,0]")), "tensor 'a': shape (4611686018427387904) is too large");
  // Products that are 0 or 4 modulo 2^64.
  EXPECT_EQ(problem(one("F32", "[4294967296,4294967296]", "[0,0]")), "tensor 'a': shape (4294967296,4294967296) is too large");
  EXPECT_EQ(problem(one("F32", "[4611686018427387903,2]", "[0,4]"), 4),
            "tensor 'a': shape (4611686018427387903,2) is too large");
  EXPECT_EQ(problem(one("F32", "[0,4294967296,4294967296]", "[0,0]")),
            "tensor 'a': shape (0,4294967296,4294967296) is too large");
  EXPECT_EQ(problem(one("Q17", "[4294967296,4294967296]", "[0,0]")), "tensor 'a': shape (4294967296,4294967296) is too large");
}

TEST(safetensors_hostile, bytes_of_an_entry) {
  EXPECT_EQ(problem(one("F32", "[2]", "[0,4]"), 4), "tensor 'a': shape (2) of F32 takes 8 bytes, data_offsets give 4");
  EXPECT_EQ(problem(one("F64", "[1]", "[0,4]"), 4), "tensor 'a': shape (1) of F64 takes 8 bytes, data_offsets give 4");
  EXPECT_EQ(problem(one("F16", "[3]", "[0,4]"), 4), "tensor 'a': shape (3) of F16 takes 6 bytes, data_offsets give 4");
  EXPECT_EQ(problem(one("F32", "[0]", "[0,4]"), 4), "tensor 'a': shape (0) of F32 takes 0 bytes, data_offsets give 4");
  EXPECT_EQ(problem(one("F4", "[2]", "[0,1]"), 1), "none");
  EXPECT_EQ(problem(one("F4", "[3]", "[0,1]"), 1), "tensor 'a': shape (3) of F4 takes 1 bytes, data_offsets give 1");
  EXPECT_EQ(problem(one("Q17", "[5]", "[0,4]"), 4), "none");  // known to who asks for it
}

TEST(safetensors_hostile, offsets) {
  EXPECT_EQ(problem(one("F32", "[1]", "[4,0]"), 4), "tensor 'a': data_offsets 4 and 0 are the wrong way round");
  EXPECT_EQ(problem(one("F32", "[1]", "[0]"), 4), "tensor 'a': fewer than 2 data_offsets");
  EXPECT_EQ(problem(one("F32", "[1]", "[]"), 4), "tensor 'a': fewer than 2 data_offsets");
  EXPECT_EQ(problem(one("F32", "[1]", "[0,4,8]"), 4), "tensor 'a': more than 2 data_offsets");
  EXPECT_EQ(problem(one("F32", "[1]", "[-4,0]"), 4), "tensor 'a': found the number -4, expected whole numbers");
  EXPECT_EQ(problem(one("F32", "[1]", "[0,4]"), 0), "tensor 'a': data end at byte 4, the file has 0");
  EXPECT_EQ(problem(one("F32", "[1]", "[9223372036854775808,9223372036854775812]"), 4),
            "tensor 'a': data end at byte 9223372036854775812, the file has 4");
  EXPECT_EQ(problem(one("F32", "[1]", "[18446744073709551612,18446744073709551616]"), 4),
            "tensor 'a': found the number '18446744073709551616', expected whole numbers");
}

TEST(safetensors_hostile, data_are_covered_exactly) {
  const auto two = [](const char* first, const char* second) {
    const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":)";
    return R"({"a":)" + entry + first + R"(},"b":)" + entry + second + "}}";
  };
  EXPECT_EQ(problem(two("[0,4]", "[4,8]"), 8), "none");
  EXPECT_EQ(problem(two("[4,8]", "[0,4]"), 8), "none");
  EXPECT_EQ(problem(two("[0,4]", "[0,4]"), 4), "tensor 'b': data begin at byte 0, an overlap: expected 4");
  EXPECT_EQ(problem(two("[0,4]", "[2,6]"), 6), "tensor 'b': data begin at byte 2, an overlap: expected 4");
  EXPECT_EQ(problem(two("[0,4]", "[8,12]"), 12), "tensor 'b': data begin at byte 8, a hole: expected 4");
  EXPECT_EQ(problem(two("[4,8]", "[8,12]"), 12), "tensor 'a': data begin at byte 4, a hole: expected 0");
  EXPECT_EQ(problem(two("[0,4]", "[4,8]"), 9), "the file has 9 bytes of data, its tensors 8");
  EXPECT_EQ(problem("{}", 1), "the file has 1 bytes of data, its tensors 0");
}

TEST(safetensors_hostile, damaged_headers_give_an_answer) {
  const scratch_folder folder;
  ASSERT_TRUE(write_tensors(folder / "m", sample_content()));
  const std::string whole = content_of(folder / "m");
  int accepted = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    for (std::uint64_t edit = 0; edit <= i % 3; ++edit) {
      const std::uint64_t draw = mix(mix(i) + edit);
      damaged[draw % damaged.size()] = static_cast<char>(draw >> 56);
    }
    const auto content = parsed(damaged);
    if (!content) continue;
    ++accepted;
    for (const auto& entry : content->tensors) {
      const auto values = content->get<float>(entry.first);
      if (values) {
        EXPECT_EQ(values->size() * 4, static_cast<int64_t>(entry.second.bytes().size()));
      }
    }
  }
  EXPECT_GT(accepted, 0);  // damage to data or names is not seen
}

// ---- writing
// -----------------------------------------------------------------------------------------------------------------

TEST(safetensors, writes_only_what_it_would_read) {
  const scratch_folder folder;
  const std::string path = folder / "m";
  const auto written = [&](const std::string& name, const stored_tensor& stored,
                           std::map<std::string, std::string> metadata = {}) {
    const auto outcome = write_tensors(path, {.tensors = {{name, stored}}, .metadata = std::move(metadata)});
    return outcome ? "none" : outcome.error().message.substr(path.size() + 2);
  };
  const tensor<float> x({2});
  EXPECT_EQ(written("", x), "tensor '': a name must not be empty");
  EXPECT_EQ(written("__metadata__", x), "tensor '__metadata__': the name is reserved");
  EXPECT_EQ(written("a\n", x), "tensor 'a?': the name has control characters");
  EXPECT_EQ(written("a\xff", x), "a name or a text of the metadata is not UTF-8");
  EXPECT_EQ(written("a", x, {{"k", "\xff"}}), "a name or a text of the metadata is not UTF-8");
  EXPECT_EQ(written("a", stored_tensor("F32", {3}, bytes_of("12345678"), nullptr)),
            "tensor 'a': shape (3) of F32 takes 12 bytes, data_offsets give 8");
  EXPECT_EQ(folder.files(), 0U);
  EXPECT_EQ(written("a", x), "none");
}

TEST(safetensors, failing_write_leaves_the_old_file) {
  const scratch_folder folder;
  const std::string path = folder.put("m", "old");
  EXPECT_FALSE(write_tensors(path, {.tensors = {{"", tensor<float>({2})}}, .metadata = {}}));
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(write_tensors("/dev/full", {}).error(), (error{error_kind::io, "/dev/full: not a regular file"}));
  EXPECT_EQ(folder.files(), 1U);
}

}  // namespace
