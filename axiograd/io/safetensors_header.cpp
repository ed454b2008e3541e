#include <algorithm>
#include <array>
#include <axiograd/io/excerpt.hpp>
#include <axiograd/io/safetensors_header.hpp>
#include <limits>
#include <nlohmann/json.hpp>

namespace axiograd::io {

namespace {

constexpr std::string_view metadata_key = "__metadata__";

/// Fills a header from the events of the JSON parser; the first event out of place ends the parsing with a message.
class header_reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  header_reader(tensor_header& header, const tensor_limits& limits) : header_(header), limits_(limits) {}

  std::string problem;
  error_kind kind = error_kind::invalid_file;

  bool start_object(std::size_t) override {
    if (at_ == place::start) return go(place::names);
    if (at_ == place::tensor) return go(place::fields);
    if (at_ == place::metadata) return go(place::texts);
    return misplaced("an object");
  }
  bool key(std::string& name) override {
    if (at_ == place::names) return begin_entry(name);
    if (at_ == place::texts) {
      const auto [found, fresh] = header_.metadata.try_emplace(name);
      text_ = &found->second;
      if (!fresh) return refuse("metadata key " + excerpt(name) + " appears twice");
      return go(place::text);
    }
    constexpr std::array<std::string_view, 3> fields{"dtype", "shape", "data_offsets"};
    const auto field = static_cast<std::size_t>(std::find(fields.begin(), fields.end(), name) - fields.begin());
    if (field == fields.size()) return refuse("tensor " + excerpt(name_) + ": unknown key " + excerpt(name));
    if (std::exchange(seen_[field], true))
      return refuse("tensor " + excerpt(name_) + ": key " + excerpt(name) + " appears twice");
    return go(std::array{place::dtype, place::shape, place::offsets}[field]);
  }
  bool string(std::string& value) override {
    if (at_ == place::text) {
      *text_ = std::move(value);
      return go(place::texts);
    }
    if (at_ != place::dtype) return misplaced("a text");
    const auto allowed = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    if (value.empty() || value.size() > 16 || !std::all_of(value.begin(), value.end(), allowed))
      return refuse("tensor " + excerpt(name_) + ": dtype " + excerpt(value) + " is no name");
    entry_->dtype = std::move(value);
    return go(place::fields);
  }
  bool start_array(std::size_t) override {
    if (at_ == place::shape) return go(place::extents);
    if (at_ == place::offsets) return go(place::bounds);
    return misplaced("an array");
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (at_ == place::bounds) {
      if (bounds_ == 2) return refuse("tensor " + excerpt(name_) + ": more than 2 data_offsets");
      (bounds_++ == 0 ? entry_->begin : entry_->end) = value;
      return true;
    }
    if (at_ != place::extents) return misplaced("a number");
    if (value > static_cast<std::uint64_t>(shape::overflow))
      return refuse("tensor " + excerpt(name_) + ": extent " + std::to_string(value) + " is too large");
    if (entry_->dims.rank >= std::min(limits_.rank, max_rank)) {
      kind = error_kind::rank_limit;
      return refuse("tensor " + excerpt(name_) + ": more than " + std::to_string(entry_->dims.rank) + " axes");
    }
    entry_->dims.append(static_cast<int64_t>(value));
    return true;
  }
  bool end_array() override {
    if (at_ == place::bounds && bounds_ != 2) return refuse("tensor " + excerpt(name_) + ": fewer than 2 data_offsets");
    return go(place::fields);
  }
  bool end_object() override {
    if (at_ == place::fields && !(seen_[0] && seen_[1] && seen_[2]))
      return refuse("tensor " + excerpt(name_) + ": dtype, shape or data_offsets is missing");
    return go(at_ == place::names ? place::end : place::names);
  }

