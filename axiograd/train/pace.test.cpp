// The speed on the line of progress: of this run, not of what a resumed training did before.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <axiograd/train/progress.hpp>
#include <cstdlib>
#include <gtest/gtest.h>
#include <regex>
#include <thread>

using namespace axiograd::train;

namespace {

/// A terminal of 120 columns; not there where the machine has none.
class wide_terminal {
 public:
  wide_terminal() : screen_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (screen_ < 0 || ::grantpt(screen_) != 0 || ::unlockpt(screen_) != 0) return;
    const char* const name = ::ptsname(screen_);
    if (name != nullptr) program_ = ::open(name, O_RDWR | O_NOCTTY);
    winsize size{};
    size.ws_col = 120;
    size.ws_row = 24;
    ::ioctl(screen_, TIOCSWINSZ, &size);
    ::fcntl(screen_, F_SETFL, O_NONBLOCK);
  }
  wide_terminal(const wide_terminal&) = delete;
  wide_terminal& operator=(const wide_terminal&) = delete;
  ~wide_terminal() {
    if (program_ >= 0) ::close(program_);
    if (screen_ >= 0) ::close(screen_);
  }
  int program() const { return program_; }
  std::string shown() const {
    std::string text(4096, '\0');
    const auto n = ::read(screen_, text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

 private:
  int screen_ = -1, program_ = -1;
};

TEST(pace, counts_from_where_this_run_began_and_shows_ten_times_a_second) {
  ::setenv("TERM", "xterm", 1);
  const wide_terminal screen;
  if (screen.program() < 0) GTEST_SKIP() << "this machine has no pseudo-terminals";
  progress_line line(screen.program());
  batch_record now{};
  now.epochs = 10;
  now.all_images = 1000;
  now.epoch = 5;
  now.images = 100;
  line.show(now);
  EXPECT_EQ(screen.shown().find("images/s"), std::string::npos) << "nothing is known yet";
  now.images = 150;
  line.show(now);  // within the same tenth of a second, as a rule
  screen.shown();
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  now.images = 200;
  line.show(now);
  const std::string text = screen.shown();
  std::smatch speed, left;
  ASSERT_TRUE(std::regex_search(text, speed, std::regex("([0-9,]+) images/s"))) << text;
  const std::string digits = std::regex_replace(speed[1].str(), std::regex(","), "");
  EXPECT_LE(std::stoi(digits), 667) << "100 images in 0.15 s at least";
  ASSERT_TRUE(std::regex_search(text, left, std::regex("([0-9]+) s left|([0-9]+) min"))) << text;
  if (left[1].matched) {
    EXPECT_GE(std::stoi(left[1].str()), 8) << "5,800 images are left of 100 each 0.15 s";
  }
}

TEST(pace, a_line_that_ends_is_taken_away) {
  ::setenv("TERM", "xterm", 1);
  const wide_terminal screen;
  if (screen.program() < 0) GTEST_SKIP() << "this machine has no pseudo-terminals";
  {
    progress_line line(screen.program());
    line.show({.epoch = 1, .epochs = 2, .images = 1, .all_images = 10});
    EXPECT_NE(screen.shown().find("epoch 1/2"), std::string::npos);
  }
  EXPECT_EQ(screen.shown(), "\r\x1b[K");
}

}  // namespace
