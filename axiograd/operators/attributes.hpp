#pragma once
// Attributes without their C++ types: the one reader and the one writer of their values, as text and as JSON.

#include <axiograd/core/result.hpp>
#include <axiograd/operators/record.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace axiograd {

/// A value of an attribute of any kind: boolean; integer or axis; number; ratio; extents, list or axes; choice, its word.
using attribute_value = std::variant<bool, std::int64_t, double, ratio, std::vector<std::int64_t>, std::string>;

/// The value that lies among an operator's attributes.
attribute_value get_attribute(const attribute_record& which, const void* attributes);

/// As text: true, 3, 1e-05, 1/3, (2,2), mean; the shortest decimal that reads back as the same number, and "inf", "-inf",
/// "nan".
std::string to_text(const attribute_value& value);

/// The attributes of one operator, for calls by record. Begins with the defaults.
///
///   attribute_set a(*find_record("softmax"));
///   a.set_text("axis", "0");                       // or set, or from_json
///   call<float>(a, {{&x}});
class attribute_set {
 public:
  explicit attribute_set(const op_record& op);
  /// From a JSON object, {"axis": 0, "epsilon": 1e-5, "kernel": [2, 2], "reduction": "sum"}. Errors: as `set`;
  /// invalid_parameter where it is not an object.
  static result<attribute_set> from_json(const op_record& op, std::string_view json);

  const op_record& op() const { return *op_; }
  /// Errors: invalid_parameter for a name that the operator does not have, and for values of another kind or out of range; the
  /// set is as before then. An integer is also a number, and a number a ratio: that of its shortest decimal. One number stands
  /// for extents that are all the same.
  result<void> set(std::string_view name, const attribute_value& value);
  /// The same from text, as `to_text` writes it.
  result<void> set_text(std::string_view name, std::string_view text);

  attribute_value get(const attribute_record& which) const { return get_attribute(which, data()); }
  /// Whether the attribute has a value: a default, or one that was set.
  bool has(const attribute_record& which) const;
  /// An error, invalid_parameter, that names the required attributes without a value.
  result<void> complete() const;

  std::string to_json() const;
  /// "axis=0, step=1"; those that have a value.
  std::string text() const;
  /// As tables take them (operator_table); of no use to them before it is complete.
  const void* data() const { return bytes_.data(); }

  /// The same operator with the same values.
  friend bool operator==(const attribute_set& a, const attribute_set& b);
  std::size_t hash() const;

 private:
  const attribute_record* find(std::string_view name) const;

  const op_record* op_;
  std::vector<std::max_align_t> bytes_;
  std::uint64_t given_ = 0;  ///< bit i: attribute i has a value
};

/// The operator's result on tensors, then side inputs, by its record: the bits of a direct call.
///
/// Errors: as `attribute_set::complete` and `evaluate_tensors`.
template <class T>
result<tensor<T>> call(const attribute_set& attributes, std::span<const tensor<T>* const> in,
                       std::span<const index_tensor> side = {});
extern template result<tensor<float>> call(const attribute_set&, std::span<const tensor<float>* const>,
                                           std::span<const index_tensor>);
extern template result<tensor<double>> call(const attribute_set&, std::span<const tensor<double>* const>,
                                            std::span<const index_tensor>);

}  // namespace axiograd
