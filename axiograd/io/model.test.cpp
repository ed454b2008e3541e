#include <axiograd/io/model.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <vector>

using namespace axiograd;
using namespace axiograd::io;

namespace {

/// The least that can be saved.
struct stand_in {
  struct parameter {
    std::shared_ptr<tensor<float>> values;
    const tensor<float>& value() const { return *values; }
    void set(const tensor<float>& x) { *values = x; }
  };
  struct named {
    std::string name;
    parameter value;
  };
  std::vector<named> list;

  stand_in(std::initializer_list<std::pair<const char*, tensor<float>>> parameters) {
    for (const auto& [name, x] : parameters) list.push_back({name, {std::make_shared<tensor<float>>(x)}});
  }
  std::vector<named> parameters() const { return list; }
  const tensor<float>& operator[](std::size_t i) const { return list[i].value.value(); }
};

const tensor<float> weight = tensor<float>::from({2, 2}, {1, 2, 3, 4}), bias = tensor<float>::from({2}, {5, 6});

TEST(model, save_and_load) {
  const scratch_folder folder;
  save(folder / "m", stand_in{{"0.weight", weight}, {"0.bias", bias}}, {{"made by", "test"}});
  stand_in other{{"0.weight", tensor<float>({2, 2})}, {"0.bias", tensor<float>({2})}};
  EXPECT_EQ(load(folder / "m", other), (texts{{"made by", "test"}}));
  EXPECT_EQ(other[0], weight);
  EXPECT_EQ(other[1], bias);
}

TEST(model, a_file_that_does_not_fit_changes_nothing) {
  const scratch_folder folder;
  const std::string path = folder / "m";
  const tensor<float> zeros({2, 2});
  stand_in other{{"0.weight", zeros}, {"0.bias", tensor<float>({2})}};
  const auto problem = [&](const stand_in& saved) {
    save(path, saved);
    const std::string message = message_of([&] { load(path, other); });
    EXPECT_EQ(other[0], zeros);
    return message.substr(path.size() + 2);
  };
  EXPECT_EQ(problem({{"0.weight", weight}}), "there is no tensor '0.bias'");
  EXPECT_EQ(problem({{"0.weight", weight}, {"0.bias", weight}}), "tensor '0.bias' has shape (2,2), the model expects (2)");
  EXPECT_EQ(problem({{"0.weight", weight}, {"0.bias", bias}, {"1.bias", bias}}), "the model has no parameter '1.bias'");
  ok_or_throw(write_tensors(path, {.tensors = {{"0.weight", weight}, {"0.bias", index_tensor({2})}}, .metadata = {}}));
  EXPECT_EQ(message_of([&] { load(path, other); }), path + ": tensor '0.bias': dtype I64, expected F32");
}

TEST(model, names_that_do_not_fit_are_all_listed_with_the_nearest) {
  const scratch_folder folder;
  const std::string path = folder / "m";
  stand_in model{{"features.0.weight", weight}, {"features.0.bias", bias}, {"classifier.bias", bias}};
  save(path, stand_in{{"feature.0.weight", weight}, {"features.0.bias", bias}, {"x", bias}, {"module.classifier.bias", bias}});
  EXPECT_EQ(message_of([&] { load(path, model); }),
            path +
                ": there is no tensor 'classifier.bias' (nearest: 'module.classifier.bias'), 'features.0.weight' (nearest: "
                "'feature.0.weight'); the model has no parameter 'feature.0.weight' (nearest: 'features.0.weight'), "
                "'module.classifier.bias' (nearest: 'classifier.bias'), 'x'");
  stand_in many{};
  for (int i = 0; i < 25; ++i) many.list.push_back({"p" + std::to_string(10 + i), {std::make_shared<tensor<float>>(bias)}});
  save(path, many);
  stand_in none{};
  EXPECT_NE(message_of([&] { load(path, none); }).find("'p19' and 15 more"), std::string::npos);
}

TEST(model, not_strict_leaves_the_others_alone_and_says_which) {
  const scratch_folder folder;
  const std::string path = folder / "m";
  save(path, stand_in{{"0.weight", weight}, {"more", bias}});
  const tensor<float> before = tensor<float>::from({2}, {8, 9});
  stand_in model{{"0.weight", tensor<float>({2, 2})}, {"0.bias", before}};
  std::vector<std::string> skipped;
  load(path, model, {.strict = false, .skipped = &skipped});
  EXPECT_EQ(model[0], weight);
  EXPECT_EQ(model[1], before);
  EXPECT_EQ(skipped, (std::vector<std::string>{"0.bias", "more"}));
  stand_in wrong{{"0.weight", tensor<float>({3, 2})}};  // a shape is no name
  EXPECT_EQ(message_of([&] { load(path, wrong, {.strict = false}); }),
            path + ": tensor '0.weight' has shape (2,2), the model expects (3,2)");
}

TEST(model, other_dtypes_are_converted_unless_exact) {
  const scratch_folder folder;
  const std::string path = folder / "m";
  const auto doubles = tensor<double>::from({2}, {0.1, -3});
  ok_or_throw(write_tensors(path, {.tensors = {{"a", doubles}}, .metadata = {}}));
  stand_in model{{"a", bias}};
  load(path, model);
  EXPECT_EQ(model[0], tensor<float>::from({2}, {0.1F, -3}));
  EXPECT_EQ(message_of([&] { load(path, model, {.exact = true}); }), path + ": tensor 'a': dtype F64, expected F32");
  ok_or_throw(write_tensors(path, {.tensors = {{"a", tensor<double>::from({2}, {0, 1e300})}}, .metadata = {}}));
  EXPECT_EQ(message_of([&] { load(path, model); }).find(path + ": tensor 'a': entry 1, "), 0U);
  EXPECT_EQ(model[0], tensor<float>::from({2}, {0.1F, -3}));
}

TEST(model, limits_are_those_of_the_options) {
  const scratch_folder folder;
  save(folder / "m", stand_in{{"a", bias}});
  stand_in model{{"a", bias}};
  EXPECT_NE(message_of([&] { load(folder / "m", model, {.limits = {.file_bytes = 8}}); }), "no failure");
}

TEST(model, two_parameters_of_one_name) {
  const scratch_folder folder;
  EXPECT_EQ(message_of([&] { save(folder / "m", stand_in{{"a", weight}, {"a", bias}}); }),
            (folder / "m") + ": two parameters are named a");
  EXPECT_EQ(folder.files(), 0U);
}

}  // namespace
