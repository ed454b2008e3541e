#include <fmt/format.h>

#include <axiograd/train/progress.hpp>
#include <axiograd/train/report.hpp>
#include <axiograd/train/svg.hpp>

namespace axiograd::train {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 24px 48px; max-width: 1080px; background: #f7f8fa; color: #1f2933;
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 26px; } h2 { margin: 0 0 12px; font-size: 18px; }
p { margin: 0 0 12px; color: #52606d; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0; }
section, .card { background: #fff; border: 1px solid #e4e7eb; border-radius: 10px; }
section { padding: 20px; margin: 0 0 16px; }
.card { padding: 12px 16px; } .card b { display: block; font-size: 24px; font-weight: 600; } .card span { color: #616e7c; font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 20px; }
svg { display: block; width: 100%; height: auto; font-family: inherit; }
.matrix { max-width: 480px; margin: 0 auto; }
.digits { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 14px; }
figure { margin: 0; } figure svg { background: #f0f2f5; border-radius: 6px; }
figcaption { margin-top: 6px; font-size: 13px; color: #52606d; } figcaption b { color: #c2410c; }
table { border-collapse: collapse; } td { padding: 3px 24px 3px 0; vertical-align: top; } td:first-child { color: #616e7c; }
)";

std::string card(const std::string& value, const std::string& what) {
  return fmt::format("<div class=\"card\"><b>{}</b><span>{}</span></div>", escaped(value), escaped(what));
}

std::string curves(const std::vector<epoch_record>& history) {
  constexpr const char* train_colour = "#2563a8";
  constexpr const char* test_colour = "#c2410c";
  const auto column = [&](double epoch_record::* member) {
    std::vector<double> values;
    for (const epoch_record& e : history) values.push_back(e.*member);
    return values;
  };
  const chart loss{.title = "Loss (cross entropy)",
                   .curves = {{"training", train_colour, column(&epoch_record::train_loss)},
                              {"test", test_colour, column(&epoch_record::test_loss)}}};
  const chart accuracy{.title = "Accuracy",
                       .curves = {{"training", train_colour, column(&epoch_record::train_accuracy)},
                                  {"test", test_colour, column(&epoch_record::test_accuracy)}},
                       .percentages = true};
  return "<section><h2>Learning curves</h2><p>Training: mean over the steps of each epoch, while the model learns. Test: the "
         "held-out "
         "images, after the epoch.</p><div class=\"charts\"><div>" +
         chart_svg(loss) + "</div><div>" + chart_svg(accuracy) + "</div></div></section>";
}

std::string mistakes(const training_report& r) {
  constexpr std::size_t most = 100;
  const auto& all = r.test.mistakes;
  std::string out = "<section><h2>Mistakes</h2>";
  if (all.empty()) return out + "<p>None: every test image was classified correctly.</p></section>";
  out += fmt::format("<p>{} of {} test images{}.</p><div class=\"digits\">", all.size(), r.test.samples(),
                     all.size() > most ? fmt::format(", the first {} of them", most) : "");
  const shape image = r.test_set.sample_shape();
  const auto pixels = static_cast<std::size_t>(image.size());
  for (std::size_t i = 0; i < std::min(most, all.size()); ++i) {
    const mistake& m = all[i];
    const auto& names = r.test_set.class_names;
    out += "<figure>" + image_svg(r.test_set.inputs.values().subspan(static_cast<std::size_t>(m.position) * pixels, pixels),
                                  image[image.rank - 1]);
    out += fmt::format("<figcaption>a {}, read as <b>{}</b> ({})<br>test image {}</figcaption></figure>",
                       escaped(class_name(names, m.truth)), escaped(class_name(names, m.predicted)), percent(m.probability),
                       m.position);
  }
  return out + "</div></section>";
}

std::string facts(const training_report& r) {
  std::string out = "<section><h2>This run</h2><table>";
  for (const auto& [name, value] : r.facts)
    out += fmt::format("<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(value));
  return out + "</table></section>";
}

}  // namespace

std::string report_html(const training_report& r) {
  double seconds = 0;
  for (const epoch_record& e : r.history) seconds += e.seconds;
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\"><title>{}</title><style>{}</style></head><body>\n",
      escaped(r.title), style);
  out += fmt::format("<h1>{}</h1>\n<div class=\"cards\">", escaped(r.title));
  out += card(fmt::format("{:.2f} %", 100 * r.test.accuracy()), "test accuracy");
  out += card(fmt::format("{} of {}", r.test.correct(), r.test.samples()), "test images read correctly");
  out += card(std::to_string(r.history.size()), "epochs");
  out += card(time_text(seconds), "training time");
  out += "</div>\n" + curves(r.history);
  out +=
      "\n<section><h2>Confusion matrix</h2><p>Test images: a row for each true class, a column for each predicted one.</p><div "
      "class=\"matrix\">" +
      confusion_svg(r.test, r.test_set.class_names) + "</div></section>\n";
  out += mistakes(r) + "\n" + facts(r) + "\n</body></html>\n";
  return out;
}

}  // namespace axiograd::train
