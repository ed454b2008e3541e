#include <axiograd/core/random.hpp>
#include <axiograd/io/gzip.hpp>
#include <axiograd/io/scratch.test.hpp>

using namespace axiograd;
using namespace axiograd::io;

namespace {

constexpr std::uint64_t plenty = std::uint64_t{1} << 40;

TEST(gunzip, a_bomb_is_refused_by_its_growth) {
  const std::string bomb = gzipped(std::string(std::size_t{1} << 26, '\0'));  // grows by a factor of 1,027
  const auto content = gunzip("bomb", bytes_of(bomb), plenty);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error(),
            (error{error_kind::invalid_file, "bomb: gzip data of " + std::to_string(bomb.size()) + " bytes grow to more than " +
                                                 std::to_string(100 * bomb.size()) + ", the most that is decompressed"}));
  std::string members;  // as many small ones
  for (int i = 0; i < 200; ++i) members += gzipped(std::string(1 << 18, '7'));
  EXPECT_EQ(gunzip("bomb", bytes_of(members), plenty).error().kind, error_kind::invalid_file);
}

TEST(gunzip, small_data_may_grow_and_large_data_a_hundredfold) {
  const std::string all(std::size_t{free_gzip_bytes}, 'x');
  EXPECT_EQ(gunzip("a", bytes_of(gzipped(all)), plenty)->size(), all.size());
  EXPECT_EQ(gunzip("a", bytes_of(gzipped(all + "x")), plenty).error().kind, error_kind::invalid_file);
  std::string table;  // a fortieth
  while (table.size() < 5'000'000) table += std::to_string(mix(table.size()) % 1000) + std::string(200, '0') + "\n";
  const std::string packed = gzipped(table);
  EXPECT_GT(table.size(), 20 * packed.size());
  EXPECT_EQ(gunzip("a", bytes_of(packed), plenty)->size(), table.size());
  EXPECT_EQ(gunzip("a", bytes_of(packed), table.size() - 1).error(),
            (error{error_kind::io, "a: more than " + std::to_string(table.size() - 1) + " bytes"}));
}

}  // namespace
