#pragma once
// An operator for one number type, its type erased: what tapes, calls by name and compiled programs know of it.

#include <axiograd/families/op.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <cstddef>
#include <cstring>

namespace axiograd {

template <class T>
struct span_kernels;  // families/elementwise.hpp

/// An operator for one number type, its type erased; `op` points to the operator's attributes.
template <class T>
struct operator_table {
  const char* name;
  arity in;
  std::uint32_t attribute_bytes;  ///< 0 for operators without attributes
  bool is_view;                   ///< the result is the input under another shape
  shape_result (*infer)(const void* op, std::span<const shape* const> in);
  /// Neither of these is called for a result without entries: extents may be huge then.
  void (*forward)(const void* op, const forward_run<T>&);
  void (*vjp)(const void* op, const vjp_run<T>&);

  /// Counts axes from the front, by the shape of the first input, which the shape rule accepts; null where there are no axes.
  /// `infer` does it for itself; everything else is given resolved axes.
  void (*resolve)(void* op, const shape& first) = nullptr;
  bool keeps_shape = false;    ///< inputs of one shape give a result of that shape, whatever the shape
  int64_t epilogue_limit = 0;  ///< `forward` may be given what follows where the result has at most so many entries
  /// How the result may lie where the inputs lie as said; nothing if they have to be row-major. Null: always. An operator
  /// that may be followed says how its result lies best.
  std::optional<layout> (*layout_rule)(const void* op, std::span<const shape* const> in,
                                       std::span<const layout> layouts) = nullptr;
  /// Both in one pass, with the bits of one after the other; null where that gains nothing.
  void (*forward_vjp)(const void* op, const forward_run<T>&, const vjp_run<T>&) = nullptr;
  /// The kernels that run over numbers, one thread; null where the operator is not elementwise.
  const span_kernels<T>& (*spans)() = nullptr;
  /// How many numbers a forward run saves for the reverse run; null for none.
  int64_t (*saved)(const void* op, std::span<const shape* const> in) = nullptr;
  /// Whether the inputs lie in the operator's checked domain; null where nothing is checked.
  bool (*in_domain)(const void* op, std::span<const view<const T>> in) = nullptr;
};

/// Bytes that an operator's attributes can have.
inline constexpr std::size_t most_attribute_bytes = 256;

/// Attributes as an operator's kernels take them: with resolved axes, in a copy where there are any.
class resolved_attributes {
 public:
  template <class T>
  resolved_attributes(const operator_table<T>& op, const void* attributes, const shape& first) : data_(attributes) {
    if (op.resolve == nullptr) return;
    std::memcpy(copy_, attributes, op.attribute_bytes);
    op.resolve(copy_, first);
    data_ = copy_;
  }
  resolved_attributes(const resolved_attributes&) = delete;
  resolved_attributes& operator=(const resolved_attributes&) = delete;
  const void* data() const { return data_; }

 private:
  const void* data_;
  alignas(std::max_align_t) std::byte copy_[most_attribute_bytes];
};

}  // namespace axiograd
