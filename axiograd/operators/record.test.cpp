// Operators by name, and their attributes as text.

#include <algorithm>
#include <axiograd/operators/record.hpp>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace axiograd {
namespace {

std::string default_of(const char* op, std::string_view attribute) {
  const op_record* const record = find_record(op);
  if (record == nullptr) return "no operator";
  for (const attribute_record& a : record->attributes)
    if (a.name == attribute) return a.default_value == nullptr ? "required" : a.default_value;
  return "no attribute";
}

TEST(record, is_found_by_its_whole_name_and_by_no_other) {
  std::set<std::string> names;
  for (const op_record* const r : all_records()) {
    EXPECT_EQ(find_record(r->info.name.s), r);
    EXPECT_EQ(find_record((std::string(r->info.name.s) + "_").c_str()), nullptr);
    names.insert(r->info.name.s);
  }
  EXPECT_EQ(names.size(), all_records().size());
  EXPECT_GT(names.size(), 100u);
  EXPECT_EQ(find_record(""), nullptr);
  EXPECT_EQ(find_record("soft"), nullptr);
}

TEST(record, shows_defaults_as_they_are_written) {
  EXPECT_EQ(default_of("conv2d", "stride"), "1,1");
  EXPECT_EQ(default_of("conv2d", "padding"), "0,0");
  EXPECT_EQ(default_of("conv2d", "groups"), "1");
  EXPECT_EQ(default_of("batch_norm", "epsilon"), "1e-05");
  EXPECT_EQ(default_of("conv2d", "none"), "no attribute");
  for (const op_record* const r : all_records())
    for (const attribute_record& a : r->attributes) {
      EXPECT_FALSE(std::string_view(a.name).empty()) << r->info.name.s;
      if (a.default_value != nullptr) {
        EXPECT_NE(std::string_view(a.default_value), "") << r->info.name.s << ": " << a.name;
      }
    }
}

}  // namespace
}  // namespace axiograd
