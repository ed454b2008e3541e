#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <axiograd/train/progress.hpp>
#include <cstdlib>

using namespace axiograd::train;

namespace {

constexpr batch_record halfway{.epoch = 3, .epochs = 12, .images = 719, .all_images = 1438, .loss = 0.08125, .accuracy = 0.974};
constexpr pace known{.images_per_second = 21400.4, .seconds_left = 2.3};

TEST(progress, the_whole_line) {
  EXPECT_EQ(progress_text(halfway, known, 120),
            "epoch 3/12  [========>       ]  loss 0.0813  accuracy 97.4 %  21,400 images/s  3 s left");
  EXPECT_EQ(progress_text(halfway, {}, 120), "epoch 3/12  [========>       ]  loss 0.0813  accuracy 97.4 %");
}

TEST(progress, narrow_terminals_lose_parts_but_no_line_is_too_long) {
  EXPECT_EQ(progress_text(halfway, known, 79), "epoch 3/12  loss 0.0813  accuracy 97.4 %  21,400 images/s  3 s left");
  EXPECT_EQ(progress_text(halfway, known, 60), "epoch 3/12  loss 0.0813  accuracy 97.4 %  3 s left");
  EXPECT_EQ(progress_text(halfway, known, 40), "epoch 3/12  loss 0.0813  3 s left");
  EXPECT_EQ(progress_text(halfway, known, 24), "epoch 3/12  3 s left");
  EXPECT_EQ(progress_text(halfway, known, 12), "epoch 3/12");
  for (std::size_t width = 0; width < 100; ++width) EXPECT_LE(progress_text(halfway, known, width).size(), width);
}

TEST(progress, durations_and_numbers) {
  EXPECT_EQ(duration_text(0), "0 s");
  EXPECT_EQ(duration_text(6.2), "7 s");
  EXPECT_EQ(duration_text(125), "2 min 05 s");
  EXPECT_EQ(duration_text(3720), "1 h 02 min");
  EXPECT_EQ(time_text(0.25), "0.2 s");
  EXPECT_EQ(time_text(125), "2 min 05 s");
  EXPECT_EQ(time_text(1e308), "277777 h 46 min");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1797), "1,797");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
}

/// A terminal of a given width; what is shown on it can be read back.
class terminal {
 public:
  explicit terminal(unsigned short columns) : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0 || ::ptsname(master_) == nullptr) return;
    slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    ::ioctl(slave_, TIOCSWINSZ, &size);
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;
  ~terminal() {
    for (const int each : {slave_, master_})
      if (each >= 0) ::close(each);
  }
  int descriptor() const { return slave_; }
  std::string shown() const {
    std::string text(4096, '\0');
    const auto n = ::read(master_, text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

 private:
  int master_, slave_ = -1;
};

TEST(progress, a_terminal_shows_the_line_in_place_and_gets_it_cleared) {
  ::setenv("TERM", "xterm", 1);
  const terminal screen(41);
  if (screen.descriptor() < 0) GTEST_SKIP() << "this machine has no pseudo-terminals";
  {
    progress_line line(screen.descriptor());
    EXPECT_TRUE(line.visible());
    line.show(halfway);
    EXPECT_EQ(screen.shown(), "\repoch 3/12  loss 0.0813  accuracy 97.4 %\x1b[K");
    line.show(halfway);  // within the same tenth of a second: nothing
    line.clear();
    EXPECT_EQ(screen.shown(), "\r\x1b[K");
  }
  progress_line unwanted(screen.descriptor(), false);
  EXPECT_FALSE(unwanted.visible());
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(progress_line(screen.descriptor()).visible());
  ::setenv("TERM", "xterm", 1);
}

TEST(progress, no_terminal_no_line) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    progress_line line(ends[1]);
    EXPECT_FALSE(line.visible());
    line.show(halfway);
  }
  ::close(ends[1]);
  char unused = 0;
  EXPECT_EQ(::read(ends[0], &unused, 1), 0);
  ::close(ends[0]);
}

}  // namespace
