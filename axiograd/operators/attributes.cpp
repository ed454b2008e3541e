#include <algorithm>
#include <axiograd/operators/attributes.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

namespace axiograd {

namespace {

using numbers = std::vector<std::int64_t>;

template <class T>
T read(const void* attributes, std::uint32_t offset) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(attributes) + offset, sizeof value);
  return value;
}
template <class T>
void write(void* attributes, std::uint32_t offset, const T& value) {
  std::memcpy(static_cast<std::byte*>(attributes) + offset, &value, sizeof value);
}

std::string number_text(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  return fmt::format("{}", x);
}
std::string ratio_text(const ratio& r) {
  const double x = r.as<double>();
  const auto decimal = ratio::of_decimal(x);
  return decimal && *decimal == r ? number_text(x) : fmt::format("{}/{}", r.numerator, r.denominator);
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}
std::optional<double> number_of(std::string_view text) {
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty() || !std::isfinite(value)) return std::nullopt;
  return value;
}
std::optional<numbers> list_of_text(std::string_view text) {
  if (text.size() >= 2 && text.front() == '(' && text.back() == ')') text = text.substr(1, text.size() - 2);
  numbers list;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto entry = integer_of(text.substr(0, comma));
    if (!entry) return std::nullopt;
    list.push_back(*entry);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return list;
}

/// What a value of the attribute's kind looks like.
std::string expected(const attribute_record& a) {
  switch (a.kind) {
    case attribute_kind::boolean: return "true or false";
    case attribute_kind::integer: return "a whole number";
    case attribute_kind::axis: return "an axis, a whole number";
    case attribute_kind::number: return "a number";
    case attribute_kind::ratio: return "a decimal or a fraction, 1e-5 or 1/100000";
    case attribute_kind::extents: return fmt::format("a whole number, or {} of them, such as (2,2)", a.count);
    case attribute_kind::axes:
    case attribute_kind::list: return fmt::format("at most {} whole numbers, such as (2,3)", max_rank);
    case attribute_kind::choice: return fmt::format("one of {}", fmt::join(a.choices, ", "));
  }
  return {};
}

/// The text as a value of the attribute's kind.
std::optional<attribute_value> parse(const attribute_record& a, std::string_view text) {
  const auto as_value = [](const auto& found) { return found ? std::optional<attribute_value>(*found) : std::nullopt; };
  switch (a.kind) {
    case attribute_kind::boolean:
      if (text == "true" || text == "1") return attribute_value(true);
      if (text == "false" || text == "0") return attribute_value(false);
      return std::nullopt;
    case attribute_kind::integer:
    case attribute_kind::axis: return as_value(integer_of(text));
    case attribute_kind::number: return as_value(number_of(text));
    case attribute_kind::ratio: {
      if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        const auto above = integer_of(text.substr(0, slash)), below = integer_of(text.substr(slash + 1));
        if (!above || !below || *below == 0) return std::nullopt;
        return attribute_value(ratio{*above, *below});
      }
      return as_value(number_of(text));
    }
    case attribute_kind::extents:
    case attribute_kind::list:
    case attribute_kind::axes: return as_value(list_of_text(text));
    case attribute_kind::choice: return attribute_value(std::string(text));
  }
  return std::nullopt;
}

