#include <axiograd/io/file.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

using namespace axiograd;
using namespace axiograd::io;

namespace {

std::string text_of(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

TEST(read_file, plain_and_empty) {
  const scratch_folder folder;
  EXPECT_EQ(text_of(*read_file(folder.put("a", "hello"))), "hello");
  EXPECT_EQ(text_of(*read_file(folder.put("b", ""))), "");
}

TEST(read_file, refuses_more_than_the_limit) {
  const scratch_folder folder;
  const std::string path = folder.put("a", "hello");
  EXPECT_EQ(text_of(*read_file(path, 5)), "hello");
  EXPECT_EQ(read_file(path, 4).error(), (error{error_kind::io, path + ": more than 4 bytes"}));
}

TEST(read_file, refuses_what_is_no_regular_file) {
  const scratch_folder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read_file(pipe).error().message, pipe + ": not a regular file");
  EXPECT_EQ(read_file("/dev/zero").error().message, "/dev/zero: not a regular file");
  EXPECT_EQ(read_file(folder / ".").error().kind, error_kind::io);
  const std::string absent = folder / "absent";
  EXPECT_EQ(read_file(absent).error(), (error{error_kind::io, absent + ": cannot be opened: No such file or directory"}));
}

TEST(read_file, gzip) {
  const scratch_folder folder;
  const std::string text(300'000, 'x');
  EXPECT_EQ(text_of(*read_file(folder.put("a.gz", gzipped(text)))), text);
  EXPECT_EQ(text_of(*read_file(folder.put("empty.gz", gzipped("")))), "");
  EXPECT_EQ(text_of(*read_file(folder.put("two.gz", gzipped("one ") + gzipped("two")))), "one two");
  EXPECT_EQ(text_of(*read_file(folder.put("plain", gzipped("one")))), gzipped("one"));
}

TEST(read_file, gzip_bomb_stops_at_the_limit) {
  const scratch_folder folder;
  const std::string bomb = folder.put("bomb.gz", gzipped(std::string(std::size_t{1} << 24, '\0')));
  for (const std::uint64_t limit : {1U << 16, 1U << 20})
    EXPECT_EQ(read_file(bomb, limit).error().message, bomb + ": more than " + std::to_string(limit) + " bytes");
  EXPECT_EQ(read_file(bomb, 1 << 24).error().kind, error_kind::invalid_file);  // gunzip's own limit
}

TEST(read_file, gzip_cut_at_every_byte) {
  const scratch_folder folder;
  const std::string packed = gzipped("0,1,2,3\n4,5,6,7\n");
  for (std::size_t n = 0; n < packed.size(); ++n) {
    const std::string path = folder.put("cut.gz", packed.substr(0, n));
    EXPECT_EQ(read_file(path).error(), (error{error_kind::invalid_file, path + ": gzip data end early"})) << n;
  }
}

TEST(read_file, gzip_damaged_at_every_byte) {
  const scratch_folder folder;
  const std::string text = "0,1,2,3\n4,5,6,7\n", packed = gzipped(text);
  int refused = 0;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    std::string damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    const auto content = read_file(folder.put("damaged.gz", damaged));
    if (content)
      EXPECT_EQ(text_of(*content), text) << i;  // fields that say nothing about the data: time, system
    else
      ++refused;
  }
  EXPECT_GE(refused, static_cast<int>(packed.size()) - 7);
  EXPECT_EQ(read_file(folder.put("text.gz", "hello")).error().kind, error_kind::invalid_file);
  EXPECT_EQ(read_file(folder.put("tail.gz", packed + "tail")).error().kind, error_kind::invalid_file);
}

TEST(write_file_atomically, writes_chunks_and_replaces) {
  const scratch_folder folder;
  const std::string path = folder / "a";
  ASSERT_TRUE(write_file_atomically(path, bytes_of("old")));
  EXPECT_EQ(content_of(path), "old");
  const std::array chunks{bytes_of("one, "), bytes_of(""), bytes_of("two")};
  ASSERT_TRUE(write_file_atomically(path, chunks));
  EXPECT_EQ(content_of(path), "one, two");
  ASSERT_TRUE(write_file_atomically(path, byte_chunks{}));
  EXPECT_EQ(content_of(path), "");
  EXPECT_EQ(folder.files(), 1U);
}

TEST(write_file_atomically, keeps_permissions_and_links) {
  const scratch_folder folder;
  const std::string path = folder.put("a", "old"), link = folder / "link";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(::symlink("a", link.c_str()), 0);
  ASSERT_TRUE(write_file_atomically(link, bytes_of("new")));
  EXPECT_EQ(content_of(path), "new");
  struct stat facts{};
  ASSERT_EQ(::lstat(link.c_str(), &facts), 0);
  EXPECT_TRUE(S_ISLNK(facts.st_mode));
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0640U);
}

TEST(write_file_atomically, bare_name_goes_to_the_current_folder) {
  const scratch_folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder / ".");
  const auto written = write_file_atomically("bare", bytes_of("x"));
  std::filesystem::current_path(before);
  EXPECT_TRUE(written);
  EXPECT_EQ(content_of(folder / "bare"), "x");
}

TEST(write_file_atomically, errors_name_the_reason) {
  const scratch_folder folder;
  const std::string inside = folder / "absent/a";
  EXPECT_EQ(write_file_atomically(inside, bytes_of("x")).error(),
            (error{error_kind::io, inside + ": the folder cannot be opened: No such file or directory"}));
  EXPECT_EQ(write_file_atomically("/dev/full", bytes_of("x")).error().message, "/dev/full: not a regular file");
  EXPECT_EQ(write_file_atomically(folder / ".", bytes_of("x")).error().kind, error_kind::io);
  EXPECT_EQ(write_file_atomically(folder / "absent/", bytes_of("x")).error().kind, error_kind::io);
  EXPECT_EQ(write_file_atomically("", bytes_of("x")).error().message, ": not the name of a file");
  const std::string long_name = folder / std::string(300, 'n').c_str();
  EXPECT_NE(write_file_atomically(long_name, bytes_of("x")).error().message.find("File name too long"), std::string::npos);
  EXPECT_EQ(folder.files(), 0U);
}

/// No file may grow beyond a size while this lives: the system's answer is an error, as on a full disk.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(write_file_atomically, failing_write_leaves_the_old_file) {
  const scratch_folder folder;
  const std::string path = folder.put("a", "old");
  const std::string large(100'000, 'x');
  const auto written = [&] {
    const file_size_limit limit(65'536);
    return write_file_atomically(path, bytes_of(large));
  }();
  EXPECT_EQ(written.error(), (error{error_kind::io, path + ": cannot be written: File too large"}));
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(folder.files(), 1U);
}

TEST(write_file_atomically, killed_at_any_time_leaves_old_or_new) {
  const scratch_folder folder;
  const std::string path = folder / "a";
  const std::array<std::string, 2> versions{std::string(200'000, 'a'), std::string(200'000, 'b')};
  ASSERT_TRUE(write_file_atomically(path, bytes_of(versions[0])));
  for (int kill = 0; kill < 40; ++kill) {
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0)
      for (std::size_t i = 0;; ++i)
        if (!write_file_atomically(path, bytes_of(versions[i % 2]))) ::_exit(1);
    ::usleep(static_cast<useconds_t>(500 + 137 * kill));
    ::kill(writer, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status));
    const std::string found = content_of(path);
    ASSERT_TRUE(found == versions[0] || found == versions[1]) << "after kill " << kill;
  }
}

}  // namespace
