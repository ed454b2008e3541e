#include <axiograd/operators/evaluate.hpp>
#include <axiograd/ops/normalization/log_softmax.hpp>
#include <axiograd/train/score.hpp>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace axiograd::train {

int64_t score::samples() const { return std::accumulate(counts.begin(), counts.end(), int64_t{0}); }

double score::accuracy() const {
  const int64_t n = samples();
  return n == 0 ? 0 : static_cast<double>(correct()) / static_cast<double>(n);
}

std::vector<int64_t> largest_in_rows(const tensor<float>& x) {
  if (x.rank() != 2 || x.shape()[1] == 0)
    throw failure(
        {error_kind::shape_mismatch, "score: predictions have shape " + to_string(x.shape()) + ", expected (samples,classes)"});
  std::vector<int64_t> found(static_cast<std::size_t>(x.shape()[0]));
  const float* row = x.data();
  for (int64_t& best : found) {
    best = std::max_element(row, row + x.shape()[1]) - row;
    row += x.shape()[1];
  }
  return found;
}

score score_of(const tensor<float>& logits, const index_tensor& labels) {
  const std::vector<int64_t> predicted = largest_in_rows(logits);
  const int64_t n = logits.shape()[0], classes = logits.shape()[1];
  if (labels.shape() != shape{n})
    throw failure({error_kind::shape_mismatch,
                   "score: predictions have shape " + to_string(logits.shape()) + ", labels " + to_string(labels.shape())});
  const tensor<float> log_probability = log_softmax(logits);
  score s{.classes = classes,
          .counts = std::vector<int64_t>(static_cast<std::size_t>(classes * classes)),
          .mistakes = {},
          .loss = 0};
  for (int64_t i = 0; i < n; ++i) {
    const int64_t truth = labels[i], guess = predicted[static_cast<std::size_t>(i)];
    if (truth < 0 || truth >= classes)
      throw failure({error_kind::index_out_of_range, "score: label " + std::to_string(truth) + " of sample " +
                                                         std::to_string(i) + " is none of " + std::to_string(classes) +
                                                         " classes"});
    const double chance = std::exp(static_cast<double>(log_probability[i * classes + guess]));
    if (!std::isfinite(chance))
      throw failure({error_kind::domain_error,
                     "score: the predictions of sample " + std::to_string(i) + " are not numbers that can be compared"});
    ++s.counts[static_cast<std::size_t>(truth * classes + guess)];
    s.loss -= static_cast<double>(log_probability[i * classes + truth]);
    if (guess != truth) s.mistakes.push_back({i, truth, guess, chance});
  }
  if (n > 0) s.loss /= static_cast<double>(n);
  return s;
}

std::string class_name(const std::vector<std::string>& names, int64_t index) {
  const auto i = static_cast<std::size_t>(index);
  return i < names.size() ? names[i] : std::to_string(index);
}

std::string percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * fraction);
  return text;
}

std::string confusion_text(const score& s, const std::vector<std::string>& class_names) {
  std::size_t width = 4;
  for (int64_t k = 0; k < s.classes; ++k) width = std::max(width, class_name(class_names, k).size() + 1);
  const auto cell = [&](const std::string& text) { return std::string(width - std::min(width - 1, text.size()), ' ') + text; };
  const std::string margin(5, ' ');
  std::string out = margin + cell("") + " predicted\n true" + cell("");
  for (int64_t k = 0; k < s.classes; ++k) out += cell(class_name(class_names, k));
  for (int64_t truth = 0; truth < s.classes; ++truth) {
    out += "\n" + margin + cell(class_name(class_names, truth));
    for (int64_t k = 0; k < s.classes; ++k) {
      const int64_t n = s.count(truth, k);
      out += cell(n == 0 ? "." : std::to_string(n));
    }
  }
  return out + "\n";
}

}  // namespace axiograd::train
