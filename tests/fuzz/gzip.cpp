#include "fuzz.hpp"

#include <axiograd/io/gzip.hpp>
#include <zlib.h>

#include <algorithm>

using namespace axiograd;

namespace {

constexpr std::uint64_t most = 1 << 21;

std::vector<std::byte> packed(fuzz::bytes plain) {
  z_stream stream{};
  fuzz::require(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib starts");
  std::vector<std::byte> out(deflateBound(&stream, static_cast<uLong>(plain.size())));
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  fuzz::require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib compresses");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// Data as gzip would have framed them, with the right checksum where they are a whole deflate stream: a change of the data
/// does not die of it.
std::vector<std::byte> with_right_checksum(fuzz::bytes file) {
  constexpr std::size_t head = 10, tail = 8;
  std::vector<std::byte> repaired(file.begin(), file.end());
  if (file.size() < head + tail || file[3] != std::byte{0}) return repaired;
  std::vector<Bytef> plain(1 << 16);
  z_stream stream{};
  fuzz::require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib starts");
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(file.data() + head));
  stream.avail_in = static_cast<uInt>(file.size() - head);
  stream.next_out = plain.data();
  stream.avail_out = static_cast<uInt>(plain.size());
  if (inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in >= tail) {
    const std::uint32_t words[]{static_cast<std::uint32_t>(crc32(0, plain.data(), static_cast<uInt>(stream.total_out))),
                                static_cast<std::uint32_t>(stream.total_out)};
    std::memcpy(repaired.data() + (file.size() - stream.avail_in), words, tail);
  }
  inflateEnd(&stream);
  return repaired;
}

void read(fuzz::bytes file) {
  const auto content = io::gunzip("f", file, most);
  if (!content) return fuzz::require_answer(content.error());
  fuzz::require(content->size() <= std::min(most, std::max(io::free_gzip_bytes, io::most_gzip_growth * file.size())),
                "no more is decompressed than the limits allow");
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::bytes file = std::as_bytes(std::span(data, size));
  read(file);
  read(with_right_checksum(file));
  const auto same = io::gunzip("f", packed(file), most);
  fuzz::require(same && std::ranges::equal(*same, file), "what is compressed comes back the same");
  return 0;
}
