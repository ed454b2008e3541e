// Shapes that no tensor has: more axes than there is room for, negative extents, more entries than can be counted.

#include <axiograd/core/tensor.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

template <class F>
std::string thrown(const F& f) {
  try {
    f();
  } catch (const failure& e) {
    return std::string(to_string(e.kind())) + ": " + e.what();
  }
  return "nothing";
}

TEST(Shapes, ANinthAxisIsAFailure) {
  const std::string expected = "rank_limit: shape: more than 8 axes";
  shape full{1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(thrown([&] { full.append(9); }), expected);
  EXPECT_EQ(full, (shape{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(thrown([] { (void)shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; }), expected);
  EXPECT_EQ(thrown([&] { (void)concat(full, shape{1}); }), expected);
  EXPECT_EQ(thrown([] { (void)tensor<float>::zeros({1, 1, 1, 1, 1, 1, 1, 1, 1}); }), expected);
}

TEST(Shapes, NegativeExtentsHaveNoEntries) {
  for (const shape& s : {shape{-2, -3}, shape{-2, 3}, shape{2, -3}, shape{-1}, shape{0, -1}, shape{-1, 0}, shape{any, 784},
                         shape{INT64_MIN}, shape{INT64_MIN, INT64_MIN}, shape{1, 2, -4, 0}}) {
    EXPECT_TRUE(s.has_negative_extent());
    EXPECT_FALSE(s.well_formed());
    EXPECT_EQ(s.size(), shape::overflow) << to_string(s);
    const auto refused = [&](const std::string& what) {
      EXPECT_TRUE(what.starts_with("invalid_parameter: tensor: extent -")) << what;
      EXPECT_NE(what.find("is negative, shape ("), std::string::npos) << what;
    };
    refused(thrown([&] { tensor<float> x(s); }));
    refused(thrown([&] { tensor<double>::zeros(s); }));
    refused(thrown([&] { tensor<float>::full(s, 1); }));
    refused(thrown([&] { tensor<float>::uninitialised(s); }));
    refused(thrown([&] { tensor<float>::from(s, {1, 2, 3, 4, 5, 6}); }));
    refused(thrown([&] { tensor<float>::from(s, std::vector<float>{}); }));
    refused(thrown([&] { index_tensor x(s); }));
    refused(thrown([&] { tensor<float>::zeros({6}).reshaped(s); }));
    refused(thrown([&] { tensor<float>::zeros({0}).reshaped(s); }));
  }
  EXPECT_FALSE((shape{0, 3}).has_negative_extent());
  EXPECT_FALSE(shape{}.has_negative_extent());
}

TEST(Shapes, SizesOfShapesWithoutEntriesAndOfLargeOnes) {
  constexpr int64_t huge = int64_t{1} << 40;
  EXPECT_EQ(shape{}.size(), 1);
  EXPECT_EQ((shape{huge, 0, huge}).size(), 0);
  EXPECT_EQ((shape{huge, huge, 0}).size(), 0);
  EXPECT_EQ((shape{huge, huge}).size(), shape::overflow);
  EXPECT_EQ((shape{shape::overflow}).size(), shape::overflow);
  EXPECT_EQ((shape{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}).size(), shape::overflow);
  EXPECT_EQ(tensor<float>({huge, 0, huge}).size(), 0);
  EXPECT_EQ(thrown([] { tensor<float> x({huge, huge}); }),
            "out_of_memory: tensor: shape (1099511627776,1099511627776) is too large");
  static_assert(shape{4, 0}.size() == 0 && shape{any, 2}.has_negative_extent());
}

}  // namespace
}  // namespace axiograd
