// Where charts and tables draw what: positions by the scale that their own labels show.

#include <gtest/gtest.h>

#include <axiograd/train/report.hpp>
#include <axiograd/train/svg.hpp>
#include <cmath>
#include <map>
#include <regex>

using namespace axiograd;
using namespace axiograd::train;

namespace {

using found = std::vector<std::smatch>;
struct matches {
  std::string text;
  found all;
  matches(std::string in, const std::string& pattern) : text(std::move(in)) {
    const std::regex r(pattern);
    for (std::sregex_iterator i(text.begin(), text.end(), r), end; i != end; ++i) all.push_back(*i);
  }
};
double number(const std::ssub_match& m) { return std::stod(m.str()); }

/// The labels of the value axis: value, position.
std::vector<std::pair<double, double>> ticks(const std::string& svg) {
  std::vector<std::pair<double, double>> list;
  for (const auto& m : matches(svg, R"re(<text x="50.0" y="([0-9.]+)" text-anchor="end">(-?[0-9.]+)( %)?</text>)re").all)
    list.emplace_back(number(m[2]) / (m[3].matched ? 100 : 1), number(m[1]) - 4);
  return list;
}
std::vector<std::pair<double, double>> circles(const std::string& svg) {
  std::vector<std::pair<double, double>> list;
  for (const auto& m : matches(svg, R"re(<circle cx="([0-9.]+)" cy="([0-9.]+)")re").all)
    list.emplace_back(number(m[1]), number(m[2]));
  return list;
}

TEST(chart, points_lie_where_the_labels_of_the_axes_say) {
  const std::vector<std::vector<double>> series{
      {1.1, 0.8, 0.2}, {0.013, 0.07, 0.04}, {-3, 4, 1}, {250, 900, 100}, {0.62, 0.9, 0.97}};
  for (const auto& values : series)
    for (const bool percentages : {false, true}) {
      if (percentages && (values[0] < 0 || values[1] > 1)) continue;
      const std::string svg =
          chart_svg({.title = "t", .curves = {{"a", "red", values}, {"b", "blue", {values[1]}}}, .percentages = percentages});
      const auto marks = ticks(svg);
      ASSERT_GE(marks.size(), 4u) << svg;
      EXPECT_LE(marks.size(), 12u);
      const auto [low, at_low] = marks.front();
      const auto [high, at_high] = marks.back();
      ASSERT_LT(low, high);
      EXPECT_NEAR(at_low, 254, 0.06);  // the axis fills the height, and is not much longer than the values
      EXPECT_NEAR(at_high, 34, 0.06);
      const double least = std::min(percentages ? 1 : 0.0, *std::min_element(values.begin(), values.end()));
      const double most = std::max(percentages ? 1 : 0.0, *std::max_element(values.begin(), values.end()));
      EXPECT_LE(low, least + 1e-9);
      EXPECT_GE(high, most - 1e-9);
      EXPECT_LE(high - low, 1.5 * (most - least)) << values[0];
      for (std::size_t i = 1; i < marks.size(); ++i)
        EXPECT_NEAR(marks[i].second, at_low + (marks[i].first - low) / (high - low) * (at_high - at_low), 0.11)
            << "label " << i;
      const auto points = circles(svg);
      ASSERT_EQ(points.size(), 4u);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(points[i].second, at_low + (values[i] - low) / (high - low) * (at_high - at_low), 0.11);
        EXPECT_NEAR(points[i].first, 58 + static_cast<double>(i) / 2 * (520 - 84 - 58), 0.06);
      }
      for (int epoch = 1; epoch <= 3; ++epoch)
        EXPECT_NE(svg.find("text-anchor=\"middle\">" + std::to_string(epoch) + "</text>"), std::string::npos);
    }
}

TEST(chart, a_label_of_zero_is_zero_and_an_epoch_has_its_number_below_it) {
  const std::string svg = chart_svg({.title = "t", .curves = {{"a", "red", {-1, 1, 0.5, 0.25}}}});
  int zeros = 0;
  for (const auto& [value, at] : ticks(svg)) zeros += value == 0 ? 1 : 0;
  EXPECT_EQ(zeros, 1);
  EXPECT_EQ(svg.find("-0.0<"), std::string::npos);
  const auto points = circles(svg);
  const matches labels(svg, R"re(<text x="([0-9.]+)" y="272.0" text-anchor="middle">([0-9]+)</text>)re");
  EXPECT_EQ(labels.all.size(), 4u);
  for (const auto& m : labels.all) EXPECT_NEAR(number(m[1]), points[static_cast<std::size_t>(std::stoi(m[2])) - 1].first, 0.06);
}

