// What files cost and what protects them, seen from the system's side. Replaces fsync, openat, renameat and read of this test
// program by functions that take notes and then do the same.

#include <axiograd/io/file.hpp>
#include <axiograd/io/safetensors.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstdarg>
#include <cstring>
#include <vector>

using namespace axiograd;
using namespace axiograd::io;

namespace {

struct notes {
  std::vector<std::string> calls;
  std::uint64_t bytes_read = 0;
  int file_sync_problem = 0, folder_sync_problem = 0;  // what fsync is to answer
};
notes* taken = nullptr;  // null: nobody takes notes

/// Takes notes while it lives.
struct note_taker : notes {
  note_taker() { taken = this; }
  note_taker(const note_taker&) = delete;
  note_taker& operator=(const note_taker&) = delete;
  ~note_taker() { taken = nullptr; }
};

void note(std::string call) {
  if (taken != nullptr) taken->calls.push_back(std::move(call));
}

}  // namespace

// The labels give them the C library's names without a second declaration of what its headers declare.
extern "C" {
int noted_fsync(int file) __asm__("fsync");
int noted_openat(int folder, const char* name, int flags, ...) __asm__("openat");
int noted_renameat(int folder, const char* from, int to_folder, const char* to) __asm__("renameat");
ssize_t noted_read(int file, void* to, size_t most) __asm__("read");

int noted_fsync(int file) {
  if (taken != nullptr) {
    struct stat facts{};
    ::fstat(file, &facts);
    const bool folder = S_ISDIR(facts.st_mode);
    note(folder ? "sync folder" : "sync file of " + std::to_string(facts.st_size) + " bytes");
    if (const int problem = folder ? taken->folder_sync_problem : taken->file_sync_problem; problem != 0) {
      errno = problem;
      return -1;
    }
  }
  return static_cast<int>(::syscall(SYS_fsync, file));
}

int noted_openat(int folder, const char* name, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if ((flags & O_CREAT) != 0)
    note(std::string("create") + ((flags & O_EXCL) != 0 ? ", new" : "") + ((flags & O_NOFOLLOW) != 0 ? ", no link" : ""));
  return static_cast<int>(::syscall(SYS_openat, folder, name, flags, mode));
}

int noted_renameat(int folder, const char* from, int to_folder, const char* to) {
  note("rename");
  return static_cast<int>(::syscall(SYS_renameat, folder, from, to_folder, to));
}

ssize_t noted_read(int file, void* to, size_t most) {
  const auto n = static_cast<ssize_t>(::syscall(SYS_read, file, to, most));
  if (taken != nullptr && n > 0) taken->bytes_read += static_cast<std::uint64_t>(n);
  return n;
}
}

