// Tensors of a file as another number type.

#include <axiograd/io/excerpt.hpp>
#include <axiograd/io/safetensors.hpp>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace axiograd::io {

namespace {

/// IEEE 754 binary16: 1, 5 and 10 bits. Every value is a float.
float of_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const float size = exponent == 31  ? (fraction == 0 ? std::numeric_limits<float>::infinity() : std::nanf(""))
                     : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                     : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  return (bits >> 15) != 0 ? -size : size;
}
/// bfloat16: the upper half of a float.
float of_bfloat(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// A stored number as T; nothing if T has none near it.
template <class T, class From>
std::optional<T> as(From x) {
  if constexpr (std::is_floating_point_v<T>) {
    const T y = static_cast<T>(x);
    return std::isinf(y) && !std::isinf(x) ? std::nullopt : std::optional(y);
  } else if constexpr (std::is_floating_point_v<From>) {
    constexpr auto most = static_cast<From>(std::int64_t{1} << 53);
    return x == std::trunc(x) && std::abs(x) <= most ? std::optional(static_cast<T>(x)) : std::nullopt;
  } else {
    return std::in_range<T>(x) ? std::optional(static_cast<T>(x)) : std::nullopt;
  }
}

/// Reads entries of `Bits`, each taken for the number that `number_of` says, into a tensor of T.
template <class T, class Bits, class F>
result<tensor<T>> read_as(const std::string& name, const stored_tensor& stored, const F& number_of) {
  const std::span<const std::byte> bytes = stored.bytes();
  if (bytes.size() != static_cast<std::size_t>(stored.shape().size()) * sizeof(Bits))
    return fail(error_kind::invalid_file, "tensor " + excerpt(name) + ": " + std::to_string(bytes.size()) +
                                              " bytes do not fit shape " + to_string(stored.shape()));
  tensor<T> t = tensor<T>::uninitialised(stored.shape());
  T* const to = t.mutable_data();
  for (int64_t i = 0; i < t.size(); ++i) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + static_cast<std::size_t>(i) * sizeof(Bits), sizeof(Bits));
    const auto number = number_of(bits);
    const std::optional<T> converted = as<T>(number);
    if (!converted)
      return fail(error_kind::invalid_file, "tensor " + excerpt(name) + ": entry " + std::to_string(i) + ", " +
                                                std::to_string(number) + " as " + stored.dtype() + ", is no " + dtype_of<T>);
    to[i] = *converted;
  }
  return t;
}

constexpr auto itself = [](auto number) { return number; };

}  // namespace

template <storable T>
result<tensor<T>> tensor_file::convert(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.dtype() == dtype_of<T>) return get<T>(name);
  const stored_tensor& stored = found->second;
  const std::string& dtype = stored.dtype();
  if (dtype == "F16") return read_as<T, std::uint16_t>(name, stored, of_half);
  if (dtype == "BF16") return read_as<T, std::uint16_t>(name, stored, of_bfloat);
  if (dtype == "F32") return read_as<T, float>(name, stored, itself);
  if (dtype == "F64") return read_as<T, double>(name, stored, itself);
  if constexpr (std::same_as<T, int64_t>) {
    if (dtype == "I8") return read_as<T, std::int8_t>(name, stored, itself);
    if (dtype == "U8") return read_as<T, std::uint8_t>(name, stored, itself);
    if (dtype == "I16") return read_as<T, std::int16_t>(name, stored, itself);
    if (dtype == "U16") return read_as<T, std::uint16_t>(name, stored, itself);
    if (dtype == "I32") return read_as<T, std::int32_t>(name, stored, itself);
    if (dtype == "U32") return read_as<T, std::uint32_t>(name, stored, itself);
    if (dtype == "U64") return read_as<T, std::uint64_t>(name, stored, itself);
  }
  return get<T>(name);  // its error says which dtype was expected
}

template result<tensor<float>> tensor_file::convert<float>(const std::string&) const;
template result<tensor<double>> tensor_file::convert<double>(const std::string&) const;
template result<tensor<int64_t>> tensor_file::convert<int64_t>(const std::string&) const;

}  // namespace axiograd::io
