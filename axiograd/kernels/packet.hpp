#pragma once
// Packets: how many numbers a definition is run on at a time.

#include <axiograd/core/shape.hpp>

namespace axiograd {

/// How spans and rows are read: `size` numbers at a time. This one reads single numbers; SIMD vectors specialise it.
///
/// The summation tree belongs here. It depends on the length of a row only: `size * unroll` running sums, folded by halves;
/// single numbers are summed left to right (contract G4).
template <class S>
struct packet {
  using element = S;
  using source = const S*;  ///< where a packet is read from; `place + i` is that of position i
  using target = S*;        ///< and where one is written to
  static constexpr int64_t size = 1;
  static constexpr int64_t unroll = 1;
  static constexpr int64_t block_steps = int64_t{1} << 62;  // longer rows are split in halves of whole blocks

  static S load(source p) { return *p; }
  static S load_first(source p, int64_t) { return *p; }
  static void store(const S& value, target p) { *p = value; }
  static void store_first(const S& value, target p, int64_t) { *p = value; }
  /// One number of a row, in every lane that belongs to the row.
  static S load_number(source p) { return *p; }
  static void store_number(const S& value, target p) { *p = value; }
  /// A number that all rows share.
  static S same(const S& value) { return value; }
  /// The first `n` lanes of a, the others of b.
  static S blend(const S& a, const S&, int64_t) { return a; }
  /// Lane 0 in every lane.
  static S broadcast_first(const S& value) { return value; }
  static element first(const S& value) { return value; }
  /// Whether a condition holds in every lane.
  static bool all(bool condition) { return condition; }
  /// 1 in lane `k`, 0 elsewhere.
  static S one_hot(int64_t k) { return k == 0 ? S(1) : S(0); }
  /// Folds the lanes of one packet with an associative function; the result stands in every lane.
  template <class F>
  static S fold(const S& value, const F&) {
    return value;
  }
};

}  // namespace axiograd
