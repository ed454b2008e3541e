#pragma once
// How a classifier does: accuracy, confusion matrix, mistakes.

#include <axiograd/core/tensor.hpp>
#include <string>
#include <vector>

namespace axiograd::train {

/// A sample that was put in the wrong class.
struct mistake {
  int64_t position;    ///< in the data set
  int64_t truth;       ///< its class
  int64_t predicted;   ///< the class with the largest probability
  double probability;  ///< of the predicted class
};

/// Counts over labelled samples.
struct score {
  int64_t classes = 0;
  std::vector<int64_t> counts{};    ///< confusion matrix, row-major: a row for each true class, a column for each predicted one
  std::vector<mistake> mistakes{};  ///< in the samples' order
  double loss = 0;                  ///< mean of -log(probability of the true class)

  int64_t count(int64_t truth, int64_t predicted) const {
    return counts[static_cast<std::size_t>(truth * classes + predicted)];
  }
  int64_t samples() const;
  int64_t correct() const { return samples() - static_cast<int64_t>(mistakes.size()); }
  /// 0 without samples.
  double accuracy() const;
};

/// The score of predictions: scores before softmax (samples, classes) and labels (samples). Of equal scores the first counts.
/// Throws `failure`: shape_mismatch; index_out_of_range (a label that is no class);
/// domain_error (a sample whose scores are NaN or overflow).
score score_of(const tensor<float>& logits, const index_tensor& labels);

/// The position of the largest entry in each row of (samples, classes), the first of equal ones.
std::vector<int64_t> largest_in_rows(const tensor<float>& x);

/// The confusion matrix as text: a row for each true class, a dot for 0. Names may be empty: numbers then.
std::string confusion_text(const score& s, const std::vector<std::string>& class_names);

/// The name of a class, its number if it has none.
std::string class_name(const std::vector<std::string>& names, int64_t index);

/// "98.6 %"
std::string percent(double fraction);

}  // namespace axiograd::train
