#include <zlib.h>

#include <algorithm>
#include <axiograd/core/guarded.hpp>
#include <axiograd/io/gzip.hpp>
#include <climits>
#include <cstdint>
#include <memory>
#include <new>

namespace axiograd::io {

namespace {

using bytes = std::vector<std::byte>;

struct end_inflation {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

/// Decompresses up to `most` bytes and one more, which shows that there are more; what is wrong with the data goes to
/// `problem`.
bytes inflated(std::span<const std::byte> packed, std::uint64_t most, std::string& problem) {
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, end_inflation> guard(&stream);

  bytes content;
  std::size_t used = 0, taken = 0;
  bool member_open = true;
  while (member_open && used <= most) {
    if (used == content.size()) {
      const std::uint64_t next = std::max<std::uint64_t>(2 * content.size(), 1 << 16);
      content.resize(static_cast<std::size_t>(std::min(next, most + 1)));
    }
    const std::size_t in = std::min<std::size_t>(packed.size() - taken, INT_MAX);
    const std::size_t out = std::min<std::size_t>(content.size() - used, INT_MAX);
    // zlib's type has no const; it does not write there.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data() + taken));
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
      problem = "gzip data end early";
      break;
    } else if (status != Z_OK) {
      problem = std::string("broken gzip data: ") + (stream.msg != nullptr ? stream.msg : "needs a dictionary");
      break;
    }
  }
  content.resize(used);
  return content;
}

}  // namespace

result<bytes> gunzip(const std::string& name, std::span<const std::byte> packed, std::uint64_t max_bytes) try {
  max_bytes = std::min(max_bytes, static_cast<std::uint64_t>(PTRDIFF_MAX) - 1);
  const std::uint64_t size = packed.size(), grown = std::max(free_gzip_bytes, most_gzip_growth * size);
  std::string problem;
  bytes content = inflated(packed, std::min(max_bytes, grown), problem);
  if (content.size() > max_bytes) return fail(error_kind::io, name + ": more than " + std::to_string(max_bytes) + " bytes");
  if (content.size() > grown)
    return fail(error_kind::invalid_file, name + ": gzip data of " + std::to_string(size) + " bytes grow to more than " +
                                              std::to_string(grown) + ", the most that is decompressed");
  if (!problem.empty()) return fail(error_kind::invalid_file, name + ": " + problem);
  return content;
} catch (const std::bad_alloc&) {
  return no_memory(name, "not enough memory to decompress it");
}

}  // namespace axiograd::io
