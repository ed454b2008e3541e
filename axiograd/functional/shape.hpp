#pragma once
// Functions that move axes and entries about. Axes count from 0, negative ones from the end.

#include <axiograd/functional/operand.hpp>
#include <axiograd/ops/indexing/concat.hpp>
#include <axiograd/ops/indexing/slice.hpp>
#include <axiograd/ops/shape/permute.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <initializer_list>
#include <span>
#include <vector>

namespace axiograd {

/// The tensor without an axis of extent 1. Errors: invalid_axis, also when the extent is not 1.
template <tensor_like X>
impl::plain<X> squeeze(const X& x, int axis) {
  if (!impl::usable(x, "squeeze")) return x;
  const shape s = x.shape();
  const int at = impl::counted_axis(axis, s.rank);
  if (at < 0 || at >= s.rank || s[at] != 1)
    return impl::refuse(x, error_kind::invalid_axis,
                        message({"squeeze: axis ", axis, " of shape ", s, " does not have extent 1"}));
  return reshape(x, {.dims = s.without(at)});
}
/// The tensor with a new axis of extent 1 before axis number `axis`. Errors: invalid_axis, rank_limit.
template <tensor_like X>
impl::plain<X> unsqueeze(const X& x, int axis) {
  if (!impl::usable(x, "unsqueeze")) return x;
  const shape s = x.shape();
  const int at = impl::counted_axis(axis, s.rank + 1);
  if (at < 0 || at > s.rank)
    return impl::refuse(x, error_kind::invalid_axis, message({"unsqueeze: axis ", axis, " is out of range for shape ", s}));
  if (s.rank == max_rank)
    return impl::refuse(x, error_kind::rank_limit, message({"unsqueeze: shape ", s, " has no room for another axis"}));
  shape y = s.first(at);
  y.append(1);
  return reshape(x, {.dims = concat(y, s.from(at))});
}
/// Two axes exchanged. Errors: invalid_axis.
template <tensor_like X>
impl::plain<X> transpose(const X& x, int a, int b) {
  if (!impl::usable(x, "transpose")) return x;
  const int rank = x.shape().rank, first = impl::counted_axis(a, rank), second = impl::counted_axis(b, rank);
  axis_list axes;
  for (int axis = 0; axis < rank; ++axis) axes.append(axis == first ? second : axis == second ? first : axis);
  if (first < 0 || second < 0 || first >= rank || second >= rank)
    return impl::refuse(x, error_kind::invalid_axis, message({"transpose: axes ", a, " and ", b, " of shape ", x.shape()}));
  return permute(x, {.axes = axes});
}

/// All tensors one after another along an axis; there must be at least one. Errors: shape_mismatch, invalid_axis.
template <tensor_like X>
impl::plain<X> cat(std::span<const X> parts, int axis = 0) {
  if (parts.empty()) throw failure({error_kind::invalid_parameter, "cat: there are no tensors"});
  if (parts.size() == 1) return parts.front();
  // By halves: each entry is copied as often as the list can be halved.
  const std::size_t half = parts.size() / 2;
  return concat(cat(parts.first(half), axis), cat(parts.subspan(half), axis), {.axis = axis});
}
template <tensor_like X>
impl::plain<X> cat(const std::vector<X>& parts, int axis = 0) {
  return cat(std::span<const X>(parts), axis);
}
template <tensor_like X>
impl::plain<X> cat(std::initializer_list<X> parts, int axis = 0) {
  return cat(std::span<const X>(parts.begin(), parts.size()), axis);
}
/// All tensors, of one shape, along a new axis. Errors: shape_mismatch, invalid_axis, rank_limit.
template <tensor_like X>
impl::plain<X> stack(std::span<const X> parts, int axis = 0) {
  std::vector<impl::plain<X>> rows;
  for (const X& part : parts) rows.push_back(unsqueeze(part, axis));
  return cat(rows, axis);
}
template <tensor_like X>
impl::plain<X> stack(const std::vector<X>& parts, int axis = 0) {
  return stack(std::span<const X>(parts), axis);
}
template <tensor_like X>
impl::plain<X> stack(std::initializer_list<X> parts, int axis = 0) {
  return stack(std::span<const X>(parts.begin(), parts.size()), axis);
}

namespace impl {
inline constexpr int64_t most_pieces = int64_t{1} << 24;  // each a tensor or a node of its own
}
/// Pieces of `length` indices along an axis; the last one may be shorter. Errors: invalid_axis, invalid_parameter;
/// out_of_memory for more than 2^24 pieces, which an axis of nothing can have.
template <tensor_like X>
std::vector<impl::plain<X>> split(const X& x, int64_t length, int axis = 0) {
  if (!impl::usable(x, "split")) return {impl::plain<X>(x)};
  const shape s = x.shape();
  const int at = impl::counted_axis(axis, s.rank);
  if (at < 0 || at >= s.rank)
    return {impl::refuse(x, error_kind::invalid_axis, message({"split: axis ", axis, " is out of range for shape ", s}))};
  if (length < 1) return {impl::refuse(x, error_kind::invalid_parameter, message({"split: pieces of length ", length}))};
  const int64_t count = s[at] == 0 ? 1 : (s[at] - 1) / length + 1;
  if (count > impl::most_pieces)
    return {impl::refuse(x, error_kind::out_of_memory,
                         message({"split: ", count, " pieces of length ", length, " of shape ", s, " are too many"}))};
  std::vector<impl::plain<X>> pieces;
  for (int64_t k = 0; k < count; ++k) {
    const int64_t start = k * length;
    pieces.push_back(slice(x, {.axis = at, .start = start, .stop = start + std::min(length, s[at] - start)}));
  }
  return pieces;
}
/// At most `count` pieces of equal length along an axis; the last one may be shorter, as in PyTorch.
/// Errors: invalid_axis, invalid_parameter.
template <tensor_like X>
std::vector<impl::plain<X>> chunk(const X& x, int64_t count, int axis = 0) {
  if (count < 1) return {impl::refuse(x, error_kind::invalid_parameter, message({"chunk: ", count, " pieces"}))};
  const shape s = x.shape();
  const int at = impl::counted_axis(axis, s.rank);
  const int64_t n = at >= 0 && at < s.rank ? s[at] : 1;
  return split(x, std::max<int64_t>(1, n / count + (n % count != 0 ? 1 : 0)), axis);
}
/// One index of an axis, which is dropped. Errors: invalid_axis, index_out_of_range.
template <tensor_like X>
impl::plain<X> select_index(const X& x, int axis, int64_t index) {
  return squeeze(slice(x, {.axis = axis, .start = index, .stop = index + 1}), axis);
}

}  // namespace axiograd
