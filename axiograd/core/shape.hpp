#pragma once
// Shapes, shape rules' results and the kinds of error. No <string>, no <vector>: operator headers include this.

#include <array>
#include <axiograd/core/exceptions.hpp>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace axiograd {

using std::int64_t;

/// Axes a tensor can have at most.
inline constexpr int max_rank = 8;

/// An extent known at run time only, in the shape of a typed variable: `var<float, shape{any, 784}>`.
inline constexpr int64_t any = -1;

namespace impl {
/// Throws `failure` (rank_limit). No constant expression can call it: there a ninth axis does not compile.
[[noreturn]] void more_than_max_rank();
}  // namespace impl

/// Extents of a tensor, outermost axis first; `{}` is the shape of a scalar. Structural, so it can be a template argument.
struct shape {
  std::array<int64_t, max_rank> extents{};
  int rank = 0;

  constexpr shape() = default;
  constexpr shape(std::initializer_list<int64_t> list) {
    for (const int64_t extent : list) append(extent);
  }

  constexpr int64_t operator[](int axis) const { return extents[static_cast<std::size_t>(axis)]; }
  constexpr int64_t& operator[](int axis) { return extents[static_cast<std::size_t>(axis)]; }
  constexpr const int64_t* begin() const { return extents.data(); }
  constexpr const int64_t* end() const { return extents.data() + rank; }

  /// Number of entries: 1 for a scalar, 0 if any extent is 0, `overflow` if it does not fit 62 bits or an extent is negative.
  constexpr int64_t size() const {
    int64_t n = 1;
    bool too_large = false;
    for (const int64_t extent : *this) {
      if (extent <= 0) return has_negative_extent() ? overflow : 0;
      too_large = too_large | __builtin_mul_overflow(n, extent, &n) | (n > overflow);
    }
    return too_large ? overflow : n;
  }
  static constexpr int64_t overflow = int64_t{1} << 62;

  /// Whether every extent is positive (contract 2.1).
  constexpr bool well_formed() const {
    for (const int64_t extent : *this)
      if (extent <= 0) return false;
    return true;
  }
  /// Whether an extent is negative, as `any` is: no tensor has such a shape.
  constexpr bool has_negative_extent() const {
    int64_t signs = 0;
    for (const int64_t extent : *this) signs |= extent;
    return signs < 0;
  }
  /// Whether `axis` is in range and extents 0 .. axis are all positive (contract 2.1).
  constexpr bool valid_axis(int axis) const { return axis >= 0 && axis < rank && first(axis + 1).well_formed(); }

  /// Adds an innermost axis. Errors: a ninth one throws `failure` (rank_limit) and does not compile in a constant expression.
  constexpr void append(int64_t extent) {
    if (rank == max_rank) impl::more_than_max_rank();
    extents[static_cast<std::size_t>(rank++)] = extent;
  }
  /// The `n` outermost axes.
  constexpr shape first(int n) const {
    shape s;
    for (int axis = 0; axis < n; ++axis) s.append((*this)[axis]);
    return s;
  }
  /// The axes from `n` on.
  constexpr shape from(int n) const {
    shape s;
    for (int axis = n; axis < rank; ++axis) s.append((*this)[axis]);
    return s;
  }
  constexpr shape last(int n) const { return from(rank - n); }
  /// The shape without one axis.
  constexpr shape without(int axis) const {
    shape s = first(axis);
    for (int i = axis + 1; i < rank; ++i) s.append((*this)[i]);
    return s;
  }
  /// Row-major distance between neighbours along `axis`.
  constexpr int64_t stride(int axis) const { return from(axis + 1).size(); }

  friend constexpr bool operator==(const shape&, const shape&) = default;
};

/// A list of at most 8 axes.
using axis_list = shape;

/// The shape of a variable about whose axes nothing is known at compile time.
inline constexpr shape dynamic_shape = [] {
  shape s;
  s.rank = -1;
  return s;
}();

/// The axes of `a`, then those of `b`. Errors: as `shape::append` where they are more than `max_rank`.
constexpr shape concat(const shape& a, const shape& b) {
  shape s = a;
  for (const int64_t extent : b) s.append(extent);
  return s;
}

/// N extents or other whole numbers of an operator's attributes, one for each spatial axis.
template <int N>
struct extents {
  std::array<int64_t, static_cast<std::size_t>(N)> values{};
  constexpr extents() = default;
  /// The same number for every axis.
  constexpr extents(int64_t all) { values.fill(all); }
  template <class... Rest>
    requires(sizeof...(Rest) + 2 == N)
  constexpr extents(int64_t head, int64_t second, Rest... rest) : values{head, second, static_cast<int64_t>(rest)...} {}
  constexpr int64_t operator[](int axis) const { return values[static_cast<std::size_t>(axis)]; }
  friend constexpr bool operator==(const extents&, const extents&) = default;
};

/// The entries as a list.
template <int N>
constexpr axis_list list_of(const extents<N>& e) {
  axis_list l;
  for (const int64_t value : e.values) l.append(value);
  return l;
}

/// What went wrong (contract 0.5).
enum class error_kind : unsigned char {
  invalid_node_id,
  shape_mismatch,
  size_mismatch,
  invalid_axis,
  not_broadcastable,
  index_out_of_range,
  invalid_parameter,
  mask_shape_mismatch,
  domain_error,
  upstream_shape_mismatch,
  invalid_output_id,
  seed_shape_mismatch,
  invalid_parent_id,
  parent_shape_mismatch,
  gradient_array_length,
  gradient_array_shape,
  accumulation_shape_mismatch,
  unsupported_scalar,
  not_differentiable,
  out_of_memory,
  rank_limit,
  io,
  invalid_file,
};

/// The name of a kind, as in the contract: "shape_mismatch".
constexpr const char* to_string(error_kind kind) {
  constexpr const char* names[]{"invalid_node_id",
                                "shape_mismatch",
                                "size_mismatch",
                                "invalid_axis",
                                "not_broadcastable",
                                "index_out_of_range",
                                "invalid_parameter",
                                "mask_shape_mismatch",
                                "domain_error",
                                "upstream_shape_mismatch",
                                "invalid_output_id",
                                "seed_shape_mismatch",
                                "invalid_parent_id",
                                "parent_shape_mismatch",
                                "gradient_array_length",
                                "gradient_array_shape",
                                "accumulation_shape_mismatch",
                                "unsupported_scalar",
                                "not_differentiable",
                                "out_of_memory",
                                "rank_limit",
                                "io",
                                "invalid_file"};
  return names[static_cast<std::size_t>(kind)];
}

/// What a shape rule answers: a shape, or a kind of error with a text whose `{}` stand for numbers.
/// A literal type, so that one rule serves the compiler and the run time.
struct shape_result {
  shape value{};
  const char* text = nullptr;  ///< null when `value` is the answer
  error_kind kind{};
  std::array<int64_t, 4> numbers{};

  constexpr shape_result(const shape& s) : value(s) {}
  template <class... Numbers>
  constexpr shape_result(error_kind k, const char* message, Numbers... list)
      : text(message), kind(k), numbers{static_cast<int64_t>(list)...} {}
  constexpr explicit operator bool() const { return text == nullptr; }
  constexpr const shape& operator*() const { return value; }
  constexpr const shape* operator->() const { return &value; }
};

}  // namespace axiograd
