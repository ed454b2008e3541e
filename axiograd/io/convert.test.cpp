#include <axiograd/io/nearest.hpp>
#include <axiograd/io/safetensors.hpp>
#include <axiograd/io/scratch.test.hpp>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>

using namespace axiograd;
using namespace axiograd::io;

namespace {

/// A file of one tensor "t" with these entries.
template <class Bits>
tensor_file of(const char* dtype, const std::vector<Bits>& entries) {
  const auto kept = std::make_shared<std::vector<Bits>>(entries);
  tensor_file file;
  file.tensors.emplace("t",
                       stored_tensor(dtype, {static_cast<int64_t>(entries.size())}, std::as_bytes(std::span(*kept)), kept));
  return file;
}
using halves = std::vector<std::uint16_t>;

std::vector<std::uint16_t> all_halves() {
  halves all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  return all;
}

/// The definition: sign, 5 bits of exponent with bias 15, 10 of fraction.
double half_by_definition(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31U);
  const double fraction = (bits & 1023U) / 1024.0, sign = (bits >> 15U) != 0 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : std::nan("");
  return sign * (exponent == 0 ? fraction * 0x1p-14 : (1 + fraction) * std::pow(2.0, exponent - 15));
}

TEST(convert, every_half_precision_number) {
  const tensor<float> floats = ok_or_throw(of("F16", all_halves()).convert<float>("t"));
  const tensor<double> doubles = ok_or_throw(of("F16", all_halves()).convert<double>("t"));
  for (unsigned i = 0; i < 1U << 16U; ++i) {
    const double expected = half_by_definition(i);
    for (const double x : {static_cast<double>(floats[i]), doubles[i]}) {
      if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(x));
      else
        EXPECT_TRUE(x == expected && std::signbit(x) == std::signbit(expected)) << i;
    }
  }
}

TEST(convert, every_bfloat_is_the_upper_half_of_a_float) {
  const tensor<float> floats = ok_or_throw(of("BF16", all_halves()).convert<float>("t"));
  for (std::uint32_t i = 0; i < 1U << 16U; ++i) EXPECT_EQ(std::bit_cast<std::uint32_t>(floats[i]) >> 16U, i);
}

TEST(convert, doubles_round_to_nearest_and_do_not_overflow) {
  const double inf = HUGE_VAL;
  const std::vector<double> entries{0.1, 1 + 0x1p-24, 1 + 0x1.8p-24, 1e-300, -inf, 0x1.fffffep127};
  const tensor<float> floats = ok_or_throw(of("F64", entries).convert<float>("t"));
  EXPECT_EQ(floats.to_vector(), (std::vector<float>{0.1F, 1, 1 + 0x1p-23F, 0, -HUGE_VALF, 0x1.fffffep127F}));
  EXPECT_TRUE(std::isnan(ok_or_throw(of("F64", std::vector{std::nan("")}).convert<float>("t"))[0]));
  EXPECT_EQ(of("F64", std::vector{1.0, 1e39}).convert<float>("t").error().message.find("tensor 't': entry 1, "), 0U);
}

TEST(convert, whole_numbers) {
  const auto whole = []<class Bits>(const char* dtype, const std::vector<Bits>& entries) {
    return of(dtype, entries).template convert<int64_t>("t");
  };
  EXPECT_EQ(whole("I8", std::vector<std::int8_t>{-128, 127})->to_vector(), (std::vector<int64_t>{-128, 127}));
  EXPECT_EQ(whole("U8", std::vector<std::uint8_t>{255})->to_vector(), (std::vector<int64_t>{255}));
  EXPECT_EQ(whole("I32", std::vector<std::int32_t>{-7})->to_vector(), (std::vector<int64_t>{-7}));
  EXPECT_EQ(whole("U32", std::vector<std::uint32_t>{~0U})->to_vector(), (std::vector<int64_t>{4294967295}));
  EXPECT_EQ(whole("F16", halves{0x3C00, 0xC000})->to_vector(), (std::vector<int64_t>{1, -2}));
  EXPECT_EQ(whole("F32", std::vector<float>{3, -4})->to_vector(), (std::vector<int64_t>{3, -4}));
  for (const double x : {0.5, 1e17, HUGE_VAL, std::nan("")}) EXPECT_FALSE(whole("F64", std::vector{x})) << x;
  EXPECT_FALSE(whole("U64", std::vector<std::uint64_t>{~std::uint64_t{0}}));
}

TEST(convert, what_cannot_be_is_refused_by_name) {
  EXPECT_EQ(of("I64", std::vector<int64_t>{1}).convert<float>("t").error().message, "tensor 't': dtype I64, expected F32");
  EXPECT_EQ(of("BOOL", std::vector<char>{1}).convert<int64_t>("t").error().message, "tensor 't': dtype BOOL, expected I64");
  EXPECT_EQ(tensor_file{}.convert<float>("t").error().message, "there is no tensor 't'");
  tensor_file odd;
  odd.tensors.emplace("t", stored_tensor("F16", {3}, bytes_of("12345"), {}));
  EXPECT_EQ(odd.convert<float>("t").error().message, "tensor 't': 5 bytes do not fit shape (3)");
}

TEST(nearest, fewest_changes_and_nothing_if_all_are_far) {
  EXPECT_EQ(nearest("0.wieght", {"0.bias", "0.weight", "1.weight"}), "0.weight");
  EXPECT_EQ(nearest("a", {"b"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest("ab", {"ac", "ad"}), "ac");
  EXPECT_EQ(nearest("name", {}), "");
  EXPECT_EQ(nearest(std::string(5000, 'x'), {std::string(4000, 'x')}), std::string(4000, 'x'));
}

}  // namespace