/// Writes the value; false where it is of another kind or does not fit.
bool put(const attribute_record& a, void* attributes, const attribute_value& value) {
  const auto* const whole = std::get_if<std::int64_t>(&value);
  switch (a.kind) {
    case attribute_kind::boolean:
      if (const auto* const b = std::get_if<bool>(&value)) return write(attributes, a.offset, *b), true;
      return false;
    case attribute_kind::integer:
    case attribute_kind::axis:
      if (whole == nullptr) return false;
      if (a.bytes == sizeof(std::int64_t)) return write(attributes, a.offset, *whole), true;
      if (*whole != static_cast<int>(*whole)) return false;
      return write(attributes, a.offset, static_cast<int>(*whole)), true;
    case attribute_kind::number:
      if (whole != nullptr) return write(attributes, a.offset, static_cast<double>(*whole)), true;
      if (const auto* const x = std::get_if<double>(&value)) return write(attributes, a.offset, *x), true;
      return false;
    case attribute_kind::ratio: {
      std::optional<ratio> r;
      if (whole != nullptr) r = ratio{*whole, 1};
      if (const auto* const x = std::get_if<double>(&value)) r = ratio::of_decimal(*x);
      if (const auto* const given = std::get_if<ratio>(&value); given != nullptr && given->denominator != 0) r = *given;
      return r ? (write(attributes, a.offset, *r), true) : false;
    }
    case attribute_kind::extents: {
      numbers list;
      if (whole != nullptr) list.assign(static_cast<std::size_t>(a.count), *whole);
      if (const auto* const given = std::get_if<numbers>(&value)) list = *given;
      if (list.size() == 1) list.assign(static_cast<std::size_t>(a.count), list[0]);
      if (list.size() != static_cast<std::size_t>(a.count)) return false;
      std::memcpy(static_cast<std::byte*>(attributes) + a.offset, list.data(), list.size() * sizeof(std::int64_t));
      return true;
    }
    case attribute_kind::list:
    case attribute_kind::axes: {
      const auto* const given = std::get_if<numbers>(&value);
      if (given == nullptr || given->size() > static_cast<std::size_t>(max_rank)) return false;
      shape s;
      for (const std::int64_t entry : *given) s.append(entry);
      return write(attributes, a.offset, s), true;
    }
    case attribute_kind::choice: {
      const auto* const word = std::get_if<std::string>(&value);
      if (word == nullptr) return false;
      const auto at = std::find_if(a.choices.begin(), a.choices.end(), [&](const char* c) { return *word == c; });
      if (at == a.choices.end()) return false;
      return write(attributes, a.offset, static_cast<unsigned char>(at - a.choices.begin())), true;
    }
  }
  return false;
}

nlohmann::ordered_json json_of(const attribute_value& value) {
  return std::visit(
      []<class V>(const V& v) -> nlohmann::ordered_json {
        if constexpr (std::same_as<V, double>) {
          if (!std::isfinite(v)) return number_text(v);
          return v;
        } else if constexpr (std::same_as<V, ratio>) {
          std::string text = ratio_text(v);
          if (const auto x = number_of(text); x && std::isfinite(*x)) return *x;
          return text;
        } else {
          return v;
        }
      },
      value);
}
/// The value of a JSON field; nothing where JSON's type is none of ours.
std::optional<attribute_value> value_of(const attribute_record& a, const nlohmann::ordered_json& field) {
  if (field.is_boolean()) return attribute_value(field.get<bool>());
  if (field.is_number_unsigned() &&
      field.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  if (field.is_number_integer()) return attribute_value(field.get<std::int64_t>());
  if (field.is_number()) return attribute_value(field.get<double>());
  if (field.is_string()) return parse(a, field.get_ref<const std::string&>());
  if (!field.is_array()) return std::nullopt;
  numbers list;
  for (const auto& entry : field) {
    if (!entry.is_number_integer()) return std::nullopt;
    list.push_back(entry.get<std::int64_t>());
  }
  return attribute_value(std::move(list));
}

}  // namespace

attribute_value get_attribute(const attribute_record& a, const void* attributes) {
  switch (a.kind) {
    case attribute_kind::boolean: return read<bool>(attributes, a.offset);
    case attribute_kind::integer:
    case attribute_kind::axis:
      if (a.bytes == sizeof(std::int64_t)) return read<std::int64_t>(attributes, a.offset);
      return std::int64_t{read<int>(attributes, a.offset)};
    case attribute_kind::number: return read<double>(attributes, a.offset);
    case attribute_kind::ratio: return read<ratio>(attributes, a.offset);
    case attribute_kind::extents: {
      numbers list(static_cast<std::size_t>(a.count));
      std::memcpy(list.data(), static_cast<const std::byte*>(attributes) + a.offset, list.size() * sizeof(std::int64_t));
      return list;
    }
    case attribute_kind::list:
    case attribute_kind::axes: {
      const shape s = read<shape>(attributes, a.offset);
      return numbers(s.begin(), s.end());
    }
    case attribute_kind::choice: break;
  }
  return std::string(a.choices[read<unsigned char>(attributes, a.offset)]);
}

std::string to_text(const attribute_value& value) {
  return std::visit(
      []<class V>(const V& v) -> std::string {
        if constexpr (std::same_as<V, double>)
          return number_text(v);
        else if constexpr (std::same_as<V, ratio>)
          return ratio_text(v);
        else if constexpr (std::same_as<V, numbers>)
          return fmt::format("({})", fmt::join(v, ","));
        else
          return fmt::format("{}", v);
      },
      value);
}

