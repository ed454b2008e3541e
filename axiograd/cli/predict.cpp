// axiograd predict MODEL IMAGE

#include <axiograd/cli/command.hpp>
#include <axiograd/io/csv.hpp>
#include <axiograd/io/file.hpp>
#include <axiograd/io/image.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/train/checkpoint.hpp>
#include <axiograd/train/digits.hpp>
#include <axiograd/train/score.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace axiograd::cli {
namespace {

constexpr double white = 16;  // ink in rows of the data set

struct predict_flags {
  std::string model, image, ink = "auto";
  bool json = false;
};

/// Ink and paper are told apart by the edge of the image, where a digit leaves paper.
bool has_bright_edge(const tensor<float>& image) {
  const int64_t height = image.shape()[2], width = image.shape()[3];
  double sum = 0;
  int64_t cells = 0;
  for (int64_t i = 0; i < height; ++i)
    for (int64_t j = 0; j < width; ++j)
      if (i == 0 || j == 0 || i == height - 1 || j == width - 1) {
        sum += static_cast<double>(image(0, 0, i, j));
        ++cells;
      }
  return sum > 0.5 * static_cast<double>(cells);
}

tensor<float> read_png(const std::string& path, const std::string& ink) {
  const auto read = [&](io::polarity p) { return ok_or_throw(io::read_image(path, train::digits_image, {.ink = p})); };
  if (ink == "dark") return read(io::polarity::dark_on_light);
  tensor<float> image = read(io::polarity::light_on_dark);
  return ink == "auto" && has_bright_edge(image) ? read(io::polarity::dark_on_light) : image;
}

/// A row of pixels; a row of the data set, which ends with the digit, will do.
tensor<float> read_row(const std::string& path) {
  const auto bytes = io::read_file(path, 1 << 20);
  const auto labelled = bytes ? io::parse_csv<double>(path, *bytes, train::digits_image.size() + 1)
                              : result<io::number_table<double>>(tl::unexpected<error>(bytes.error()));
  if (!labelled || labelled->rows() != 1) return ok_or_throw(io::read_image(path, train::digits_image, {.white = white}));
  for (int64_t i = 0; i < train::digits_image.size(); ++i) {
    const double value = (*labelled)(0, i);
    if (value < 0 || value > white)
      throw failure(
          {error_kind::invalid_file, fmt::format("{}{} is not between 0 and {}", io::at_cell(path, 1, i + 1), value, white)});
  }
  tensor<float> image = tensor<float>::uninitialised({1, 1, train::digits_image[1], train::digits_image[2]});
  std::transform(labelled->values.begin(), labelled->values.end() - 1, image.mutable_data(),
                 [](double v) { return static_cast<float>(v / white); });
  return image;
}

void predict(const predict_flags& f) {
  train::digits_model model = train::make_digits_model();
  train::load_model(f.model, model, train::digits_model_name);
  const tensor<float> image =
      f.image.ends_with(".csv") || f.image.ends_with(".csv.gz") ? read_row(f.image) : read_png(f.image, f.ink);
  const tensor<float> probability = softmax(model(image));
  if (!std::all_of(probability.begin(), probability.end(), [](float p) { return std::isfinite(p); }))
    throw failure({error_kind::domain_error, f.model + ": its weights are so large that the scores of this image overflow"});
  const int64_t best = train::largest_in_rows(probability).front();
  if (f.json) {
    nlohmann::ordered_json probabilities;
    for (int64_t k = 0; k < probability.size(); ++k) probabilities[std::to_string(k)] = probability[k];
    const nlohmann::ordered_json answer{{"class", std::to_string(best)},
                                        {"probability", probability[best]},
                                        {"probabilities", probabilities},
                                        {"model", f.model},
                                        {"image", f.image}};
    say("{}\n", answer.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  say("{}  ({})\n\n", best, train::percent(static_cast<double>(probability[best])));
  for (int64_t k = 0; k < probability.size(); ++k) {
    const auto p = static_cast<double>(probability[k]);
    say("{} {:>8}  {}\n", k, train::percent(p), std::string(static_cast<std::size_t>(std::lround(40 * p)), '#'));
  }
}

}  // namespace

void add_predict(CLI::App& app, command& chosen) {
  CLI::App* const sub = app.add_subcommand("predict", "The class of one image");
  const auto f = std::make_shared<predict_flags>();
  sub->add_option("MODEL", f->model, "A model file that `axiograd train digits` wrote")->required()->type_name("FILE");
  sub->add_option("IMAGE", f->image,
                  "NAME.png of 8x8 pixels, or NAME.csv with a row of 64 numbers 0 .. 16, 16 is ink; the digit may follow")
      ->required()
      ->type_name("FILE");
  sub->add_option("--ink", f->ink, "Ink of a PNG: dark on light paper, light on dark paper, or auto: what its edge suggests")
      ->check(CLI::IsMember({"auto", "dark", "light"}))
      ->capture_default_str();
  sub->add_flag("--json", f->json, "Print for programs");
  sub->callback([f, &chosen] { chosen = [f] { predict(*f); }; });
}

}  // namespace axiograd::cli
