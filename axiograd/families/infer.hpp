#pragma once
// Shape rules that families choose from, run in the compiler or at run time.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/families/op.hpp>
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
  constexpr std::size_t tensors = static_cast<std::size_t>(arity_of<Op>.tensors),
                        sides = static_cast<std::size_t>(arity_of<Op>.side);
  std::array<const shape*, tensors + sides> all{};
  for_each_input(arity_of<Op>, N - sides,
                 [&](std::size_t k, int at) { all[k] = at < 0 ? &dynamic_shape : given[static_cast<std::size_t>(at)]; });
  for (std::size_t k = 0; k < sides; ++k) all[tensors + k] = given[N - sides + k];
  return all;
}

namespace impl {
/// The axes before the samples, which the result carries too: the first `count` of an input's.
struct leading_axes {
  const shape* of = nullptr;
  int count = 0;
};
/// Finds them; an input that has none is shared by all samples. Gives an error's result, or an empty shape.
template <has_samples Op>
constexpr shape_result find_leading_axes(const Op& op, std::span<const shape* const> in, leading_axes& found) {
  for (int k = 0; k < arity_of<Op>.tensors; ++k) {
    const shape& s = *in[static_cast<std::size_t>(k)];
    if (s.rank < 0) continue;
    const int extra = s.rank - sample_rank(op, *in[0], k, s);
    if (extra < 0)
      return {error_kind::shape_mismatch, "input {} has {} axes, it needs {}; shapes {shapes}", k, s.rank,
              sample_rank(op, *in[0], k, s)};
    if (extra == 0) continue;
    if constexpr (requires { Op::shared; })
      if (Op::shared.contains(k))
        return {error_kind::shape_mismatch, "input {} is shared by all samples: it has {} axes, it needs {}; shapes {shapes}",
                k, s.rank, sample_rank(op, *in[0], k, s)};
    if (found.count == 0)
      found = {&s, extra};
    else if (extra != found.count || !std::equal(s.begin(), s.begin() + extra, found.of->begin()))
      return {error_kind::shape_mismatch, "leading axes of the inputs differ: shapes {shapes}"};
  }
  return shape{};
}
/// A shape that is not there until it is assigned.
union sample_shape {
  shape value;
  constexpr sample_shape() {}
  constexpr sample_shape(const shape& s) : value(s) {}
};
}  // namespace impl

/// The result's shape by the operator's own rule, which sees samples: axes before them are taken off and put back (G8). `in`
/// holds the tensors' shapes, `dynamic_shape` for an absent one, then the side inputs' shapes.
template <class Op>
constexpr shape_result infer_by_samples(const Op& op, std::span<const shape* const> in) {
  if constexpr (has_samples<Op>) {
    impl::leading_axes leading;
    if (const shape_result found = impl::find_leading_axes(op, in, leading); !found) return found;
    constexpr auto inputs = static_cast<std::size_t>(impl::shapes_of<Op>);
    std::array<impl::sample_shape, inputs> samples;
    std::array<const shape*, inputs> pointers{};
    for (std::size_t k = 0; k < inputs; ++k) {
      pointers[k] = in[k];
      if (in[k]->rank < 0) continue;
      const int rank = impl::sample_rank(op, *in[0], static_cast<int>(k), *in[k]);
      if (rank == in[k]->rank) continue;
      samples[k] = in[k]->last(rank);
      pointers[k] = &samples[k].value;
    }
    shape_result r = impl::infer_samples(op, pointers);
    if (!r || leading.count == 0) return r;
    shape& s = r.value;
    if (leading.count + s.rank > max_rank) return {error_kind::rank_limit, "the result has more than 8 axes"};
    for (int axis = s.rank; axis-- > 0;) s[axis + leading.count] = s[axis];
    for (int axis = 0; axis < leading.count; ++axis) s[axis] = (*leading.of)[axis];
    s.rank += leading.count;
    return r;
  } else {
    return impl::infer_samples(op, in);
  }
}
/// The one shape that all inputs have, unless the operator has a rule of its own.
template <class Op>
constexpr shape_result infer_equal(const Op& op, std::span<const shape* const> in) {
  if constexpr (requires { &Op::infer_shape; }) {
    return infer_by_samples(op, in);
  } else {
    for (std::size_t k = 1; k < in.size(); ++k)
      if (*in[k] != *in[0]) return {error_kind::shape_mismatch, "shapes differ: {shapes}"};
    return *in[0];
  }
}

}  // namespace axiograd
