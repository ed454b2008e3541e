#include <fmt/format.h>

#include <algorithm>
#include <axiograd/train/svg.hpp>
#include <cmath>

namespace axiograd::train {
namespace {

constexpr const char* ink = "#1f2933";
constexpr const char* faint = "#616e7c";
constexpr const char* grid = "#e4e7eb";

/// Beyond this a chart shows the border: differences and percentages of what is drawn stay finite.
constexpr double largest = 1e300;
double drawable(double v) { return std::clamp(v, -largest, largest); }

/// Values and where they are drawn.
struct axis {
  double low, high;    // values
  double first, last;  // positions
  double step = 1;     // between ticks, of which there are `parts` + 1
  int parts = 1;
  double place(double v) const { return first + (drawable(v) - low) / (high - low) * (last - first); }
  double tick(int i) const { return low + i * step; }
};

/// The largest of 1, 2, 5 times a power of ten that cuts `span` into at least `parts` parts.
double tick_step(double span, int parts) {
  const double power = std::pow(10, std::floor(std::log10(span / parts)));
  for (const double factor : {5.0, 2.0})
    if (factor * power * parts <= span) return factor * power;
  return power;
}

/// From a tick at or below the smallest value to one at or above the largest. The span is never so small that neighbouring
/// ticks would be the same number, or have the same label.
axis value_axis(const chart& c, double first, double last) {
  double low = c.percentages ? 1 : 0, high = low;
  for (const curve& each : c.curves)
    for (const double v : each.values) {
      low = std::min(low, drawable(v));
      high = std::max(high, drawable(v));
    }
  const double least = std::max(c.percentages ? 1e-6 : 1e-12, 1e-9 * std::max(std::abs(low), std::abs(high)));
  if (!(high > low))
    (c.percentages ? low : high) = c.percentages ? high - 0.1 : low + 1;
  else if (high - low < least)
    (c.percentages ? low : high) = c.percentages ? high - least : low + least;
  const double step = tick_step(high - low, 4), begin = std::floor(low / step), end = std::ceil(high / step - 1e-9);
  return {begin * step, end * step, first, last, step, std::clamp(static_cast<int>(end - begin), 1, 12)};
}

/// With `digits` after the point, or, where that would be a long row of digits, with an exponent.
std::string number_text(double v, int digits) {
  return std::abs(v) >= 1e9 || digits > 15 ? fmt::format("{:.4g}", v) : fmt::format("{:.{}f}", v, digits);
}

std::string value_text(const chart& c, double v) {
  return c.percentages ? number_text(100 * drawable(v), 1) + " %" : number_text(v, 4);
}

void draw_grid(std::string& out, const chart& c, const axis& x, const axis& y) {
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(c.percentages ? 100 * y.step : y.step) + 1e-9)));
  for (int i = 0; i <= y.parts; ++i) {
    const double v = y.tick(i), at = y.place(v), shown = std::abs(v) < y.step / 2 ? 0 : v;
    const std::string label = c.percentages ? number_text(100 * shown, digits) + " %" : number_text(shown, digits);
    out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>", x.first, x.last, at, at,
                       grid);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", x.first - 8, at + 4, label);
  }
  const auto epochs = static_cast<std::size_t>(x.high);
  const std::size_t every = std::max<std::size_t>(1, (epochs + 10) / 12);
  for (std::size_t epoch = 1; epoch <= epochs; epoch += every)
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", x.place(static_cast<double>(epoch)),
                       y.first + 18, epoch);
  out +=
      fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">epoch</text>", (x.first + x.last) / 2, y.first + 36);
}

/// A chart cannot show what is no finite number.
void require_finite(const chart& c) {
  for (const curve& each : c.curves)
    for (std::size_t i = 0; i < each.values.size(); ++i)
      if (!std::isfinite(each.values[i]))
        throw failure(
            {error_kind::invalid_parameter, fmt::format("chart '{}': '{}' of epoch {} is {}, expected a finite number", c.title,
                                                        each.name, i + 1, each.values[i])});
}

void draw_curve(std::string& out, const chart& c, const curve& line, const axis& x, const axis& y) {
  std::string points;
  for (std::size_t i = 0; i < line.values.size(); ++i)
    points += fmt::format("{:.1f},{:.1f} ", x.place(static_cast<double>(i + 1)), y.place(line.values[i]));
  out += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\"/>",
                     points, line.colour);
  for (std::size_t i = 0; i < line.values.size(); ++i)
    out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"><title>{}, epoch {}: {}</title></circle>",
                       x.place(static_cast<double>(i + 1)), y.place(line.values[i]), line.colour, escaped(line.name), i + 1,
                       value_text(c, line.values[i]));
}

