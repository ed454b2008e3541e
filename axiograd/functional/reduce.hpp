#pragma once
// Reductions over any set of axes.

#include <axiograd/functional/shape.hpp>
#include <axiograd/ops/reduction/logsumexp.hpp>
#include <axiograd/ops/reduction/reduce_max.hpp>
#include <axiograd/ops/reduction/reduce_mean.hpp>
#include <axiograd/ops/reduction/reduce_min.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>
#include <axiograd/ops/reduction/variance.hpp>

namespace axiograd {

/// Which axes to reduce, negative ones counted from the end, none meaning all, and whether they stay as axes of extent 1:
/// `reduce_sum(x, over{{0, 2}, true})`.
struct over {
  axis_list axes{};
  bool keepdim = false;
};

namespace impl {
/// Brings the axes to the end, joins them to one, reduces that by `reduce_last(y, axis)`.
template <tensor_like X, class F>
plain<X> reduce_axes(const char* name, const X& x, const over& where, const F& reduce_last) {
  if (!usable(x, name)) return x;
  const shape s = x.shape();
  unsigned reduced = 0;
  for (const int64_t axis : where.axes) {
    const int at = counted_axis(axis, s.rank);
    if (at < 0 || at >= s.rank || (reduced >> at & 1u) != 0)
      return refuse(x, error_kind::invalid_axis, message({name, ": axis ", axis, " is out of range or repeated, shape ", s}));
    reduced |= 1u << at;
  }
  if (where.axes.rank == 0) reduced = (1u << s.rank) - 1;
  axis_list order;
  shape kept, result, joined;
  for (int axis = 0; axis < s.rank; ++axis)
    if ((reduced >> axis & 1u) == 0) {
      order.append(axis);
      kept.append(s[axis]);
      result.append(s[axis]);
    } else {
      joined.append(s[axis]);
      if (where.keepdim) result.append(1);
    }
  bool in_order = true;
  for (int axis = 0; axis < s.rank; ++axis)
    if ((reduced >> axis & 1u) != 0) order.append(axis);
  for (int i = 0; i < order.rank; ++i) in_order = in_order && order[i] == i;
  plain<X> y = x;
  if (!in_order) y = permute(y, {.axes = order});
  const int axis = kept.rank;
  kept.append(joined.size());
  y = reduce_last(plain<X>(reshape(y, {.dims = kept})), axis);
  return reshape(y, {.dims = result});
}
}  // namespace impl

/// The sum over several axes. Errors: invalid_axis, also for an empty axis.
template <tensor_like X>
auto reduce_sum(const X& x, const over& where) {
  return impl::reduce_axes("reduce_sum", x, where, [](const auto& y, int axis) { return reduce_sum(y, {.axis = axis}); });
}
/// The mean over several axes. Errors: invalid_axis, also for an empty axis.
template <tensor_like X>
auto reduce_mean(const X& x, const over& where) {
  return impl::reduce_axes("reduce_mean", x, where, [](const auto& y, int axis) { return reduce_mean(y, {.axis = axis}); });
}
/// The largest entry over several axes. Errors: invalid_axis, also for an empty axis.
template <tensor_like X>
auto reduce_max(const X& x, const over& where) {
  return impl::reduce_axes("reduce_max", x, where, [](const auto& y, int axis) { return reduce_max(y, {.axis = axis}); });
}
/// The smallest entry over several axes. Errors: invalid_axis, also for an empty axis.
template <tensor_like X>
auto reduce_min(const X& x, const over& where) {
  return impl::reduce_axes("reduce_min", x, where, [](const auto& y, int axis) { return reduce_min(y, {.axis = axis}); });
}
/// The variance over several axes. Errors: invalid_axis, also for an empty axis; invalid_parameter.
template <tensor_like X>
auto variance(const X& x, const over& where, int correction = 1) {
  return impl::reduce_axes("variance", x, where, [correction](const auto& y, int axis) {
    return variance(y, {.axis = axis, .correction = correction});
  });
}
/// log sum exp over several axes. Errors: invalid_axis, also for an empty axis.
template <tensor_like X>
auto logsumexp(const X& x, const over& where) {
  return impl::reduce_axes("logsumexp", x, where, [](const auto& y, int axis) { return logsumexp(y, {.axis = axis}); });
}
/// The mean of all entries. Errors: invalid_axis for an empty tensor.
template <tensor_like X>
auto mean(const X& x) {
  return reduce_mean(x, over{});
}

}  // namespace axiograd
