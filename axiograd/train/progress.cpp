#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <axiograd/train/progress.hpp>
#include <axiograd/train/score.hpp>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace axiograd::train {
namespace {

std::string bar(double fraction) {
  constexpr int cells = 16;
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * cells);
  std::string text(cells, ' ');
  std::fill_n(text.begin(), full, '=');
  if (full < cells) text[static_cast<std::size_t>(full)] = '>';
  return fmt::format("[{}]", text);
}

std::size_t columns_of(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

std::string grouped(int64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3 + (n < 0 ? 1u : 0u);) text.insert(at -= 3, 1, ',');
  return text;
}

std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(std::ceil(std::clamp(seconds, 0.0, 1e9)));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

std::string time_text(double seconds) { return seconds < 60 ? fmt::format("{:.1f} s", seconds) : duration_text(seconds); }

std::string progress_text(const batch_record& now, const pace& p, std::size_t width) {
  struct part {
    std::string text;
    int dropped;  // order in which parts give way
  };
  const double fraction = now.all_images > 0 ? static_cast<double>(now.images) / static_cast<double>(now.all_images) : 0;
  std::array<part, 6> parts{
      {{fmt::format("epoch {}/{}", now.epoch, now.epochs), 6},
       {bar(fraction), 1},
       {fmt::format("loss {:.4f}", now.loss), 4},
       {fmt::format("accuracy {}", percent(now.accuracy)), 3},
       {p.images_per_second < 0 ? "" : fmt::format("{} images/s", grouped(std::llround(p.images_per_second))), 2},
       {p.seconds_left < 0 ? "" : fmt::format("{} left", duration_text(p.seconds_left)), 5}}};
  for (int round = 0;; ++round) {
    std::string line;
    for (const part& each : parts)
      if (each.dropped > round && !each.text.empty()) line += fmt::format("{}{}", line.empty() ? "" : "  ", each.text);
    if (line.size() <= width || round == 5) return line.substr(0, width);
  }
}

progress_line::progress_line(int descriptor, bool wanted) : descriptor_(descriptor) {
  const char* const term = std::getenv("TERM");
  const bool plain = term != nullptr && std::string_view(term) == "dumb";
  visible_ = wanted && !plain && ::isatty(descriptor) == 1;
}

pace progress_line::measure(const batch_record& now, clock::time_point at) {
  const auto all = static_cast<double>(now.all_images);
  const double seen = static_cast<double>(now.epoch - 1) * all + static_cast<double>(now.images);
  if (!started_) {
    started_ = true;
    start_ = at;
    images_before_ = seen;
  }
  const double seconds = std::chrono::duration<double>(at - start_).count(), images = seen - images_before_;
  if (images <= 0 || seconds < 0.05) return {};
  return {images / seconds, (static_cast<double>(now.epochs) * all - seen) * seconds / images};
}

void progress_line::show(const batch_record& now) {
  if (!visible_) return;
  const auto at = clock::now();
  const pace p = measure(now, at);
  if (drawn_ && at - last_ < std::chrono::milliseconds(100)) return;
  last_ = at;
  drawn_ = true;
  // One column stays free: some terminals wrap when the last one is written.
  put(fmt::format("\r{}\x1b[K", progress_text(now, p, columns_of(descriptor_) - 1)));
}

void progress_line::clear() {
  if (!drawn_) return;
  drawn_ = false;
  put("\r\x1b[K");
}

void progress_line::put(const std::string& text) const {
  // Progress is a courtesy: what cannot be shown is not an error.
  [[maybe_unused]] const auto written = ::write(descriptor_, text.data(), text.size());
}

}  // namespace axiograd::train