attribute_set::attribute_set(const op_record& op)
    : op_(&op), bytes_((op.defaults.size() + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t) + 1) {
  std::copy(op.defaults.begin(), op.defaults.end(), reinterpret_cast<std::byte*>(bytes_.data()));
  for (std::size_t i = 0; i < op.attributes.size(); ++i)
    if (!op.attributes[i].required) given_ |= std::uint64_t{1} << i;
}

const attribute_record* attribute_set::find(std::string_view name) const {
  const auto at = std::find_if(op_->attributes.begin(), op_->attributes.end(), [&](const auto& a) { return name == a.name; });
  return at == op_->attributes.end() ? nullptr : &*at;
}

result<void> attribute_set::set(std::string_view name, const attribute_value& value) {
  const attribute_record* const a = find(name);
  if (a == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& known : op_->attributes) names.emplace_back(known.name);
    return fail(error_kind::invalid_parameter,
                fmt::format("{}: there is no attribute '{}'; {}", op_->info.name.s, name,
                            names.empty() ? "it has none" : fmt::format("it has {}", fmt::join(names, ", "))));
  }
  if (!put(*a, bytes_.data(), value))
    return fail(error_kind::invalid_parameter,
                fmt::format("{}: {} cannot be {}, it is {}", op_->info.name.s, name, to_text(value), expected(*a)));
  given_ |= std::uint64_t{1} << (a - op_->attributes.data());
  return {};
}
result<void> attribute_set::set_text(std::string_view name, std::string_view text) {
  const attribute_record* const a = find(name);
  const auto value = a == nullptr ? std::optional<attribute_value>(std::string(text)) : parse(*a, text);
  if (!value)
    return fail(error_kind::invalid_parameter,
                fmt::format("{}: {} cannot be '{}', it is {}", op_->info.name.s, name, text, expected(*a)));
  return set(name, *value);
}

result<attribute_set> attribute_set::from_json(const op_record& op, std::string_view json) try {
  const auto object = nlohmann::ordered_json::parse(json, nullptr, false);
  if (!object.is_object())
    return fail(error_kind::invalid_parameter, fmt::format("{}: its attributes are not a JSON object", op.info.name.s));
  attribute_set set(op);
  for (const auto& [name, field] : object.items()) {
    const attribute_record* const a = set.find(name);
    const auto value = a == nullptr ? std::optional<attribute_value>(std::string()) : value_of(*a, field);
    if (!value)
      return fail(error_kind::invalid_parameter,
                  fmt::format("{}: {} cannot be {}, it is {}", op.info.name.s, name, field.dump(), expected(*a)));
    if (auto ok = set.set(name, *value); !ok) return tl::unexpected(ok.error());
  }
  return set;
} catch (const std::bad_alloc&) {
  return fail(error_kind::out_of_memory, std::string());
}

bool attribute_set::has(const attribute_record& which) const { return (given_ >> (&which - op_->attributes.data()) & 1) != 0; }
result<void> attribute_set::complete() const {
  std::vector<std::string_view> missing;
  for (const auto& a : op_->attributes)
    if (!has(a)) missing.emplace_back(a.name);
  if (missing.empty()) return {};
  return fail(error_kind::invalid_parameter, fmt::format("{}: {} must be given", op_->info.name.s, fmt::join(missing, ", ")));
}

std::string attribute_set::to_json() const {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& a : op_->attributes)
    if (has(a)) object[a.name] = json_of(get(a));
  return object.dump();
}
std::string attribute_set::text() const {
  std::string all;
  for (const auto& a : op_->attributes)
    if (has(a)) all += fmt::format("{}{}={}", all.empty() ? "" : ", ", a.name, to_text(get(a)));
  return all;
}

bool operator==(const attribute_set& a, const attribute_set& b) {
  return a.op_ == b.op_ && a.given_ == b.given_ && a.text() == b.text();
}
std::size_t attribute_set::hash() const { return std::hash<std::string>()(op_->info.name.s + ('(' + text())); }

template <class T>
result<tensor<T>> call(const attribute_set& attributes, std::span<const tensor<T>* const> in,
                       std::span<const index_tensor> side) {
  if (auto ok = attributes.complete(); !ok) return tl::unexpected(ok.error());
  return evaluate_tensors<T>(attributes.op().template table<T>(), attributes.data(), in, side);
}
template result<tensor<float>> call(const attribute_set&, std::span<const tensor<float>* const>, std::span<const index_tensor>);
template result<tensor<double>> call(const attribute_set&, std::span<const tensor<double>* const>,
                                     std::span<const index_tensor>);

}  // namespace axiograd
