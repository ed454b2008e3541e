#pragma once
// What the library knows of its operators by name: for the command line, documentation, bindings and tests.

#include <axiograd/families/family.hpp>
#include <axiograd/families/table.hpp>
#include <concepts>
#include <span>
#include <string>

namespace axiograd {

/// One attribute of an operator; operators/attributes.hpp reads and writes its values.
struct attribute_record {
  const char* name;
  const char* meaning;
  attribute_kind kind;
  int count;  ///< numbers of extents, else 1
  bool required;
  std::uint32_t offset, bytes;           ///< where it lies among the operator's attributes
  std::span<const char* const> choices;  ///< the words of a choice, by their value
};
/// One input of an operator, in the order of a call: tensors, then side inputs.
struct input_record {
  std::string name;
  bool optional;  ///< may be left out
  bool index;     ///< whole numbers, indices or labels; never differentiated
  bool batch;     ///< the one that carries the batch: samples are taken from its leading axes
};

/// The type-erased view of one operator.
struct op_record {
  op_info info;
  op_facts facts;
  family_facts family;
  arity in;
  const char* folder;   ///< activation, arithmetic, ...
  const char* doc;      ///< the comment before the operator: shapes, attributes, errors
  const char* scalars;  ///< the weakest algebra it runs on
  std::span<const attribute_record> attributes;
  std::span<const std::byte> defaults;  ///< the attributes' bytes with their defaults; required ones are 0
  std::size_t alignment;
  std::span<const input_record> inputs;
  std::span<const double> test_points;  ///< inputs worth trying, for elementwise operators
  const operator_table<float>& (*f32)();
  const operator_table<double>& (*f64)();

  template <class T>
    requires(std::same_as<T, float> || std::same_as<T, double>)
  const operator_table<T>& table() const {
    if constexpr (std::same_as<T, float>)
      return f32();
    else
      return f64();
  }
};

/// The record of one operator; defined in its generated unit.
template <class Op>
struct record_of {
  static const op_record& get();
};
/// Every operator of ops.hpp, in its order.
std::span<const op_record* const> all_records();
/// The operator of that name, or null.
const op_record* find_record(const char* name);

}  // namespace axiograd
