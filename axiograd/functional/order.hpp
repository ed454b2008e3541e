#pragma once
// Positions of entries by size. These give indices, which are not differentiable; no tape remembers them.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/tensor.hpp>
#include <vector>

namespace axiograd {

namespace impl {
template <class T>
int require_axis(const char* name, const tensor<T>& x, int axis) {
  const int at = axis < 0 ? axis + x.shape().rank : axis;  // from the end
  if (!x.shape().valid_axis(at))
    throw failure(
        {error_kind::invalid_axis, message({name, ": axis ", axis, " of shape ", x.shape(), " is out of range or empty"})});
  return at;
}
/// Calls body(line, at) for each line along the axis; at(i) is the place of its entry i.
template <class T, class Body>
void for_each_line_along(const tensor<T>& x, int axis, const Body& body) {
  if (x.empty()) return;  // extents may be huge
  const int64_t n = x.shape()[axis], inner = x.shape().stride(axis), outer = x.shape().first(axis).size();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t k = 0; k < inner; ++k) body(o * inner + k, [=](int64_t i) { return (o * n + i) * inner + k; });
}
/// Whether a comes before b in falling order; NaN is the largest number.
template <class T>
bool larger(const T& a, const T& b) {
  if constexpr (std::floating_point<T>)
    if (c_math::isnan(a) || c_math::isnan(b)) return c_math::isnan(a) && !c_math::isnan(b);
  return a > b;
}
}  // namespace impl

/// The index of the largest entry along an axis, which is dropped: the first of equal ones, a NaN before all. Not
/// differentiable.
///
/// Errors: throws `failure` (invalid_axis), also for an empty axis.
template <scalar T>
index_tensor argmax(const tensor<T>& x, int axis) {
  axis = impl::require_axis("argmax", x, axis);
  index_tensor y(x.shape().without(axis));
  int64_t* const to = y.mutable_data();
  impl::for_each_line_along(x, axis, [&](int64_t line, const auto& at) {
    int64_t best = 0;
    for (int64_t i = 1; i < x.shape()[axis]; ++i)
      if (impl::larger(x[at(i)], x[at(best)])) best = i;
    to[line] = best;
  });
  return y;
}
/// The index of the smallest entry along an axis, which is dropped: the first of equal ones. Not differentiable.
///
/// Errors: throws `failure` (invalid_axis), also for an empty axis.
template <scalar T>
index_tensor argmin(const tensor<T>& x, int axis) {
  axis = impl::require_axis("argmin", x, axis);
  index_tensor y(x.shape().without(axis));
  int64_t* const to = y.mutable_data();
  impl::for_each_line_along(x, axis, [&](int64_t line, const auto& at) {
    int64_t best = 0;
    for (int64_t i = 1; i < x.shape()[axis]; ++i)
      if (x[at(best)] > x[at(i)]) best = i;
    to[line] = best;
  });
  return y;
}

template <class T>
struct top_entries {
  tensor<T> values;
  index_tensor indices;
};
/// The k largest entries along an axis in falling order, and their indices; equal ones in order of their index. Not
/// differentiable: to differentiate, gather by the indices.
///
/// Errors: throws `failure`: invalid_axis; invalid_parameter unless 0 <= k <= extent.
template <scalar T>
top_entries<T> topk(const tensor<T>& x, int64_t k, int axis) {
  axis = impl::require_axis("topk", x, axis);
  const int64_t n = x.shape()[axis];
  if (k < 0 || k > n) throw failure({error_kind::invalid_parameter, message({"topk: ", k, " of ", n, " entries"})});
  shape dims = x.shape();
  dims[axis] = k;
  top_entries<T> top{tensor<T>::uninitialised(dims), index_tensor::uninitialised(dims)};
  T* const values = top.values.mutable_data();
  int64_t* const indices = top.indices.mutable_data();
  const int64_t inner = dims.stride(axis);
  std::vector<int64_t> order(x.empty() ? 0 : static_cast<std::size_t>(n));
  impl::for_each_line_along(x, axis, [&](int64_t line, const auto& at) {
    for (int64_t i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      const bool before = impl::larger(x[at(a)], x[at(b)]), after = impl::larger(x[at(b)], x[at(a)]);
      return before != after ? before : a < b;
    });
    for (int64_t i = 0; i < k; ++i) {
      const int64_t to = (line / inner * k + i) * inner + line % inner;
      indices[to] = order[static_cast<std::size_t>(i)];
      values[to] = x[at(indices[to])];
    }
  });
  return top;
}

}  // namespace axiograd