TEST(chart, names_stand_at_the_ends_of_their_lines_and_do_not_touch) {
  const std::string apart =
      chart_svg({.title = "t", .curves = {{"up", "red", {0, 1}}, {"down", "blue", {1, 0}}, {"absent", "green", {}}}});
  EXPECT_EQ(apart.find("absent"), std::string::npos);
  const std::string together = chart_svg({.title = "t", .curves = {{"one", "red", {0, 0.5}}, {"two", "blue", {1, 0.5}}}});
  for (const std::string& svg : {apart, together}) {
    std::vector<double> places;
    for (const auto& m : matches(svg, R"re(y="([0-9.]+)" fill="(red|blue)" font-weight="600">)re").all)
      places.push_back(number(m[1]));
    ASSERT_EQ(places.size(), 2u);
    EXPECT_GE(std::abs(places[0] - places[1]), 31.9);
    for (const double y : places) EXPECT_TRUE(y > 20 && y < 260) << y;
  }
  EXPECT_NE(together.find(">0.5000</text>"), std::string::npos);
}

TEST(chart, cells_of_a_table_stand_in_the_row_of_the_true_class) {
  // Three of class 0, of which one is read as 2; two of class 1; one of class 2 that is read as 1.
  const auto logits = tensor<float>::from({6, 3}, {1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0});
  const score s = score_of(logits, index_tensor::from({6}, {0, 0, 0, 1, 1, 2}));
  const std::string svg = confusion_svg(s, {"a", "b", "c"});
  std::map<std::string, std::pair<double, double>> corner;
  for (const auto& m :
       matches(svg, R"re(<title>true (\w), predicted (\w): (\d)</title><rect x="([0-9.]+)" y="([0-9.]+)")re").all) {
    corner[m[1].str() + m[2].str()] = {number(m[4]), number(m[5])};
    const auto truth = static_cast<int64_t>(m[1].str()[0] - 'a'), guess = static_cast<int64_t>(m[2].str()[0] - 'a');
    EXPECT_EQ(std::stoll(m[3]), s.count(truth, guess));
    EXPECT_NEAR(number(m[4]), 59.5 + 38.0 * static_cast<double>(guess), 0.06);
    EXPECT_NEAR(number(m[5]), 59.5 + 38.0 * static_cast<double>(truth), 0.06);
  }
  EXPECT_EQ(corner.size(), 9u);
  // The numbers: in the middle of their cells, none where nothing was counted; the names beside rows and above columns.
  const matches texts(svg, R"re(<text x="([0-9.]+)" y="([0-9.]+)" fill="#[0-9a-f]+">([0-9]+|a|b|c)</text>)re");
  int counts = 0, names = 0;
  for (const auto& m : texts.all) {
    const bool is_name = std::isalpha(m[3].str()[0]) != 0;
    (is_name ? names : counts) += 1;
    if (is_name) continue;
    const double column = (number(m[1]) - 58 - 19) / 38, row = (number(m[2]) - 58 - 19 - 5) / 38;
    EXPECT_NEAR(column, std::round(column), 0.01);
    EXPECT_NEAR(row, std::round(row), 0.01);
    EXPECT_EQ(std::stoll(m[3]), s.count(std::llround(row), std::llround(column)));
  }
  EXPECT_EQ(counts, 4);
  EXPECT_EQ(names, 6);
  EXPECT_NE(svg.find("viewBox=\"0 0 176 176\""), std::string::npos);                      // 3 cells, a margin of 58 and 4 more
  EXPECT_NE(svg.find("<text x=\"115.0\" y=\"16\">predicted</text>"), std::string::npos);  // above the middle of the table
  EXPECT_NE(svg.find("<text transform=\"translate(16 115.0) rotate(-90)\">true</text>"), std::string::npos);  // and beside it
}

TEST(report_page, title_cards_and_the_first_hundred_mistakes) {
  const int64_t n = 105;
  io::dataset test{
      .inputs = tensor<float>::full({n, 1, 2, 3}, 0.5F), .labels = index_tensor::full({n}, 1), .class_names = {"x", "y"}};
  tensor<float> logits({n, 2});
  for (int64_t i = 0; i < n; ++i) logits.mutable_data()[2 * i] = 1;  // all are read as x
  training_report r{.title = "T",
                    .facts = {},
                    .history = {{1, 0.5, 1.1, 0.6, 40}, {1, 0.5, 1.1, 0.6, 35}},
                    .test = score_of(logits, test.labels),
                    .test_set = test};
  const std::string html = report_html(r);
  EXPECT_NE(html.find("<h1>T</h1>"), std::string::npos);
  EXPECT_NE(html.find("<b>0 of 105</b>"), std::string::npos);
  EXPECT_NE(html.find("<b>2</b><span>epochs"), std::string::npos);
  EXPECT_NE(html.find("<b>1 min 15 s</b><span>training time"), std::string::npos) << "75 seconds";
  EXPECT_NE(html.find("105 of 105 test images, the first 100 of them"), std::string::npos);
  EXPECT_EQ(matches(html, "<figure>").all.size(), 100u);
  EXPECT_EQ(matches(html, "viewBox=\"0 0 3 2\"").all.size(), 100u) << "three pixels wide, two high";
}

}  // namespace
