#pragma once
// Named tensors in a file that Python's `safetensors` reads and writes too.
// Source: github.com/huggingface/safetensors, "Format": 8 bytes length of the header, little endian; the header, JSON; data.

#include <axiograd/core/tensor.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

namespace axiograd::io {

/// The format's name for a number type; null if it is not stored.
template <class T>
inline constexpr const char* dtype_of = nullptr;
template <>
inline constexpr const char* dtype_of<float> = "F32";
template <>
inline constexpr const char* dtype_of<double> = "F64";
template <>
inline constexpr const char* dtype_of<int64_t> = "I64";

template <class T>
concept storable = dtype_of<T> != nullptr;

/// Keeps alive what somebody else reads: any object that starts empty, such as a std::shared_ptr.
class keeper {
 public:
  keeper() = default;
  template <class Owner>
    requires(!std::same_as<Owner, keeper>)
  keeper(Owner owner) : chunk_(shared<Owner>(std::move(owner)).owner()) {}
  /// The memory of a tensor.
  keeper(const chunk_ref& memory) : chunk_(memory) {}

 private:
  chunk_ref chunk_;
};

/// Entries of any dtype as bytes, row-major, little endian; shares the memory of the tensor or file they come from.
class stored_tensor {
 public:
  template <storable T>
  stored_tensor(const tensor<T>& values)
      : dtype_(dtype_of<T>), dims_(values.shape()), bytes_(std::as_bytes(values.values())), owner_(values.owner()) {}
  /// Bytes of any dtype, also one unknown here; `owner` keeps them alive.
  stored_tensor(std::string dtype, const axiograd::shape& dims, std::span<const std::byte> bytes, keeper owner);

  const std::string& dtype() const { return dtype_; }
  const axiograd::shape& shape() const { return dims_; }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::string dtype_;
  axiograd::shape dims_;
  std::span<const std::byte> bytes_;
  keeper owner_;
};

/// What a file holds: tensors by name, and texts about them.
struct tensor_file {
  std::map<std::string, stored_tensor> tensors;
  std::map<std::string, std::string> metadata;

  /// A tensor by name. Errors: invalid_file, naming tensor and dtype, if there is none or its dtype is another one.
  template <storable T>
  result<tensor<T>> get(const std::string& name) const;
  /// A tensor by name, its entries converted: to floats from F16, BF16, F32 and F64, rounded to nearest; to I64 also from the
  /// other whole numbers and from floats that are whole. Errors: invalid_file, naming the tensor, if there is none, its dtype
  /// is not one of these, or an entry (named) is too large or not whole.
  template <storable T>
  result<tensor<T>> convert(const std::string& name) const;
};

/// How much a file may ask for.
struct tensor_limits {
  std::uint64_t file_bytes = std::uint64_t{1} << 32;
  std::uint64_t header_bytes = 100'000'000;  // as in the reference implementation
  std::uint64_t tensors = 100'000;
  std::uint64_t name_bytes = 512;
  int rank = max_rank;
};

/// Reads a file. The header is read first and checked as a whole, against the file's length too, before any data are read:
/// well-formed JSON of exactly the format's form, no key twice, names printable, rank and sizes within `limits`, dtype x shape
/// equal to the bytes (where the dtype is known), the data covered without hole or overlap. Tensors share the file's one
/// buffer. Errors: those of read_file; invalid_file; rank_limit.
result<tensor_file> read_tensors(const std::string& path, const tensor_limits& limits = {});
/// The same from memory that `owner` keeps alive; `name` begins the messages.
result<tensor_file> parse_tensors(const std::string& name, std::span<const std::byte> bytes, const keeper& owner,
                                  const tensor_limits& limits = {});

/// Writes a file with write_file_atomically; equal contents give equal bytes. Tensors with larger entries come first and the
/// data start at a multiple of 8 bytes, so that every entry is aligned. Errors: invalid_parameter (a name, text or entry that
/// read_tensors would refuse); those of write_file_atomically.
result<void> write_tensors(const std::string& path, const tensor_file& content);

}  // namespace axiograd::io
