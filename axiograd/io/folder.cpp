#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <axiograd/io/folder.hpp>
#include <memory>
#include <string_view>
#include <vector>

namespace axiograd::io {

namespace {

bool lock(const descriptor& file) {
  return uninterrupted([&] { return ::flock(file.get(), LOCK_EX | LOCK_NB); }) == 0;
}

/// " (1234)": the number that the owner of a lock has left in its file, if it is one.
std::string owner_text(const descriptor& file) {
  std::array<char, 20> text{};
  const auto n = uninterrupted([&] { return ::pread(file.get(), text.data(), text.size(), 0); });
  const std::string_view found(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  const std::string_view digits = found.substr(0, found.find_first_not_of("0123456789"));
  return digits.empty() || digits.size() == found.size() ? "" : " (" + std::string(digits) + ")";
}

/// ".axiograd-PROCESS-NUMBER.tmp", as write_file_atomically names its temporaries.
bool is_temporary(std::string_view name) {
  constexpr std::string_view begin = ".axiograd-", end = ".tmp";
  if (!name.starts_with(begin) || !name.ends_with(end)) return false;
  name = name.substr(begin.size(), name.size() - begin.size() - end.size());
  const auto number = [&] {
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    name.remove_prefix(digits);
    return digits > 0;
  };
  if (!number() || !name.starts_with('-')) return false;
  name.remove_prefix(1);
  return number() && name.empty();
}

/// Removes a temporary unless somebody is writing it. Who writes one has it locked from its first moment on.
bool remove_orphan(int folder, const std::string& name) {
  const descriptor file(
      uninterrupted([&] { return ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  struct stat facts{};
  if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_uid != ::geteuid()) return false;
  return lock(file) && ::unlinkat(folder, name.c_str(), 0) == 0;
}

struct close_listing {
  void operator()(DIR* listing) const { ::closedir(listing); }
};

}  // namespace

result<folder_lock> folder_lock::take(const std::string& folder) {
  const std::string path = folder + "/.axiograd.lock";
  descriptor file(
      uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666); }));
  if (!file) return system_failure(path, "cannot be opened");
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return fail(error_kind::io, path + ": not a regular file");
  if (!lock(file)) {
    if (errno != EWOULDBLOCK) return system_failure(path, "cannot be locked");
    return fail(error_kind::io, folder + ": in use by another process" + owner_text(file));
  }
  // For the message above only: what cannot be written is no error.
  const std::string owner = std::to_string(::getpid()) + "\n";
  [[maybe_unused]] const bool told = ::ftruncate(file.get(), 0) == 0 && ::pwrite(file.get(), owner.data(), owner.size(), 0) > 0;
  return folder_lock(std::move(file));
}

result<int> remove_orphans(const std::string& folder) {
  const std::unique_ptr<DIR, close_listing> listing(::opendir(folder.c_str()));
  if (!listing) return system_failure(folder, "the folder cannot be read");
  std::vector<std::string> names;  // first all names: what is removed during a listing may upset it
  while (const dirent* const entry = ::readdir(listing.get()))
    if (is_temporary(entry->d_name)) names.emplace_back(entry->d_name);
  int removed = 0;
  for (const std::string& name : names) removed += remove_orphan(::dirfd(listing.get()), name) ? 1 : 0;
  return removed;
}

}  // namespace axiograd::io
