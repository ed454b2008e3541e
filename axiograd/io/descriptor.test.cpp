// What readers and writers do with descriptors, seen by a thread beside them that opens files too.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <axiograd/io/file.hpp>
#include <axiograd/io/scratch.test.hpp>
#include <thread>

using namespace axiograd;
using namespace axiograd::io;

namespace {

/// The number that the next file to be opened will have: as many are open as before if it is the same.
int next_descriptor() {
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(number);
  return number;
}

// A descriptor that is closed twice closes whatever another thread has opened in between.
TEST(descriptors, are_closed_once_and_all_of_them) {
  const scratch_folder folder;
  const std::string path = folder / "f", absent = folder / "none" + "/f";
  const int before = next_descriptor();
  std::atomic<bool> done{false};
  std::atomic<int> lost{0};
  std::thread beside([&] {
    while (!done) {
      const int mine = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
      std::this_thread::yield();
      if (::fcntl(mine, F_GETFD) == -1) ++lost;
      ::close(mine);
    }
  });
  for (int round = 0; round < 100; ++round) {
    EXPECT_TRUE(write_file_atomically(path, bytes_of("content")));
    EXPECT_TRUE(read_file(path, 100));
    EXPECT_FALSE(read_file(path, 3));
    EXPECT_FALSE(write_file_atomically(absent, bytes_of("content")));
  }
  done = true;
  beside.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(next_descriptor(), before);
}

}  // namespace
