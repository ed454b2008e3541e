#pragma once
// The report of a training: one HTML file without anything outside it.

#include <axiograd/io/dataset.hpp>
#include <axiograd/train/checkpoint.hpp>
#include <axiograd/train/score.hpp>
#include <string>
#include <utility>
#include <vector>

namespace axiograd::train {

struct training_report {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  ///< seed, time, versions: what is to be known of the run
  std::vector<epoch_record> history;
  score test;
  io::dataset test_set;  ///< inputs (n, 1, height, width)
};

/// The report as HTML: learning curves, confusion matrix, the misclassified images (the first hundred) and the facts.
/// Throws `failure`: invalid_parameter for a history with a loss or accuracy that is no finite number.
std::string report_html(const training_report& r);

}  // namespace axiograd::train
