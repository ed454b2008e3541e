#pragma once
// Pictures as SVG text, for reports.

#include <axiograd/train/score.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace axiograd::train {

/// Text for HTML and SVG: & < > " are written as entities.
std::string escaped(std::string_view text);

/// A line of a chart: a value for x = 1, 2, ...
struct curve {
  std::string name;
  std::string colour;
  std::vector<double> values;
};
struct chart {
  std::string title;
  std::vector<curve> curves;
  bool percentages = false;  ///< values are fractions of 1, and 1 is the top
};
/// A line chart over epochs with a grid, names at the ends of the lines, and each value on hovering. Values beyond
/// +-1e300 lie on the border. Throws `failure`: invalid_parameter for a value that is no finite number.
std::string chart_svg(const chart& c);

/// The confusion matrix with its counts; darker cells hold more.
std::string confusion_svg(const score& s, const std::vector<std::string>& class_names);

/// A gray image (height, width) of numbers 0 .. 1 as cells, ink dark on light paper.
std::string image_svg(std::span<const float> pixels, int64_t width);

}  // namespace axiograd::train