namespace {

using calls = std::vector<std::string>;

// A crash between any two of these leaves the old file or the whole new one: the content reaches the disk before its name does,
// and the name before anybody is told that it is there.
TEST(system_calls, file_is_synced_before_its_name_and_the_folder_after) {
  const scratch_folder folder;
  note_taker seen;
  ASSERT_TRUE(write_file_atomically(folder / "a", bytes_of("new")));
  EXPECT_EQ(seen.calls, (calls{"create, new, no link", "sync file of 3 bytes", "rename", "sync folder"}));
}

TEST(system_calls, a_failing_sync_of_the_file_keeps_the_old_one) {
  const scratch_folder folder;
  const std::string path = folder.put("a", "old");
  {
    note_taker seen;
    seen.file_sync_problem = EIO;
    EXPECT_EQ(write_file_atomically(path, bytes_of("new")).error(),
              (error{error_kind::io, path + ": cannot be written: Input/output error"}));
    EXPECT_EQ(seen.calls, (calls{"create, new, no link", "sync file of 3 bytes"}));
  }
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(folder.files(), 1U);
}

TEST(system_calls, a_failing_sync_of_the_folder_is_reported) {
  const scratch_folder folder;
  const std::string path = folder.put("a", "old");
  {
    note_taker seen;
    seen.folder_sync_problem = EIO;
    EXPECT_EQ(write_file_atomically(path, bytes_of("new")).error().message,
              path + ": is written, but its folder cannot be synced: Input/output error");
    EXPECT_EQ(set_aside(path).error().message, path + ": is renamed, but its folder cannot be synced: Input/output error");
    seen.folder_sync_problem = EINVAL;  // a file system that cannot
    EXPECT_TRUE(write_file_atomically(path, bytes_of("new")));
  }
  EXPECT_EQ(content_of(path), "new");
}

TEST(system_calls, names_of_temporaries_that_are_taken_are_left_alone) {
  const scratch_folder folder;
  const std::string victim = folder.put("victim", "untouched");
  for (int i = 0; i < 2000; ++i) {
    const std::string name = ".axiograd-" + std::to_string(::getpid()) + "-" + std::to_string(i) + ".tmp";
    ASSERT_EQ(::symlink("victim", (folder / name.c_str()).c_str()), 0);
  }
  ASSERT_TRUE(write_file_atomically(folder / "a", bytes_of("new")));
  EXPECT_EQ(content_of(folder / "a"), "new");
  EXPECT_EQ(content_of(victim), "untouched");
  struct stat facts{};
  ASSERT_EQ(::lstat((folder / "a").c_str(), &facts), 0);
  EXPECT_TRUE(S_ISREG(facts.st_mode));
}

TEST(system_calls, set_aside_renames_and_syncs) {
  const scratch_folder folder;
  const std::string path = folder.put("a", "first");
  note_taker seen;
  EXPECT_TRUE(*set_aside(path));
  EXPECT_EQ(seen.calls, (calls{"rename", "sync folder"}));
  EXPECT_FALSE(*set_aside(path));
  EXPECT_EQ(content_of(folder / "a.old"), "first");
  folder.put("a", "second");
  EXPECT_TRUE(*set_aside(path));
  EXPECT_EQ(content_of(folder / "a.old"), "second");
  EXPECT_EQ(folder.files(), 1U);
  EXPECT_EQ(set_aside(folder / ".").error().kind, error_kind::io);
}

/// A file with this beginning and zeros, which take no room on the disk, up to its size.
std::string sparse(const scratch_folder& folder, std::uint64_t header_bytes, std::string_view header, std::uint64_t size) {
  std::string start(8, '\0');
  std::memcpy(start.data(), &header_bytes, 8);
  const std::string path = folder.put("sparse", start.append(header));
  EXPECT_EQ(::truncate(path.c_str(), static_cast<off_t>(size)), 0);
  return path;
}

TEST(system_calls, a_large_file_is_refused_by_its_header) {
  const scratch_folder folder;
  constexpr std::uint64_t size = std::uint64_t{1} << 32;
  const auto problem = [&](std::uint64_t header_bytes, std::string_view header) {
    const std::string path = sparse(folder, header_bytes, header, size);
    note_taker seen;
    const auto content = read_tensors(path);
    EXPECT_LT(seen.bytes_read, 1000U);
    return content ? "none" : content.error().message.substr(path.size() + 2);
  };
  EXPECT_EQ(problem(0, ""), "header does not begin with '{'");
  EXPECT_EQ(problem(90'000'000, ""), "header does not begin with '{'");
  EXPECT_EQ(problem(size, "{}"), "header of 4294967296 bytes, at most 100000000 are read");
  EXPECT_EQ(problem(2, "{}"), "the file has 4294967286 bytes of data, its tensors 0");
  const std::string_view two = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(problem(two.size(), two), "the file has 4294967234 bytes of data, its tensors 8");
  const std::string path = sparse(folder, 2, "{}", size + 1);
  EXPECT_EQ(read_tensors(path).error().message, path + ": more than 4294967296 bytes");
}

}  // namespace
