#pragma once
// Rows along an outer axis, several at a time: rows that lie side by side are the lanes of one vector.

#include <axiograd/families/row_kernels.hpp>

namespace axiograd {

/// One number of each of several rows, as the lanes of S; beside it, S itself is several numbers of one row.
template <class S>
struct across {
  S of;

  across() = default;
  explicit(false) across(S x) : of(x) {}
  explicit(false) across(int x) : of(x) {}
  explicit(false) across(double x) : of(x) {}

  friend across operator+(across a, across b) { return a.of + b.of; }
  friend across operator-(across a, across b) { return a.of - b.of; }
  friend across operator*(across a, across b) { return a.of * b.of; }
  friend across operator/(across a, across b) { return a.of / b.of; }
  friend across operator-(across a) { return -a.of; }
  friend auto operator>(across a, across b) { return a.of > b.of; }

  friend across select(decltype(S() > S()) condition, across a, across b) { return select(condition, a.of, b.of); }
  friend across max(across a, across b) { return max(a.of, b.of); }
  friend across min(across a, across b) { return min(a.of, b.of); }
  friend across pow(across x, across y) { return pow(x.of, y.of); }
#define AXG_ACROSS(function) \
  friend across function(across x) { return function(x.of); }
  AXG_ACROSS(abs)
  AXG_ACROSS(sqrt)
  AXG_ACROSS(exp)
  AXG_ACROSS(expm1)
  AXG_ACROSS(log)
  AXG_ACROSS(log1p)
  AXG_ACROSS(sin)
  AXG_ACROSS(cos)
  AXG_ACROSS(tanh)
  AXG_ACROSS(erf)
  AXG_ACROSS(erfc)
#undef AXG_ACROSS
};
template <class S>
inline constexpr algebra algebra_of<across<S>> = algebra_of<S>;

/// Neighbouring numbers in memory, the first `count` of the lanes of S; `apart` from those of the next position.
template <class S, class E = typename S::element>
struct lanes_at {
  E* data = nullptr;
  int64_t apart = 0;
  int count = 0;

  lanes_at operator+(int64_t i) const { return {data + i * apart, apart, count}; }
  operator lanes_at<S, const E>() const { return {data, apart, count}; }
  friend bool operator==(const lanes_at& p, std::nullptr_t) { return p.data == nullptr; }
};

/// Each lane sums its own row in four chains, whatever the number of lanes.
template <class S>
struct packet<across<S>> {
  using value = across<S>;
  using element = typename S::element;
  using source = lanes_at<S, const element>;
  using target = lanes_at<S>;
  static constexpr int64_t size = 1, unroll = 4, block_steps = 128;

  static value load(const source& p) { return p.count == S::lanes ? S::load(p.data) : S::load_first(p.data, p.count); }
  static value load_first(const source& p, int64_t) { return load(p); }
  static void store(const value& x, const target& p) {
    if (p.count == S::lanes)
      x.of.store(p.data);
    else
      x.of.store_first(p.data, p.count);
  }
  static void store_first(const value& x, const target& p, int64_t) { store(x, p); }
  static value load_number(const source& p) { return load(p); }
  static void store_number(const value& x, const target& p) { store(x, p); }
  static value same(element x) { return packet<S>::same(x); }
  static value blend(const value& a, const value&, int64_t) { return a; }
  static value broadcast_first(const value& x) { return x; }
  template <class F>
  static value fold(const value& x, const F&) {
    return x;
  }
};

namespace impl {
/// As many rows at a time as a vector has lanes.
template <class S>
struct row_access<across<S>> {
  using E = typename S::element;
  static constexpr int64_t rows = S::lanes;
  static_assert(rows <= most_rows_across);
  template <class T>
  static lanes_at<S, T> row(T* base, const row_run<E>& run, int64_t r) {
    return {base + r, run.apart, count(run, r)};
  }
  template <class T>
  static lanes_at<S, T> numbers(T* base, const row_run<E>& run, int64_t r, int64_t) {
    return {base + r, run.rows_in_all, count(run, r)};
  }
  static lanes_at<S> scratch(const row_run<E>& run) { return {run.scratch, rows, static_cast<int>(rows)}; }

 private:
  static int count(const row_run<E>& run, int64_t r) { return static_cast<int>(run.rows - r < rows ? run.rows - r : rows); }
};

/// Whether an operator's rows may lie along an outer axis and nothing in them depends on a row's own label or on a position
/// that is found in it: lanes have none of their own. Such an operator says `finds_positions`.
template <class Op>
inline constexpr bool may_read_across =
    requires(const Op op) { op.row_axis(1); } && arity_of<Op>.side == 0 && shared_of<Op>.bits == 0 &&
    result_of<Op> != row_result::mean && !requires { Op::finds_positions; };
}  // namespace impl

}  // namespace axiograd
