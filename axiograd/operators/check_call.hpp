#pragma once
// What a call by an operator's table has to bring along: of a typed call the compiler knows it.

#include <axiograd/core/result.hpp>
#include <axiograd/families/table.hpp>

namespace axiograd {

/// Whether an operator can be called with so many tensors, the optional one left out or not, so many side inputs, and these
/// attributes.
template <class T>
bool call_fits(const operator_table<T>& op, const void* attributes, std::size_t tensors, std::size_t sides) {
  const auto most = static_cast<std::size_t>(op.in.tensors);
  return (tensors == most || (tensors + 1 == most && op.in.optional >= 0)) && sides == static_cast<std::size_t>(op.in.side) &&
         (attributes != nullptr || op.attribute_bytes == 0);
}
/// What the table's functions are given for them: of an operator without members somebody may have given none, and nobody reads
/// what is at the address.
template <class T>
const void* attributes_or_any(const operator_table<T>& op, const void* attributes) {
  return attributes != nullptr ? attributes : &op;
}
/// Why not: invalid_parameter.
tl::unexpected<error> misfit(const char* name, const arity& in, std::size_t tensors, std::size_t sides);

}  // namespace axiograd
