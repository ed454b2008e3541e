#include <gtest/gtest.h>

#include <axiograd/core/random.hpp>
#include <axiograd/io/scratch.test.hpp>
#include <axiograd/train/report.hpp>
#include <axiograd/train/svg.hpp>
#include <bit>
#include <cmath>
#include <limits>
#include <regex>

using namespace axiograd;
using namespace axiograd::train;

namespace {

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

/// Whether tags close in the order in which they open.
bool well_formed(const std::string& html) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z0-9]+)[^>]*?(/?)>");
  for (std::sregex_iterator i(html.begin(), html.end(), tag), end; i != end; ++i) {
    const std::string name = (*i)[2];
    if (name == "meta" || name == "br" || (*i)[3] == "/") continue;
    if ((*i)[1] != "/") {
      open.push_back(name);
    } else {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
    }
  }
  return open.empty();
}

training_report example() {
  io::dataset test{.inputs = tensor<float>::full({3, 1, 2, 2}, 0.5F),
                   .labels = index_tensor::from({3}, {0, 1, 1}),
                   .class_names = {"<a>", "b"}};
  const auto logits = tensor<float>::from({3, 2}, {1, 0, 0, 1, 2, 0});
  return {.title = "A & B",
          .facts = {{"seed", "7"}, {"file", "<x>"}},
          .history = {{1, 0.5, 1.1, 0.6, 0.5}, {0.5, 0.75, 0.8, 2.0 / 3, 0.25}},
          .test = score_of(logits, test.labels),
          .test_set = test};
}

TEST(report, holds_everything_and_nothing_from_outside) {
  const std::string html = report_html(example());
  EXPECT_TRUE(well_formed(html));
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  EXPECT_EQ(times(html, "http"), 0u);
  EXPECT_EQ(times(html, "<script"), 0u);
  EXPECT_EQ(times(html, "<polyline"), 4u);
  EXPECT_EQ(times(html, "<figure>"), 1u);  // the mistake
  EXPECT_NE(html.find("A &amp; B"), std::string::npos);
  EXPECT_NE(html.find("&lt;x&gt;"), std::string::npos);
  EXPECT_NE(html.find("a b, read as <b>&lt;a&gt;</b> (88.1 %)"), std::string::npos);
  EXPECT_NE(html.find("2 of 3"), std::string::npos);
  EXPECT_NE(html.find("0.8 s"), std::string::npos);  // 0.5 + 0.25 s
}

TEST(report, without_mistakes_or_epochs) {
  training_report r = example();
  r.history.clear();
  r.test = score_of(tensor<float>::from({3, 2}, {1, 0, 0, 1, 0, 1}), r.test_set.labels);
  const std::string html = report_html(r);
  EXPECT_TRUE(well_formed(html));
  EXPECT_NE(html.find("every test image was classified correctly"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(svg, charts_of_any_values) {
  for (const std::vector<double>& values :
       {std::vector<double>{}, {1.0}, {0, 0, 0}, {1, 1}, {1e-9, 2e-9}, {1e6, 1, 0.5}, {0.98, 0.99, 1}})
    for (const bool percentages : {false, true}) {
      const std::string svg =
          chart_svg({.title = "t", .curves = {{"a", "red", values}, {"b", "blue", values}}, .percentages = percentages});
      EXPECT_TRUE(well_formed(svg));
      EXPECT_EQ(svg.find("nan"), std::string::npos);
      EXPECT_EQ(svg.find("inf"), std::string::npos);
      EXPECT_EQ(times(svg, "<circle"), 2 * values.size());
      EXPECT_LT(times(svg, "<line"), 20u);
    }
}

/// A chart of two curves with these values; its size says that no axis ran away.
void expect_chart(const std::vector<double>& values, bool percentages) {
  const std::string svg =
      chart_svg({.title = "t", .curves = {{"a", "red", values}, {"b", "blue", values}}, .percentages = percentages});
  ASSERT_TRUE(well_formed(svg));
  ASSERT_EQ(svg.find("nan"), std::string::npos);
  ASSERT_EQ(svg.find("inf"), std::string::npos);
  ASSERT_EQ(times(svg, "<circle"), 2 * values.size());
  const std::size_t lines = times(svg, "<line");
  ASSERT_GE(lines, 2u);
  ASSERT_LE(lines, 13u);
  ASSERT_LT(svg.size(), 3000 + 600 * values.size() + 200 * lines);
  const std::regex place("(?:cy|y1)=\"([^\"]*)\"");
  for (std::sregex_iterator i(svg.begin(), svg.end(), place), end; i != end; ++i) {
    const double y = std::stod((*i)[1]);
    ASSERT_GE(y, 33.9);
    ASSERT_LE(y, 254.1);
  }
}

TEST(svg, charts_of_values_at_the_borders_of_doubles) {
  constexpr double tiny = std::numeric_limits<double>::denorm_min(), huge = std::numeric_limits<double>::max();
  for (const std::vector<double>& values : {std::vector<double>{0.9999999999999999},
                                            {0.9999999999999999, 1},
                                            {1 - 1e-12, 1},
                                            {1e308},
                                            {-1e308, 1e308},
                                            {huge, -huge},
                                            {tiny},
                                            {-tiny, tiny},
                                            {0, -0.0},
                                            {1e-310, 2e-310},
                                            {-1},
                                            {-huge},
                                            {1e300, 1e300 * (1 + 1e-15)},
                                            {3.3e-13},
                                            {1e16, 1e16 + 2},
                                            {0.5, huge},
                                            {2, 2.0000000000000004},
                                            {-1e-320, 1}})
    for (const bool percentages : {false, true}) {
      SCOPED_TRACE(testing::PrintToString(values) + (percentages ? " %" : ""));
      ASSERT_NO_FATAL_FAILURE(expect_chart(values, percentages));
    }
}

TEST(svg, charts_of_random_bits) {
  constexpr std::uint64_t start = 20261130;
  std::uint64_t drawn = start;
  const auto next = [&] { return mix(++drawn); };
  for (int round = 0; round < 3000; ++round) {
    std::vector<double> values(1 + next() % 4);
    const std::uint64_t common = next(), differ = next() % 64;  // neighbours that share their first bits
    for (double& v : values) {
      const std::uint64_t bits = common ^ (next() >> differ);
      v = std::bit_cast<double>(bits);
      if (!std::isfinite(v)) v = std::bit_cast<double>(bits ^ (std::uint64_t{1} << 62));
    }
    SCOPED_TRACE(testing::PrintToString(values) + ", seed " + std::to_string(start));
    ASSERT_NO_FATAL_FAILURE(expect_chart(values, round % 2 == 1));
  }
}

TEST(svg, what_is_no_finite_number_is_refused) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    EXPECT_THROW(chart_svg({.title = "t", .curves = {{"a", "red", {1, bad}}}}), failure);
    training_report r = example();
    r.history[1].test_loss = bad;
    EXPECT_THROW(report_html(r), failure);
  }
  EXPECT_EQ(io::message_of([] { chart_svg({.title = "Loss", .curves = {{"test", "red", {1, std::nan("")}}}}); }),
            "chart 'Loss': 'test' of epoch 2 is nan, expected a finite number");
}

TEST(svg, images_as_cells) {
  const std::vector<float> pixels{0, 1, 0.25F, 7, -1, std::nanf("")};
  const std::string svg = image_svg(pixels, 3);
  EXPECT_TRUE(well_formed(svg));
  EXPECT_EQ(times(svg, "<rect"), 3u);
  EXPECT_NE(svg.find("viewBox=\"0 0 3 2\""), std::string::npos);
}

}  // namespace
