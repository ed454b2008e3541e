#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <axiograd/core/guarded.hpp>
#include <axiograd/io/file.hpp>
#include <axiograd/io/gzip.hpp>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

namespace axiograd::io {

namespace {

using bytes = std::vector<std::byte>;

/// A file beside its final place; removed unless it is renamed. It is locked as long as it is open, so that who cleans the
/// folder (remove_orphans) can tell it from one that a killed process left.
class temporary {
 public:
  temporary(int folder, mode_t mode) : folder_(folder) {
    static std::atomic<unsigned> made{0};
    do {
      name_ = ".axiograd-" + std::to_string(::getpid()) + "-" + std::to_string(made++) + ".tmp";
      file_.emplace(uninterrupted(
          [&] { return ::openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode); }));
    } while (*file_ ? !claimed() : errno == EEXIST);
    there_ = static_cast<bool>(*file_);
  }
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;
  ~temporary() {
    const int number = errno;
    if (there_) ::unlinkat(folder_, name_.c_str(), 0);
    errno = number;
  }

  bool opened() const { return there_; }
  bool keep_mode(mode_t mode) { return ::fchmod(file_->get(), mode) == 0; }
  bool write(std::span<const std::byte> data) {
    while (!data.empty()) {
      const auto n = uninterrupted([&] { return ::write(file_->get(), data.data(), data.size()); });
      if (n < 0) return false;
      data = data.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool sync() {
    return uninterrupted([&] { return ::fsync(file_->get()); }) == 0;
  }
  bool rename_to(const std::string& name) {
    if (::renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) return false;
    there_ = false;
    return true;
  }

 private:
  /// False if somebody cleaned the file away before it was locked. A file system without locks has nobody who cleans.
  bool claimed() const {
    if (uninterrupted([&] { return ::flock(file_->get(), LOCK_EX | LOCK_NB); }) != 0) return errno != EWOULDBLOCK;
    struct stat facts{};
    return ::fstat(file_->get(), &facts) != 0 || facts.st_nlink > 0;
  }

  int folder_;
  std::string name_;
  std::optional<descriptor> file_;
  bool there_ = false;
};

/// The path behind symbolic links; the path itself where nothing is there yet.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real && errno == ENOMEM) throw std::bad_alloc();  // the path may be a link: it must not be replaced
  return real ? std::string(real.get()) : path;
}

std::pair<std::string, std::string> folder_and_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

descriptor open_folder(const std::string& name) {
  return descriptor(uninterrupted([&] { return ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

/// Some file systems cannot sync a folder and say so with EINVAL.
bool sync_folder(const descriptor& folder) {
  return uninterrupted([&] { return ::fsync(folder.get()); }) == 0 || errno == EINVAL;
}

}  // namespace

result<file_reader> file_reader::open(const std::string& path, std::uint64_t max_bytes) {
  // Non-blocking, so that opening a pipe comes back; regular files do not care.
  descriptor file(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (!file) return system_failure(path, "cannot be opened");
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return system_failure(path, "cannot be read");
  if (!S_ISREG(facts.st_mode)) return fail(error_kind::io, path + ": not a regular file");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (size > max_bytes) return fail(error_kind::io, path + ": more than " + std::to_string(max_bytes) + " bytes");
  return file_reader(path, std::move(file), size);
}

result<void> file_reader::read(std::span<std::byte> to) {
  while (!to.empty()) {
    const auto n = uninterrupted([&] { return ::read(file_.get(), to.data(), to.size()); });
    if (n < 0) return system_failure(path_, "cannot be read");
    if (n == 0) return fail(error_kind::io, path_ + ": became shorter while it was read");
    to = to.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

result<bytes> read_file(const std::string& path, std::uint64_t max_bytes) try {
  result<file_reader> file = file_reader::open(path, max_bytes);
  if (!file) return tl::unexpected<error>(std::move(file).error());
  bytes content(static_cast<std::size_t>(file->size()));
  if (const result<void> read = file->read(content); !read) return tl::unexpected<error>(read.error());
  if (!path.ends_with(".gz")) return content;
  return gunzip(path, content, max_bytes);
} catch (const std::bad_alloc&) {
  return no_memory(path, "not enough memory to read it");
}

result<void> write_file_atomically(const std::string& path, byte_chunks chunks) try {
  const auto [folder_name, name] = folder_and_name(resolved(path));
  if (name.empty()) return fail(error_kind::io, path + ": not the name of a file");

  const descriptor folder = open_folder(folder_name);
  if (!folder) return system_failure(path, "the folder cannot be opened");
  struct stat facts{};
  const bool exists = ::fstatat(folder.get(), name.c_str(), &facts, 0) == 0;
  if (exists && !S_ISREG(facts.st_mode)) return fail(error_kind::io, path + ": not a regular file");

  temporary file(folder.get(), 0666);
  if (!file.opened()) return system_failure(path, "cannot be written");
  if (exists && !file.keep_mode(facts.st_mode & 0777)) return system_failure(path, "cannot be written");
  for (const std::span<const std::byte> chunk : chunks)
    if (!file.write(chunk)) return system_failure(path, "cannot be written");
  if (!file.sync()) return system_failure(path, "cannot be written");
  if (!file.rename_to(name)) return system_failure(path, "cannot be replaced");
  if (!sync_folder(folder)) return system_failure(path, "is written, but its folder cannot be synced");
  return {};
} catch (const std::bad_alloc&) {
  return no_memory(path, "not enough memory to write it");
}

result<void> write_file_atomically(const std::string& path, std::span<const std::byte> data) {
  return write_file_atomically(path, byte_chunks(&data, 1));
}

result<bool> set_aside(const std::string& path) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return false;
    return system_failure(path, "cannot be looked at");
  }
  if (S_ISDIR(facts.st_mode)) return fail(error_kind::io, path + ": is a folder");
  const auto [folder_name, name] = folder_and_name(path);
  const descriptor folder = open_folder(folder_name);
  if (!folder) return system_failure(path, "the folder cannot be opened");
  if (::renameat(folder.get(), name.c_str(), folder.get(), (name + ".old").c_str()) != 0)
    return system_failure(path, "cannot be renamed");
  if (!sync_folder(folder)) return system_failure(path, "is renamed, but its folder cannot be synced");
  return true;
}

}  // namespace axiograd::io