/// Names and last values beside the ends of the lines, moved apart where they would touch.
void draw_names(std::string& out, const chart& c, const axis& x, const axis& y) {
  struct label {
    double at;
    const curve* line;
  };
  std::vector<label> labels;
  for (const curve& line : c.curves)
    if (!line.values.empty()) labels.push_back({y.place(line.values.back()), &line});
  std::sort(labels.begin(), labels.end(), [](const label& a, const label& b) { return a.at < b.at; });
  constexpr double apart = 32;
  for (std::size_t i = 1; i < labels.size(); ++i) labels[i].at = std::max(labels[i].at, labels[i - 1].at + apart);
  double bottom = y.first - 12;
  for (std::size_t i = labels.size(); i-- > 0; bottom = labels[i].at - apart) labels[i].at = std::min(labels[i].at, bottom);
  for (const label& l : labels)
    out += fmt::format(
        "<text x=\"{0:.1f}\" y=\"{1:.1f}\" fill=\"{2}\" font-weight=\"600\">{3}</text>"
        "<text x=\"{0:.1f}\" y=\"{4:.1f}\" fill=\"{2}\">{5}</text>",
        x.last + 10, l.at, l.line->colour, escaped(l.line->name), l.at + 15, value_text(c, l.line->values.back()));
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char ch : text) {
    if (ch == '&')
      out += "&amp;";
    else if (ch == '<')
      out += "&lt;";
    else if (ch == '>')
      out += "&gt;";
    else if (ch == '"')
      out += "&quot;";
    else
      out += ch;
  }
  return out;
}

std::string chart_svg(const chart& c) {
  require_finite(c);
  constexpr double width = 520, height = 300;
  std::size_t epochs = 1;
  for (const curve& line : c.curves) epochs = std::max(epochs, line.values.size());
  const axis x{.low = 1, .high = std::max(2.0, static_cast<double>(epochs)), .first = 58, .last = width - 84},
      y = value_axis(c, height - 46, 34);
  std::string out =
      fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\" font-size=\"12\" fill=\"{}\">", width,
                  height, escaped(c.title), faint);
  out += fmt::format("<text x=\"{:.1f}\" y=\"16\" font-size=\"14\" font-weight=\"600\" fill=\"{}\">{}</text>", x.first, ink,
                     escaped(c.title));
  draw_grid(out, c, x, y);
  for (const curve& line : c.curves) draw_curve(out, c, line, x, y);
  draw_names(out, c, x, y);
  return out + "</svg>";
}

std::string confusion_svg(const score& s, const std::vector<std::string>& class_names) {
  constexpr double cell = 38, margin = 58;
  const double side = cell * static_cast<double>(s.classes);
  const int64_t most = std::max<int64_t>(1, s.counts.empty() ? 1 : *std::max_element(s.counts.begin(), s.counts.end()));
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {0:.0f} {0:.0f}\" role=\"img\" aria-label=\"confusion matrix\" font-size=\"13\" "
      "text-anchor=\"middle\" fill=\"{1}\">",
      side + margin + 4, faint);
  out += fmt::format("<text x=\"{:.1f}\" y=\"16\">predicted</text>", margin + side / 2);
  out += fmt::format("<text transform=\"translate(16 {:.1f}) rotate(-90)\">true</text>", margin + side / 2);
  for (int64_t truth = 0; truth < s.classes; ++truth) {
    const double at = margin + cell * static_cast<double>(truth);
    const std::string name = escaped(class_name(class_names, truth));
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\">{}</text>", at + cell / 2, margin - 12, ink, name);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\">{}</text>", margin - 16, at + cell / 2 + 5, ink, name);
    for (int64_t k = 0; k < s.classes; ++k) {
      const int64_t n = s.count(truth, k);
      const double x = margin + cell * static_cast<double>(k), share = static_cast<double>(n) / static_cast<double>(most);
      // Errors are few: they are coloured by their presence, hits by their number.
      const char* const colour = k == truth ? "#2563a8" : "#c2410c";
      const double opacity = n == 0 ? 0.04 : k == truth ? 0.15 + 0.75 * share : 0.30 + 0.6 * share;
      out += fmt::format("<g><title>true {}, predicted {}: {}</title>", name, escaped(class_name(class_names, k)), n);
      out += fmt::format(
          "<rect x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.0f}\" height=\"{2:.0f}\" rx=\"4\" fill=\"{3}\" "
          "fill-opacity=\"{4:.2f}\"/>",
          x + 1.5, at + 1.5, cell - 3, n == 0 ? faint : colour, opacity);
      if (n > 0)
        out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\">{}</text>", x + cell / 2, at + cell / 2 + 5,
                           opacity > 0.55 ? "#ffffff" : ink, n);
      out += "</g>";
    }
  }
  return out + "</svg>";
}

std::string image_svg(std::span<const float> pixels, int64_t width) {
  const auto n = static_cast<int64_t>(pixels.size());
  const int64_t height = width > 0 ? n / width : 0;
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"image\">",
                                width, height);
  for (int64_t i = 0; i < height * width; ++i) {
    const float value = std::clamp(pixels[static_cast<std::size_t>(i)], 0.0F, 1.0F);
    if (value > 0)
      out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"1\" height=\"1\" fill-opacity=\"{:.2f}\"/>", i % width, i / width,
                         value);
  }
  return out + "</svg>";
}

}  // namespace axiograd::train
