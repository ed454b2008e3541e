#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <axiograd/io/file.hpp>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <system_error>

namespace axiograd::io {

namespace {

using bytes = std::vector<std::byte>;

tl::unexpected<error> system_failure(const std::string& path, const char* what, int number = errno) {
  return fail(error_kind::io, path + ": " + what + ": " + std::generic_category().message(number));
}

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() { close(); }
  explicit operator bool() const { return number_ >= 0; }
  int get() const { return number_; }
  bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// Repeats a call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  for (;;)
    if (const auto answer = call(); answer >= 0 || errno != EINTR) return answer;
}

result<bytes> too_long(const std::string& path, std::uint64_t max_bytes) {
  return fail(error_kind::io, path + ": more than " + std::to_string(max_bytes) + " bytes");
}

result<bytes> read_plain(const std::string& path, std::uint64_t max_bytes) {
  // Non-blocking, so that opening a pipe comes back; regular files do not care.
  const descriptor file(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (!file) return system_failure(path, "cannot be opened");
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return system_failure(path, "cannot be read");
  if (!S_ISREG(facts.st_mode)) return fail(error_kind::io, path + ": not a regular file");
  if (static_cast<std::uint64_t>(facts.st_size) > max_bytes) return too_long(path, max_bytes);

  bytes content(static_cast<std::size_t>(facts.st_size));
  for (std::size_t done = 0; done < content.size();) {
    const auto n = uninterrupted([&] { return ::read(file.get(), content.data() + done, content.size() - done); });
    if (n < 0) return system_failure(path, "cannot be read");
    if (n == 0) return fail(error_kind::io, path + ": became shorter while it was read");
    done += static_cast<std::size_t>(n);
  }
  return content;
}

struct end_inflation {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

/// All members of gzip data, checksums checked.
result<bytes> decompress(const std::string& path, bytes packed, std::uint64_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, end_inflation> guard(&stream);

  bytes content;
  std::size_t used = 0, taken = 0;
  bool member_open = true;
  while (member_open) {
    if (used == content.size()) {
      if (used > max_bytes) return too_long(path, max_bytes);
      // One byte over the limit shows that there is more.
      const std::uint64_t next = std::max<std::uint64_t>(2 * content.size(), 1 << 16);
      content.resize(static_cast<std::size_t>(std::min(next, max_bytes + 1)));
    }
    const std::size_t in = std::min<std::size_t>(packed.size() - taken, INT_MAX);
    const std::size_t out = std::min<std::size_t>(content.size() - used, INT_MAX);
    stream.next_in = reinterpret_cast<Bytef*>(packed.data() + taken);
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(content.data() + used);
    stream.avail_out = static_cast<uInt>(out);
    const int status = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    used += out - stream.avail_out;
    if (status == Z_STREAM_END) {
      member_open = taken < packed.size();
      if (member_open) inflateReset(&stream);
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status == Z_BUF_ERROR || (status == Z_OK && taken == packed.size() && stream.avail_out > 0)) {
      return fail(error_kind::invalid_file, path + ": gzip data end early");
    } else if (status != Z_OK) {
      return fail(error_kind::invalid_file,
                  path + ": broken gzip data: " + (stream.msg != nullptr ? stream.msg : "needs a dictionary"));
    }
  }
  if (used > max_bytes) return too_long(path, max_bytes);
  content.resize(used);
  return content;
}

/// A file beside its final place; removed unless it is renamed.
class temporary {
 public:
  temporary(int folder, mode_t mode) : folder_(folder) {
    static std::atomic<unsigned> made{0};
    do {
      name_ = ".axiograd-" + std::to_string(::getpid()) + "-" + std::to_string(made++) + ".tmp";
      file_.emplace(uninterrupted(
          [&] { return ::openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode); }));
    } while (!*file_ && errno == EEXIST);
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
  bool finish() {
    return uninterrupted([&] { return ::fsync(file_->get()); }) == 0 && file_->close();
  }
  bool rename_to(const std::string& name) {
    if (::renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) return false;
    there_ = false;
    return true;
  }

 private:
  int folder_;
  std::string name_;
  std::optional<descriptor> file_;
  bool there_ = false;
};

/// The path behind symbolic links; the path itself where nothing is there yet.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : path;
}

}  // namespace

result<bytes> read_file(const std::string& path, std::uint64_t max_bytes) try {
  max_bytes = std::min(max_bytes, static_cast<std::uint64_t>(PTRDIFF_MAX) - 1);
  result<bytes> content = read_plain(path, max_bytes);
  if (!content || !path.ends_with(".gz")) return content;
  return decompress(path, std::move(*content), max_bytes);
} catch (const std::bad_alloc&) {
  return fail(error_kind::out_of_memory, path + ": not enough memory to read it");
}

result<void> write_file_atomically(const std::string& path, byte_chunks chunks) {
  const std::string target = resolved(path);
  const std::size_t slash = target.rfind('/');
  const std::string folder_name = slash == std::string::npos ? "." : target.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? target : target.substr(slash + 1);
  if (name.empty()) return fail(error_kind::io, path + ": not the name of a file");

  const descriptor folder(uninterrupted([&] { return ::open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!folder) return system_failure(path, "the folder cannot be opened");
  struct stat facts{};
  const bool exists = ::fstatat(folder.get(), name.c_str(), &facts, 0) == 0;
  if (exists && !S_ISREG(facts.st_mode)) return fail(error_kind::io, path + ": not a regular file");

  temporary file(folder.get(), 0666);
  if (!file.opened()) return system_failure(path, "cannot be written");
  if (exists && !file.keep_mode(facts.st_mode & 0777)) return system_failure(path, "cannot be written");
  for (const std::span<const std::byte> chunk : chunks)
    if (!file.write(chunk)) return system_failure(path, "cannot be written");
  if (!file.finish()) return system_failure(path, "cannot be written");
  if (!file.rename_to(name)) return system_failure(path, "cannot be replaced");
  // Some file systems cannot sync a folder and say so with EINVAL.
  if (uninterrupted([&] { return ::fsync(folder.get()); }) != 0 && errno != EINVAL)
    return system_failure(path, "is written, but its folder cannot be synced");
  return {};
}

result<void> write_file_atomically(const std::string& path, std::span<const std::byte> data) {
  return write_file_atomically(path, byte_chunks(&data, 1));
}

}  // namespace axiograd::io
