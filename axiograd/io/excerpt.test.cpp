#include <axiograd/io/excerpt.hpp>
#include <gtest/gtest.h>

namespace axiograd::io {
namespace {

TEST(excerpt, shows_printable_ascii_and_where_it_was_cut) {
  EXPECT_EQ(excerpt(""), "''");
  EXPECT_EQ(excerpt("a b~"), "'a b~'");
  EXPECT_EQ(excerpt("\x1f \x7e\x7f\x80\xff\n\t"),
            "'? ~????"
            "?'");
  EXPECT_EQ(excerpt("12345", 5), "'12345'");
  EXPECT_EQ(excerpt("123456", 5), "'12345...'");
  EXPECT_EQ(excerpt(std::string(61, 'x')), "'" + std::string(60, 'x') + "...'");
}

}  // namespace
}  // namespace axiograd::io
