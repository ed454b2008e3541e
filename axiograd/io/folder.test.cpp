#include <axiograd/io/file.hpp>
#include <axiograd/io/folder.hpp>
#include <axiograd/io/scratch.test.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <set>

using namespace axiograd;
using namespace axiograd::io;

namespace {

std::set<std::string> names_in(const scratch_folder& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / ".")) names.insert(entry.path().filename());
  return names;
}

void kill_and_wait(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
}

TEST(folder_lock, one_at_a_time) {
  const scratch_folder folder;
  const std::string path = folder / ".";
  {
    const auto first = folder_lock::take(path);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(folder_lock::take(path).error(),
              (error{error_kind::io, path + ": in use by another process (" + std::to_string(::getpid()) + ")"}));
  }
  EXPECT_TRUE(folder_lock::take(path));
  EXPECT_EQ(folder_lock::take(folder / "absent").error().kind, error_kind::io);
}

TEST(folder_lock, ends_with_a_process_that_is_killed) {
  const scratch_folder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = folder_lock::take(folder / ".");
    const char answer = lock ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_NE(folder_lock::take(folder / ".").error().message.find("(" + std::to_string(child) + ")"), std::string::npos);
  kill_and_wait(child);
  EXPECT_TRUE(folder_lock::take(folder / "."));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(folder_lock, its_file_is_no_link_and_no_pipe) {
  const scratch_folder folder;
  const std::string victim = folder.put("victim", "untouched"), file = folder / ".axiograd.lock";
  ASSERT_EQ(::symlink("victim", file.c_str()), 0);
  EXPECT_FALSE(folder_lock::take(folder / "."));
  EXPECT_EQ(content_of(victim), "untouched");
  ASSERT_EQ(::unlink(file.c_str()), 0);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_NE(folder_lock::take(folder / ".").error().message.find("not a regular file"), std::string::npos);
  ASSERT_EQ(::unlink(file.c_str()), 0);
  folder.put(".axiograd.lock", "noise\x01");  // what somebody wrote there does not matter
  const auto lock = folder_lock::take(folder / ".");
  EXPECT_TRUE(lock);
}

TEST(remove_orphans, only_temporaries_of_ours_that_nobody_writes) {
  const scratch_folder folder;
  for (const char* name : {".axiograd-1-0.tmp", ".axiograd-999999-12.tmp", ".axiograd--1.tmp", ".axiograd-1-.tmp",
                           ".axiograd-1-2.tmp.old", ".axiograd-1.tmp", "axiograd-1-2.tmp", ".axiograd-a-1.tmp",
                           ".axiograd-1-2-3.tmp", ".axiograd.lock", "model.safetensors", ".axiograd-5-5.tmp"})
    folder.put(name, "x");
  ASSERT_EQ(::mkdir((folder / ".axiograd-2-2.tmp").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("model.safetensors", (folder / ".axiograd-3-3.tmp").c_str()), 0);
  ASSERT_EQ(::mkfifo((folder / ".axiograd-4-4.tmp").c_str(), 0600), 0);
  const descriptor writing(::open((folder / ".axiograd-5-5.tmp").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(writing.get(), LOCK_EX), 0);
  std::set<std::string> expected = names_in(folder);
  expected.erase(".axiograd-1-0.tmp");
  expected.erase(".axiograd-999999-12.tmp");
  EXPECT_EQ(*remove_orphans(folder / "."), 2);
  EXPECT_EQ(names_in(folder), expected);
  EXPECT_EQ(remove_orphans(folder / "absent").error().kind, error_kind::io);
}

TEST(remove_orphans, what_killed_writers_left) {
  const scratch_folder folder;
  const std::string content(400'000, 'a');
  int left = 0;
  for (int kill = 0; kill < 200 && left == 0; ++kill) {
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0)
      while (write_file_atomically(folder / "a", bytes_of(content))) continue;
    ::usleep(static_cast<useconds_t>(1000 + 137 * kill));
    kill_and_wait(writer);
    left = static_cast<int>(folder.files()) - (std::filesystem::exists(folder / "a") ? 1 : 0);
  }
  ASSERT_GT(left, 0) << "no kill of 200 hit a write";
  EXPECT_EQ(*remove_orphans(folder / "."), left);
  EXPECT_LE(folder.files(), 1U);
}

TEST(remove_orphans, never_disturbs_who_writes) {
  const scratch_folder folder;
  const pid_t writer = ::fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) {
    for (int i = 0; i < 300; ++i)
      if (!write_file_atomically(folder / "a", bytes_of("content"))) ::_exit(1);
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(writer, &status, WNOHANG) == 0) EXPECT_TRUE(remove_orphans(folder / "."));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "a write failed while orphans were removed";
  EXPECT_EQ(content_of(folder / "a"), "content");
}

}  // namespace
