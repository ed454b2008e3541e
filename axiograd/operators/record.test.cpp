// Operators by name, and what their records say of attributes and inputs.

#include <algorithm>
#include <axiograd/operators/attributes.hpp>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace axiograd {
namespace {

std::string default_of(const char* op, std::string_view attribute) {
  const op_record* const record = find_record(op);
  if (record == nullptr) return "no operator";
  for (const attribute_record& a : record->attributes)
    if (a.name == attribute) return a.required ? "required" : to_text(get_attribute(a, record->defaults.data()));
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

TEST(record, has_defaults_beside_required_attributes) {
  EXPECT_EQ(default_of("conv2d", "stride"), "(1,1)");
  EXPECT_EQ(default_of("conv2d", "groups"), "1");
  EXPECT_EQ(default_of("batch_norm", "epsilon"), "1e-05");
  EXPECT_EQ(default_of("rotary", "interleaved"), "false");
  EXPECT_EQ(default_of("mse_loss", "reduction"), "mean");
  EXPECT_EQ(default_of("avg_pool2d", "kernel"), "required");
  EXPECT_EQ(default_of("avg_pool2d", "stride"), "(0,0)");
  EXPECT_EQ(default_of("slice", "step"), "1");
  EXPECT_EQ(default_of("group_norm", "epsilon"), "1e-05");
  EXPECT_EQ(default_of("broadcast_to", "axes"), "()");
  EXPECT_EQ(default_of("smooth_max_pool", "beta"), "required");
  EXPECT_EQ(default_of("smooth_max_pool", "padding"), "()");
  EXPECT_EQ(default_of("variance", "correction"), "1");
  EXPECT_EQ(default_of("masked_multi_head_attention", "causal"), "false");
  EXPECT_EQ(default_of("conv2d", "none"), "no attribute");
}

TEST(record, names_every_input_once_and_one_of_them_carries_the_batch) {
  for (const op_record* const r : all_records()) {
    SCOPED_TRACE(r->info.name.s);
    ASSERT_EQ(r->inputs.size(), static_cast<std::size_t>(r->in.tensors + r->in.side));
    std::set<std::string> names;
    int batch = 0;
    for (std::size_t k = 0; k < r->inputs.size(); ++k) {
      const input_record& i = r->inputs[k];
      EXPECT_TRUE(!i.name.empty() && i.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos) << i.name;
      names.insert(i.name);
      batch += i.batch;
      EXPECT_EQ(i.index, k >= static_cast<std::size_t>(r->in.tensors));
      EXPECT_EQ(i.optional, static_cast<int>(k) == r->in.optional);
      EXPECT_FALSE(i.batch && (i.optional || i.index)) << i.name;
    }
    EXPECT_EQ(names.size(), r->inputs.size());
    EXPECT_EQ(batch, 1);
  }
  const auto carrier = [](const char* op) {
    const auto inputs = find_record(op)->inputs;
    return std::find_if(inputs.begin(), inputs.end(), [](const auto& i) { return i.batch; })->name;
  };
  EXPECT_EQ(carrier("linear"), "x");
  EXPECT_EQ(carrier("conv2d"), "x");
  EXPECT_EQ(carrier("layer_norm"), "x");
  EXPECT_EQ(carrier("multi_head_attention"), "x");
  EXPECT_EQ(carrier("scaled_dot_product_attention"), "query");
}

}  // namespace
}  // namespace axiograd
