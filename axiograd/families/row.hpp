#pragma once
// Rows: what rowwise operators are written over. Expressions are lazy and elementwise; `sum`, `mean` and `max` reduce them.

#include <axiograd/families/op.hpp>
#include <axiograd/kernels/packet.hpp>

namespace axiograd {

/// A row: `size()` numbers, read as packets at an offset, whole (`at(i)`) or the first `n` lanes (`at(i, n)`).
template <class R>
concept row = requires(const R& r, int64_t i) {
  typename R::lane;
  { r.size() } -> std::convertible_to<int64_t>;
  { r.at(i) } -> std::convertible_to<typename R::lane>;
  { r.at(i, i) } -> std::convertible_to<typename R::lane>;
};
/// The number type that a row's expressions are computed in.
template <row R>
using lane_of = typename R::lane;

template <class R>
concept ring_row = row<R> && ring<lane_of<R>>;
template <class R>
concept ordered_row = row<R> && ordered_ring<lane_of<R>>;
template <class R>
concept field_row = row<R> && field<lane_of<R>>;
template <class R>
concept analytic_row = row<R> && analytic<lane_of<R>>;

template <row R>
inline constexpr bool is_operand<R> = true;

/// A row in memory.
template <class S>
struct memory_row {
  using lane = S;
  typename packet<S>::source data;
  int64_t n;
  int64_t size() const { return n; }
  S at(int64_t i) const { return packet<S>::load(data + i); }
  S at(int64_t i, int64_t count) const { return packet<S>::load_first(data + i, count); }
};

/// A row that is computed where it is read.
template <class S, class At>
struct row_expression {
  using lane = S;
  int64_t n;
  At evaluate_at;
  int64_t size() const { return n; }
  S at(int64_t i) const { return evaluate_at(i); }
  S at(int64_t i, int64_t count) const { return evaluate_at(i, count); }
};
template <class S, class At>
constexpr row_expression<S, At> make_row(int64_t n, const At& at) {
  return {n, at};
}

/// Operators apply to rows position by position.
template <operation Op, row A, row... Bs>
  requires elementwise_on<Op, lane_of<A>>
auto interpret(const Op& op, const A& a, const Bs&... b) {
  return make_row<lane_of<A>>(a.size(), [=](auto... where) { return evaluate(op, a.at(where...), b.at(where...)...); });
}

#define AXG_ROW_OPERATOR(symbol)                                                                                \
  template <row A, row B>                                                                                       \
  auto operator symbol(const A& a, const B& b) {                                                                \
    return make_row<lane_of<A>>(a.size(), [=](auto... where) { return a.at(where...) symbol b.at(where...); }); \
  }                                                                                                             \
  template <row A>                                                                                              \
  auto operator symbol(const A& a, const lane_of<A>& s) {                                                       \
    return make_row<lane_of<A>>(a.size(), [=](auto... where) { return a.at(where...) symbol s; });              \
  }                                                                                                             \
  template <row A>                                                                                              \
  auto operator symbol(const lane_of<A>& s, const A& a) {                                                       \
    return make_row<lane_of<A>>(a.size(), [=](auto... where) { return s symbol a.at(where...); });              \
  }
AXG_ROW_OPERATOR(+)
AXG_ROW_OPERATOR(-)
AXG_ROW_OPERATOR(*)
AXG_ROW_OPERATOR(/)
#undef AXG_ROW_OPERATOR

/// The same number at `n` positions.
template <class S>
auto constant_row(int64_t n, const S& value) {
  return make_row<S>(n, [=](auto...) { return value; });
}
/// The row, or zeros where it does not count, whatever stands in it.
template <row R>
auto counted_row(bool counts, const R& r) {
  return make_row<lane_of<R>>(r.size(), [=](auto... where) { return counts ? r.at(where...) : lane_of<R>(0); });
}
/// 1 at `position`, 0 elsewhere; all 0 when the position is outside.
template <class S>
auto one_hot_row(int64_t n, int64_t position) {
  return make_row<S>(n, [=](int64_t i, auto...) { return packet<S>::one_hot(position - i); });
}
/// The entry at `position`, 0 when it is outside.
template <row R>
lane_of<R> pick(const R& r, int64_t position) {
  if (position < 0 || position >= r.size()) return lane_of<R>(0);
  return packet<lane_of<R>>::broadcast_first(r.at(position, 1));
}

namespace impl {
template <class S>
struct running {
  S part[packet<S>::unroll];
};

/// Combines packets of `r` from `begin` to `end` lane by lane; positions beyond the end take no part.
template <row R, class F>
running<lane_of<R>> reduce_block(const R& r, int64_t begin, int64_t end, const lane_of<R>& start, const F& combine) {
  using S = lane_of<R>;
  using P = packet<S>;
  running<S> acc;
  for (S& part : acc.part) part = start;
  int64_t i = begin;
  for (; i + P::size * P::unroll <= end; i += P::size * P::unroll)
    for (int64_t u = 0; u < P::unroll; ++u) acc.part[u] = combine(acc.part[u], r.at(i + u * P::size));
  for (int64_t u = 0; i < end; i += P::size, ++u) {
    const int64_t left = end - i;
    acc.part[u] =
        left >= P::size ? combine(acc.part[u], r.at(i)) : P::blend(combine(acc.part[u], r.at(i, left)), acc.part[u], left);
  }
  return acc;
}

/// Longer ranges are split.
template <class S>
inline constexpr int64_t longest_block =
    packet<S>::block_steps >> 62 ? packet<S>::block_steps : packet<S>::block_steps* packet<S>::size* packet<S>::unroll;

template <row R, class F>  // NOLINTNEXTLINE(performance-unnecessary-value-param): by value, as below
running<lane_of<R>> reduce_range(const R r, int64_t begin, int64_t end, const lane_of<R>& start, const F& combine) {
  using P = packet<lane_of<R>>;
  constexpr int64_t block = longest_block<lane_of<R>>;
  if (end - begin <= block) return reduce_block(r, begin, end, start, combine);
  int64_t half = block;
  while (half * 2 < end - begin) half *= 2;
  auto left = reduce_range(r, begin, begin + half, start, combine);
  const auto right = reduce_range(r, begin + half, end, start, combine);
  for (int64_t u = 0; u < P::unroll; ++u) left.part[u] = combine(left.part[u], right.part[u]);
  return left;
}

/// Packets whose long rows several threads may share: `share(parts, body)` calls body(part) for each of them in any order.
template <class S>
concept shares_rows = requires { packet<S>::share(int64_t{1}, [](int64_t) {}); };
/// The shortest row that is shared: even a sum in the second cache takes as long as a region of threads is worth.
inline constexpr int64_t shortest_shared_row = int64_t{1} << 18;
inline constexpr int64_t shortest_shared_part = shortest_shared_row / 8, most_shared_parts = 64;
/// Numbers of each part of a shared row but the last: a power of two.
constexpr int64_t shared_part(int64_t n) {
  int64_t part = shortest_shared_part;
  while (part * most_shared_parts < n) part *= 2;
  return part;
}

// Rows longer than a block. Parts that threads share are subtrees of the row's tree, so their sums give the bits of the
// unshared one. Expressions are passed by value: g++ keeps them in registers only where nobody else may know their address.
template <row R, class F>  // NOLINTNEXTLINE(performance-unnecessary-value-param)
[[gnu::noinline]] running<lane_of<R>> reduce_long(const R r, const lane_of<R> start, const F combine) {
  using S = lane_of<R>;
  const int64_t n = r.size();
  if constexpr (shares_rows<S>) {
    static_assert(shortest_shared_part % longest_block<S> == 0);
    if (n >= shortest_shared_row) {
      const int64_t part = shared_part(n), parts = (n + part - 1) / part;
      running<S> sums[most_shared_parts];
      packet<S>::share(parts, [&](int64_t p) {
        const int64_t end = (p + 1) * part;
        sums[p] = reduce_range(r, p * part, end < n ? end : n, start, combine);
      });
      for (int64_t apart = 1; apart < parts; apart *= 2)  // by halves, as reduce_range
        for (int64_t p = 0; p + apart < parts; p += 2 * apart)
          for (int64_t u = 0; u < packet<S>::unroll; ++u) sums[p].part[u] = combine(sums[p].part[u], sums[p + apart].part[u]);
      return sums[0];
    }
  }
  return reduce_range(r, 0, n, start, combine);
}

template <row R, class F>
lane_of<R> reduce(const R& r, const lane_of<R>& start, const F& combine) {
  using P = packet<lane_of<R>>;
  auto acc =
      r.size() <= longest_block<lane_of<R>> ? reduce_block(r, 0, r.size(), start, combine) : reduce_long(r, start, combine);
  for (int64_t half = P::unroll / 2; half > 0; half /= 2)
    for (int64_t u = 0; u < half; ++u) acc.part[u] = combine(acc.part[u], acc.part[u + half]);
  return P::fold(acc.part[0], combine);
}
}  // namespace impl

/// The sum of a row, 0 when it is empty; the result stands in every lane.
template <ring_row R>
lane_of<R> sum(const R& r) {
  using S = lane_of<R>;
  return impl::reduce(r, S(0), [](const S& a, const S& b) { return a + b; });
}
/// The mean of a row that is not empty.
template <field_row R>
lane_of<R> mean(const R& r) {
  return sum(r) / lane_of<R>(static_cast<double>(r.size()));
}
namespace impl {
/// Numbers that are summed side by side.
template <class S>
struct lane_pair {
  S a, b;
  friend lane_pair operator+(const lane_pair& x, const lane_pair& y) { return {x.a + y.a, x.b + y.b}; }
};
}  // namespace impl
template <class S>
struct packet<impl::lane_pair<S>> {
  using pair = impl::lane_pair<S>;
  static constexpr int64_t size = packet<S>::size, unroll = packet<S>::unroll, block_steps = packet<S>::block_steps;
  static pair blend(const pair& x, const pair& y, int64_t n) {
    return {packet<S>::blend(x.a, y.a, n), packet<S>::blend(x.b, y.b, n)};
  }
  template <class F>
  static pair fold(const pair& value, const F& combine) {
    return {packet<S>::fold(value.a, combine), packet<S>::fold(value.b, combine)};
  }
  template <class F>
    requires impl::shares_rows<S>
  static void share(int64_t parts, const F& body) {
    packet<S>::share(parts, body);
  }
};
/// The means of two rows that are read together, each as `mean` gives it.
template <field_row A, field_row B>
std::array<lane_of<A>, 2> means(const A& a, const B& b) {
  using S = lane_of<A>;
  using pair = impl::lane_pair<S>;
  const auto both = make_row<pair>(a.size(), [=](auto... where) { return pair{a.at(where...), b.at(where...)}; });
  const pair sums = impl::reduce(both, pair{S(0), S(0)}, [](const auto& x, const auto& y) { return x + y; });
  const S n = S(static_cast<double>(a.size()));
  return {sums.a / n, sums.b / n};
}
/// The mean corrected by the mean of what remains, so that a constant row is centred to exact zeros whatever its size.
template <field_row R>
lane_of<R> corrected_mean(const R& r) {
  const auto first = mean(r);
  return first + mean(r - first);
}
/// The largest entry of a row that is not empty, the first of equal ones; NaN if there is one.
template <ordered_row R>
lane_of<R> max(const R& r) {
  using S = lane_of<R>;
  return impl::reduce(r, packet<S>::broadcast_first(r.at(0, 1)), [](const S& a, const S& b) { return max(b, a); });
}
/// The position of the first entry that is not less than `least`; 0 if there is none.
template <ordered_row R>
int64_t first_not_below(const R& r, const lane_of<R>& least) {
  using P = packet<lane_of<R>>;
  int64_t i = 0;
  while (P::size > 1 && i + P::size <= r.size() && P::all(least > r.at(i))) i += P::size;
  for (; i < r.size(); ++i)
    if (!(P::first(least) > P::first(r.at(i, 1)))) return i;
  return 0;
}

namespace impl {
template <row R>
void store_range(const R& r, int64_t begin, int64_t end, typename packet<lane_of<R>>::target out) {
  using P = packet<lane_of<R>>;
  int64_t i = begin;
  for (; i + P::size <= end; i += P::size) P::store(r.at(i), out + i);
  if (i < end) P::store_first(r.at(i, end - i), out + i, end - i);
}
template <row R>
[[gnu::noinline]] void store_shared(const R r, typename packet<lane_of<R>>::target out) {
  const int64_t n = r.size(), part = shared_part(n);
  packet<lane_of<R>>::share((n + part - 1) / part, [&](int64_t p) {
    const int64_t end = (p + 1) * part;
    store_range(R(r), p * part, end < n ? end : n, out);
  });
}
}  // namespace impl

/// Writes a row.
template <row R>
void store_row(const R& r, typename packet<lane_of<R>>::target out) {
  if constexpr (impl::shares_rows<lane_of<R>>)
    if (r.size() >= impl::shortest_shared_row) return impl::store_shared(r, out);
  impl::store_range(r, 0, r.size(), out);
}
/// Adds a row to what is there.
template <row R>
void add_row(const R& r, typename packet<lane_of<R>>::target out) {
  store_row(memory_row<lane_of<R>>{out, r.size()} + r, out);
}

namespace impl {
/// A row that is written where it is read.
template <row R>
struct stored_row {
  using lane = lane_of<R>;
  R values;
  typename packet<lane>::target out;
  int64_t size() const { return values.size(); }
  lane at(int64_t i) const {
    const lane value = values.at(i);
    packet<lane>::store(value, out + i);
    return value;
  }
  lane at(int64_t i, int64_t count) const {
    const lane value = values.at(i, count);
    packet<lane>::store_first(value, out + i, count);
    return value;
  }
};
}  // namespace impl

/// What a row's numbers are saved for: `forward` writes them where there is room, `vjp` reads them where they are.
enum class saving : unsigned char { writes, reads };

/// Evaluates an expression once and remembers it: the argument `keep` of a rowwise operator's functions.
template <class S>
class row_keeper {
 public:
  using target = typename packet<S>::target;
  /// `first` takes the first kept row, `scratch` the following ones, `n` numbers each; `saved` has room for the operator's
  /// `saved` numbers of one row, or is null.
  row_keeper(target first, target scratch, target saved, saving what)
      : next_(first), scratch_(scratch), saved_(saved), reads_(what == saving::reads && saved != nullptr) {}
  /// The value of compute(), the same in every lane; `vjp` takes it from what `forward` saved, if that is there. Both ask for
  /// the same numbers in the same order.
  template <class F>
  S save_for_backward(const F& compute) {
    const target here = saved_;
    if (here != nullptr) saved_ = here + 1;
    if (reads_) return packet<S>::load_number(here);
    const S value = compute();
    if (here != nullptr) packet<S>::store_number(value, here);
    return value;
  }
  template <row R>
  memory_row<S> operator()(const R& r) {
    const target here = place_for(r);
    store_row(r, here);
    return {here, r.size()};
  }
  /// The same, and reduce(row) in the pass that writes it: `reduce` reads each position once.
  template <row R, class F>
  std::pair<memory_row<S>, S> operator()(const R& r, const F& reduce) {
    const target here = place_for(r);
    const S result = reduce(impl::stored_row<R>{r, here});
    return {memory_row<S>{here, r.size()}, result};
  }
  /// A row that `forward` and `vjp` both need. It is computed where it is read, unless the two run together.
  template <row R>
  R shared(const R& r) const {
    return r;
  }

 private:
  template <row R>
  target place_for(const R& r) {
    const target here = next_;
    next_ = scratch_;
    scratch_ = scratch_ + r.size();
    return here;
  }

  target next_, scratch_, saved_;
  bool reads_;
};
/// Rows that one run of an operator may keep.
inline constexpr int max_kept_rows = 4;

/// The same where `vjp` of a row follows upon its `forward`: the row that they share is stored by the one and read by the
/// other.
template <class S>
class joint_row_keeper : public row_keeper<S> {
 public:
  using target = typename packet<S>::target;
  /// `here` is the place of the shared row, of which an operator has one at most.
  joint_row_keeper(target here, const row_keeper<S>& others, saving what) : row_keeper<S>(others), here_(here), what_(what) {}
  template <row R>
  memory_row<S> shared(const R& r) const {
    if (what_ == saving::writes) store_row(r, here_);
    return {here_, r.size()};
  }

 private:
  target here_;
  saving what_;
};

/// The axis of an operator whose only row is the whole tensor.
inline constexpr int whole_tensor = -1;

/// What a rowwise operator gives for each row: a row, a number, or one number for all rows, the mean of theirs.
enum class row_result : unsigned char { row, each, mean };

}  // namespace axiograd