  bool null() override { return misplaced("null"); }
  bool boolean(bool) override { return misplaced("a truth value"); }
  bool number_integer(number_integer_t value) override { return misplaced("the number " + std::to_string(value)); }
  bool number_float(number_float_t, const std::string& text) override { return misplaced("the number " + excerpt(text, 24)); }
  bool binary(binary_t&) override { return misplaced("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("header is not well-formed JSON at byte " + std::to_string(position));
  }

 private:
  enum class place { start, names, metadata, texts, text, tensor, fields, dtype, shape, extents, offsets, bounds, end };

  bool go(place next) {
    at_ = next;
    return true;
  }
  bool refuse(std::string text) {
    problem = std::move(text);
    return false;
  }
  bool misplaced(const std::string& what) {
    if (at_ == place::start) return refuse("header is " + what + ", expected an object");
    if (at_ == place::text) return refuse("metadata values must be texts, found " + what);
    if (at_ == place::metadata) return refuse("__metadata__ is " + what + ", expected an object");
    const char* const expected = at_ == place::tensor    ? "an object"
                                 : at_ == place::dtype   ? "a dtype"
                                 : at_ == place::shape   ? "a shape"
                                 : at_ == place::offsets ? "data_offsets"
                                                         : "whole numbers";
    return refuse("tensor " + excerpt(name_) + ": found " + what + ", expected " + expected);
  }
  bool begin_entry(const std::string& name) {
    if (name == metadata_key) {
      if (std::exchange(metadata_seen_, true)) return refuse("__metadata__ appears twice");
      return go(place::metadata);
    }
    if (const char* const text = name_problem(name, limits_)) return refuse("tensor " + excerpt(name) + ": " + text);
    if (header_.entries.size() >= limits_.tensors) return refuse("more than " + std::to_string(limits_.tensors) + " tensors");
    const auto [found, fresh] = header_.entries.try_emplace(name);
    if (!fresh) return refuse("tensor " + excerpt(name) + " appears twice");
    name_ = name;
    entry_ = &found->second;
    seen_ = {};
    bounds_ = 0;
    return go(place::tensor);
  }

  tensor_header& header_;
  const tensor_limits& limits_;
  place at_ = place::start;
  std::string name_;
  header_entry* entry_ = nullptr;
  std::string* text_ = nullptr;
  std::array<bool, 3> seen_{};
  int bounds_ = 0;
  bool metadata_seen_ = false;
};

/// Whether the entries, in the order of their offsets, cover the data exactly; what is wrong otherwise.
std::string tiling_problem(const tensor_header& header, std::uint64_t data_bytes) {
  std::vector<const std::pair<const std::string, header_entry>*> order;
  order.reserve(header.entries.size());
  for (const auto& entry : header.entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t covered = 0;
  for (const auto* entry : order) {
    const auto& [name, e] = *entry;
    if (e.begin != covered)
      return "tensor " + excerpt(name) + ": data begin at byte " + std::to_string(e.begin) +
             (e.begin < covered ? ", an overlap" : ", a hole") + ": expected " + std::to_string(covered);
    covered = e.end;  // begin <= end <= data_bytes was checked
  }
  if (covered != data_bytes)
    return "the file has " + std::to_string(data_bytes) + " bytes of data, its tensors " + std::to_string(covered);
  return {};
}

}  // namespace

int bits_of(std::string_view dtype) {
  constexpr std::array<std::pair<std::string_view, int>, 20> known{{
      {"F64", 64},    {"I64", 64},    {"U64", 64}, {"C64", 64},    {"F32", 32},    {"I32", 32}, {"U32", 32},
      {"F16", 16},    {"BF16", 16},   {"I16", 16}, {"U16", 16},    {"I8", 8},      {"U8", 8},   {"F8_E4M3", 8},
      {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"BOOL", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
  }};
  const auto* const found = std::find_if(known.begin(), known.end(), [&](const auto& entry) { return entry.first == dtype; });
  return found == known.end() ? 0 : found->second;
}

const char* name_problem(std::string_view name, const tensor_limits& limits) {
  if (name.empty()) return "a name must not be empty";
  if (name.size() > limits.name_bytes) return "the name is too long";
  if (name == metadata_key) return "the name is reserved";
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 127; }))
    return "the name has control characters";
  return nullptr;
}

