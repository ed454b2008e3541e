#pragma once
// One shape rule for an operator and everything around it: the leading axes of G8, run in the compiler or at run time.

#include <axiograd/core/op.hpp>
#include <axiograd/core/row.hpp>
#include <span>

namespace axiograd {

namespace impl {
template <class Op, std::size_t... I>
constexpr shape_result call_infer(const Op& op, std::span<const shape* const> in, std::index_sequence<I...>) {
  return op.infer_shape(*in[I]...);
}
template <class Op>
inline constexpr int shapes_of = arity_of<Op>.tensors + arity_of<Op>.side;
template <class Op>
constexpr shape_result infer_samples(const Op& op, std::span<const shape* const> in) {
  return call_infer(op, in, std::make_index_sequence<static_cast<std::size_t>(shapes_of<Op>)>{});
}
/// The rank of a sample of input `k`; side inputs belong to samples as they are.
template <class Op>
constexpr int sample_rank(const Op& op, const shape& first, int k, const shape& s) {
  return k < arity_of<Op>.tensors ? ranks_of(op, first)[static_cast<std::size_t>(k)] : s.rank;
}
}  // namespace impl

/// Input shapes in the operator's order: `dynamic_shape` stands in for an optional tensor that was left out.
template <class Op, std::size_t N>
constexpr auto in_order(const std::array<const shape*, N>& given) {
  std::array<const shape*, static_cast<std::size_t>(impl::shapes_of<Op>)> all{};
  for (std::size_t k = 0, next = 0; k < all.size(); ++k)
    all[k] = N < all.size() && static_cast<int>(k) == arity_of<Op>.optional ? &dynamic_shape : given[next++];
  return all;
}

/// The axes before the samples, which the result carries too. An input that has none is shared by all samples.
template <has_samples Op>
constexpr shape_result leading_axes(const Op& op, std::span<const shape* const> in) {
  shape leading;
  for (int k = 0; k < arity_of<Op>.tensors; ++k) {
    const shape& s = *in[static_cast<std::size_t>(k)];
    if (s.rank < 0) continue;
    const int extra = s.rank - impl::sample_rank(op, *in[0], k, s);
    if (extra < 0)
      return {error_kind::shape_mismatch, "input {} has {} axes, it needs {}; shapes {shapes}", k, s.rank,
              impl::sample_rank(op, *in[0], k, s)};
    if (extra == 0) continue;
    if constexpr (requires { Op::shared; })
      if (Op::shared.contains(k))
        return {error_kind::shape_mismatch, "input {} is shared by all samples: it has {} axes, it needs {}; shapes {shapes}",
                k, s.rank, impl::sample_rank(op, *in[0], k, s)};
    if (leading.rank == 0)
      leading = s.first(extra);
    else if (leading != s.first(extra))
      return {error_kind::shape_mismatch, "leading axes of the inputs differ: shapes {shapes}"};
  }
  return leading;
}

/// The shape of the operator's result. `in` holds the tensors' shapes, `dynamic_shape` for an absent one, then the side
/// inputs' shapes.
template <class Op>
constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
  if constexpr (has_samples<Op>) {
    const shape_result leading = leading_axes(op, in);
    if (!leading) return leading;
    constexpr auto inputs = static_cast<std::size_t>(impl::shapes_of<Op>);
    std::array<shape, inputs> samples;
    std::array<const shape*, inputs> pointers{};
    for (std::size_t k = 0; k < inputs; ++k) {
      samples[k] = in[k]->rank < 0 ? *in[k] : in[k]->last(impl::sample_rank(op, *in[0], static_cast<int>(k), *in[k]));
      pointers[k] = &samples[k];
    }
    const shape_result r = impl::infer_samples(op, pointers);
    if (!r) return r;
    if (leading->rank + r->rank > max_rank) return {error_kind::rank_limit, "the result has more than 8 axes"};
    return concat(*leading, *r);
  } else if constexpr (requires { &Op::infer_shape; }) {
    return impl::infer_samples(op, in);
  } else {  // elementwise and row-to-row operators: equal shapes
    for (std::size_t k = 1; k < in.size(); ++k)
      if (*in[k] != *in[0]) return {error_kind::shape_mismatch, "shapes differ: {shapes}"};
    return *in[0];
  }
}

}  // namespace axiograd
