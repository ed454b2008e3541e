#pragma once
// Operators by record on variables: what front ends call that know operators by name only.

#include <axiograd/autograd/var.hpp>
#include <axiograd/operators/attributes.hpp>
#include <span>
#include <vector>

namespace axiograd {

/// Appends the operator to the recorder of the first variable: the same node as a direct call's. `side` are its indices or
/// labels.
///
/// Errors, by the recorder's policy: as `attribute_set::complete` and `tape::append`; invalid_node_id for variables of another
/// recorder or from before a clear. Without any variable there is no recorder, and invalid_parameter is thrown.
template <class T>
  requires(std::same_as<T, float> || std::same_as<T, double>)
var<T> call(const attribute_set& attributes, std::span<const var<T>> in, std::span<const index_tensor> side = {}) {
  const operator_table<T>& op = attributes.op().template table<T>();
  if (in.empty()) throw failure(misfit(op.name, op.in, 0, side.size()).value());
  recorder<T>& where = in.front().where();
  if (where.first_error()) return {where, 0};
  std::vector<node_id> ids;
  for (const var<T>& x : in) {
    if (!impl::belongs_to(where, x)) return {where, impl::refuse_foreign(where, op.name, x)};
    ids.push_back(x.id());
  }
  const auto append = [&]() -> result<node_id> {
    if (auto ok = attributes.complete(); !ok) return tl::unexpected(ok.error());
    return recorder_access::tape_of(where).append(op, attributes.data(), ids, side);
  };
  return {where, recorder_access::resolve(where, append(), node_id{0})};
}

}  // namespace axiograd