std::string entry_problem(const header_entry& entry) {
  if (entry.begin > entry.end)
    return "data_offsets " + std::to_string(entry.begin) + " and " + std::to_string(entry.end) + " are the wrong way round";
  // Zeros aside, the extents' product must fit as well: nobody has to multiply with care later.
  std::uint64_t entries = 1, bits = 0;
  bool too_large = false, none = false;
  for (const int64_t extent : entry.dims) {
    none = none || extent == 0;
    too_large =
        too_large || __builtin_mul_overflow(entries, static_cast<std::uint64_t>(std::max<int64_t>(extent, 1)), &entries);
  }
  const int each = bits_of(entry.dtype);
  too_large = too_large || entries >= static_cast<std::uint64_t>(shape::overflow) ||
              __builtin_mul_overflow(entries, static_cast<std::uint64_t>(each), &bits);
  if (too_large) return "shape " + to_string(entry.dims) + " is too large";
  if (each == 0) return {};  // only who reads the tensor can tell
  const std::uint64_t bytes = none ? 0 : bits / 8, found = entry.end - entry.begin;
  if (bytes != found || (!none && bits % 8 != 0))
    return "shape " + to_string(entry.dims) + " of " + entry.dtype + " takes " + std::to_string(bytes) +
           " bytes, data_offsets give " + std::to_string(found);
  return {};
}

result<tensor_header> parse_header(const std::string& file, std::string_view json, std::uint64_t data_bytes,
                                   const tensor_limits& limits) {
  const auto broken = [&](const std::string& text) { return fail(error_kind::invalid_file, file + ": " + text); };
  // The parser would take a zero byte for the end and ignore what follows.
  if (const std::size_t zero = json.find('\0'); zero != std::string_view::npos)
    return broken("header has a zero byte at byte " + std::to_string(zero));
  tensor_header header;
  header_reader reader(header, limits);
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader)) return fail(reader.kind, file + ": " + reader.problem);
  for (const auto& [name, entry] : header.entries) {
    if (const std::string text = entry_problem(entry); !text.empty()) return broken("tensor " + excerpt(name) + ": " + text);
    if (entry.end > data_bytes)
      return broken("tensor " + excerpt(name) + ": data end at byte " + std::to_string(entry.end) + ", the file has " +
                    std::to_string(data_bytes));
  }
  if (const std::string text = tiling_problem(header, data_bytes); !text.empty()) return broken(text);
  return header;
}

namespace {
/// A text in quotes. A value by itself: the destructor of a JSON object or array allocates, and ends the program where it
/// cannot.
void put_text(std::string& json, const std::string& text) { json += nlohmann::json(text).dump(); }

template <class Numbers>
void put_list(std::string& json, const Numbers& numbers) {
  char before = '[';
  for (const auto number : numbers) {
    json += std::exchange(before, ',');
    json += std::to_string(number);
  }
  json += before == '[' ? "[]" : "]";
}
}  // namespace

result<std::string> format_header(const std::vector<std::pair<std::string, header_entry>>& entries,
                                  const std::map<std::string, std::string>& metadata) try {
  std::string json;
  const auto key = [&](const std::string& name) {
    if (json.back() != '{') json += ',';
    put_text(json, name);
    json += ':';
  };
  json += '{';
  if (!metadata.empty()) {
    key(std::string(metadata_key));
    json += '{';
    for (const auto& [name, text] : metadata) {
      key(name);
      put_text(json, text);
    }
    json += '}';
  }
  for (const auto& [name, e] : entries) {
    key(name);
    json += "{\"dtype\":";
    put_text(json, e.dtype);
    json += ",\"shape\":";
    put_list(json, e.dims);
    json += ",\"data_offsets\":";
    put_list(json, std::array{e.begin, e.end});
    json += '}';
  }
  json += '}';
  json.resize((json.size() + 7) / 8 * 8, ' ');
  return json;
} catch (const nlohmann::json::exception&) {
  return fail(error_kind::invalid_parameter, "a name or a text of the metadata is not UTF-8");
}

}  // namespace axiograd::io
