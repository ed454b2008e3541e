#pragma once
// What the library knows of its operators by name: for the command line, documentation, bindings and tests.

#include <axiograd/families/family.hpp>
#include <axiograd/families/table.hpp>
#include <span>

namespace axiograd {

/// An attribute of an operator as text.
struct attribute_record {
  const char* name;
  const char* type;
  const char* default_value;  ///< null when it must be given
  const char* meaning;
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
  std::span<const double> test_points;  ///< inputs worth trying, for elementwise operators
  const operator_table<float>& (*f32)();
  const operator_table<double>& (*f64)();
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
