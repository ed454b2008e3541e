#pragma once
// Sums of products by subscripts.

#include <axiograd/functional/reduce.hpp>
#include <axiograd/ops/indexing/diagonal.hpp>
#include <axiograd/ops/linalg/bmm.hpp>
#include <string_view>

namespace axiograd {

namespace impl {

/// The subscripts of einsum: a letter for each axis; axes of an ellipsis are the letters '0', '1', ..., the last axis '0'.
struct einsum_terms {
  std::vector<std::string> inputs;
  std::string output;
  std::string error;  ///< not empty: what is wrong

  einsum_terms(std::string_view equation, const std::vector<shape>& shapes);

 private:
  void fail(const std::string& what) { error = what; }
  std::ptrdiff_t occurrences(char c) const;
  /// One letter an axis; `rank` -1: the widest ellipsis so far.
  std::string expanded(const std::string& term, int rank, int& widest);
};

/// A tensor whose axes have letters.
template <class X>
struct lettered {
  X x;
  std::string letters;

  /// Axes in the order of `wanted`, a permutation of the letters.
  X in_order(const std::string& wanted) const {
    if (wanted == letters) return x;
    axis_list axes;
    for (const char c : wanted) axes.append(static_cast<int64_t>(letters.find(c)));
    return permute(x, {.axes = axes});
  }
  int64_t extent(char c) const { return x.shape()[static_cast<int>(letters.find(c))]; }
  /// Sums out the axes for which `goes` holds.
  template <class F>
  void sum_out(const F& goes) {
    axis_list axes;
    std::string rest;
    for (std::size_t i = 0; i < letters.size(); ++i)
      if (goes(letters[i]))
        axes.append(static_cast<int64_t>(i));
      else
        rest += letters[i];
    if (axes.rank > 0) x = reduce_sum(x, over{axes});
    letters = rest;
  }
};

inline bool contains(const std::string& letters, char c) { return letters.find(c) != std::string::npos; }

/// The sum of products over the letters of both that nobody needs later, as one batched matrix product.
template <class X>
lettered<X> einsum_pair(const lettered<X>& a, const lettered<X>& b, const std::string& needed) {
  std::string batch, rows, columns, summed;
  shape dims;
  for (const char c : a.letters) (!contains(b.letters, c) ? rows : contains(needed, c) ? batch : summed) += c;
  for (const char c : b.letters)
    if (!contains(a.letters, c)) columns += c;
  const auto size = [&](const std::string& letters) {
    shape s;
    for (const char c : letters) s.append(contains(a.letters, c) ? a.extent(c) : b.extent(c));
    return s.size();
  };
  for (const char c : batch + rows) dims.append(a.extent(c));
  for (const char c : columns) dims.append(b.extent(c));
  const X left = reshape(a.in_order(batch + rows + summed), {.dims = {size(batch), size(rows), size(summed)}});
  const X right = reshape(b.in_order(batch + summed + columns), {.dims = {size(batch), size(summed), size(columns)}});
  return {reshape(bmm(left, right), {.dims = dims}), batch + rows + columns};
}

template <class X>
X einsum_of(std::string_view equation, std::vector<X> operands) {
  if (!all_usable(std::span<const X>(operands), "einsum")) return operands.front();
  std::vector<shape> shapes;
  for (const X& x : operands) shapes.push_back(x.shape());
  const einsum_terms terms(equation, shapes);
  const auto refused = [&](error_kind kind, const std::string& what) {
    return refuse(operands.front(), kind, message({"einsum: \"", equation, "\" ", what}));
  };
  if (!terms.error.empty()) return refused(error_kind::invalid_parameter, terms.error);

  // The extent of each letter; an axis of an ellipsis may have extent 1 where another tensor has more.
  std::vector<int64_t> extents(128, -1);
  for (std::size_t k = 0; k < operands.size(); ++k)
    for (std::size_t i = 0; i < terms.inputs[k].size(); ++i) {
      int64_t& extent = extents[static_cast<std::size_t>(terms.inputs[k][i])];
      const int64_t here = shapes[k][static_cast<int>(i)];
      const bool in_ellipsis = terms.inputs[k][i] <= '9';
      if (extent < 0 || (in_ellipsis && extent == 1)) extent = here;
      if (here != extent && !(in_ellipsis && here == 1))
        return refused(error_kind::shape_mismatch, message({"has extents ", extent, " and ", here, " for one subscript"}));
    }

  std::vector<lettered<X>> parts;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    lettered<X> part{operands[k], terms.inputs[k]};
    for (std::size_t i = 0; i < part.letters.size();) {
      const char c = part.letters[i];
      const std::size_t twin = part.letters.find(c, i + 1);
      if (twin != std::string::npos) {  // a repeated subscript: the diagonal, which becomes the last axis
        part.x = diagonal(part.x, {.axis1 = static_cast<int>(i), .axis2 = static_cast<int>(twin)});
        part.letters.erase(twin, 1);
        part.letters.erase(i, 1);
        part.letters += c;
      } else if (c <= '9' && part.extent(c) == 1 && extents[static_cast<std::size_t>(c)] != 1) {  // the others have the axis
        part.x = squeeze(part.x, static_cast<int>(i));
        part.letters.erase(i, 1);
      } else {
        ++i;
      }
    }
    parts.push_back(part);
  }
  const auto needed_after = [&](std::size_t k) {
    std::string letters = terms.output;
    for (std::size_t later = k + 1; later < parts.size(); ++later) letters += parts[later].letters;
    return letters;
  };
  lettered<X> total = parts.front();
  total.sum_out([&, needed = needed_after(0)](char c) { return !contains(needed, c); });
  for (std::size_t k = 1; k < parts.size(); ++k) {
    const std::string needed = needed_after(k);
    parts[k].sum_out([&](char c) { return !contains(needed, c) && !contains(total.letters, c); });
    total.sum_out([&](char c) { return !contains(needed, c) && !contains(parts[k].letters, c); });
    total = einsum_pair(total, parts[k], needed);
  }
  return total.in_order(terms.output);
}
}  // namespace impl

/// A sum of products by subscripts, as in NumPy: `einsum("bij,bjk->bik", a, b)`. Without "->" the result has the subscripts
/// that occur once, in alphabetical order. "..." stands for any further axes, which may have extent 1 in some tensors; a
/// subscript that is repeated in one term takes the diagonal. The product is formed from left to right.
///
/// Errors: invalid_parameter for a malformed equation; shape_mismatch.
template <tensor_like X, tensor_like... Xs>
impl::plain<X> einsum(std::string_view equation, const X& x, const Xs&... xs) {
  return impl::einsum_of(equation, std::vector<impl::plain<X>>{x, impl::plain<X>(xs)...});
}

}  // namespace axiograd
