#pragma once
// A line on the terminal that shows how far training is, rewritten in place.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace axiograd::train {

/// Where an epoch is.
struct batch_record {
  int64_t epoch = 0;       ///< from 1
  int64_t epochs = 0;      ///< of the whole training
  int64_t images = 0;      ///< seen in this epoch
  int64_t all_images = 0;  ///< in an epoch
  double loss = 0;         ///< mean over the epoch so far
  double accuracy = 0;     ///< of the predictions that the steps of this epoch made
};

/// Speed of the run so far; negative where it is not known yet.
struct pace {
  double images_per_second = -1;
  double seconds_left = -1;
};

/// One line of at most `width` characters: "epoch 3/12 [=====>   ] loss 0.081  accuracy 97.4 %  21,400 images/s  3 s left".
/// Where that is too long, parts are left out, the bar first.
std::string progress_text(const batch_record& now, const pace& p, std::size_t width);

/// "7 s", "2 min 05 s", "1 h 02 min"
std::string duration_text(double seconds);
/// "0.8 s" below a minute, then as above
std::string time_text(double seconds);
/// "1,797"
std::string grouped(int64_t n);

/// The live line. It is hidden unless its stream is a terminal that can rewrite a line.
class progress_line {
 public:
  /// `descriptor` is the stream, as a rule standard error's; `wanted` false hides the line anyway.
  explicit progress_line(int descriptor, bool wanted = true);
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() { clear(); }

  bool visible() const { return visible_; }
  /// Rewrites the line, ten times a second at most; each batch is to be shown, for the speed.
  void show(const batch_record& now);
  /// Takes the line away, before other output.
  void clear();

 private:
  using clock = std::chrono::steady_clock;
  pace measure(const batch_record& now, clock::time_point at);
  void put(const std::string& text) const;

  int descriptor_;
  bool visible_ = false;
  bool drawn_ = false;
  bool started_ = false;
  clock::time_point start_, last_;
  double images_before_ = 0;  // of the whole training, when the line began
};

}  // namespace axiograd::train
