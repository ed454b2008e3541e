#pragma once
// Sums of many terms, of numbers and of rows of numbers. Blocks of terms are added in turn and the blocks pairwise, so that the
// error grows with the logarithm of the number of terms (docs/decisions/accuracy-of-sums.md). Exact numbers, which own memory,
// are added in turn.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/scratch.hpp>
#include <bit>
#include <concepts>
#include <limits>

namespace axiograd {

/// So many terms are added in turn.
inline constexpr int64_t sum_block = 32;

/// Numbers, and vectors of them, whose long sums are made of blocks.
template <class T>
inline constexpr bool sums_by_blocks = std::is_trivially_copyable_v<T>;

/// The sum of whole blocks, as a binary counter: level l holds the sum of 2^l blocks where bit l of their number is set.
template <class T>
class summed_blocks {
 public:
  void add(T block) {
    int l = 0;
    for (std::uint64_t bits = blocks_++; (bits & 1) != 0; bits >>= 1, ++l) block = level_[l] + block;
    level_[l] = block;
  }
  /// With the terms that came after them.
  T total(T rest) const {
    for (int l = 0; blocks_ >> l != 0; ++l)
      if ((blocks_ >> l & 1) != 0) rest = level_[l] + rest;
    return rest;
  }

 private:
  struct nothing {};
  std::uint64_t blocks_ = 0;
  std::conditional_t<sums_by_blocks<T>, T, nothing> level_[sums_by_blocks<T> ? 58 : 1];  // of 2^63 terms
};

/// A sum of terms that come one at a time.
template <class T>
class block_sum {
 public:
  void add(const T& x) {
    open_ = open_ + x;
    if constexpr (sums_by_blocks<T>)
      if (++terms_ == sum_block) {
        blocks_.add(open_);
        open_ = T(0);
        terms_ = 0;
      }
  }
  T total() const {
    if constexpr (sums_by_blocks<T>)
      return blocks_.total(open_);
    else
      return open_;
  }

 private:
  T open_ = T(0);
  int64_t terms_ = 0;
  summed_blocks<T> blocks_;
};

/// The sum of term(i) for i < n.
template <class T, class F>
T sum_terms(int64_t n, const F& term) {
  const auto in_turn = [&](int64_t from, int64_t to) {
    T sum(0);
    for (int64_t i = from; i < to; ++i) sum = sum + term(i);
    return sum;
  };
  if constexpr (sums_by_blocks<T>)
    if (n > sum_block) {
      summed_blocks<T> blocks;
      int64_t i = 0;
      for (; i + sum_block <= n; i += sum_block) blocks.add(in_turn(i, i + sum_block));
      return blocks.total(in_turn(i, n));
    }
  return in_turn(0, n);
}

namespace impl {
/// Not inlined: beside the loop of a short sum it would keep that from being.
template <class T, class Visit>
[[gnu::noinline]] T long_sum_of(const Visit& visit) {
  block_sum<T> total;
  visit([&](const T& x) { total.add(x); });
  return total.total();
}
}  // namespace impl

/// The sum of the terms that visit(add) hands to add(x), at most `most` of them.
template <class T, class Visit>
T sum_of(int64_t most, const Visit& visit) {
  if (most > sum_block) return impl::long_sum_of<T>(visit);
  T total(0);
  visit([&](const T& x) { total = total + x; });
  return total;
}

/// The sum of rows of `width` numbers that come as sums of blocks of rows; the counter of block_sum for each column.
template <class T>
class joined_rows {
 public:
  joined_rows(int64_t width, int64_t blocks)
      : width_(width),
        memory_(std::max<int64_t>(1, (static_cast<int64_t>(std::bit_width(static_cast<std::uint64_t>(blocks))) + 1) * width)),
        open_(memory_.data()) {}
  joined_rows(const joined_rows&) = delete;
  joined_rows& operator=(const joined_rows&) = delete;

  /// Where the sum of the next block belongs; that of the block before it is complete.
  T* next() {
    if (begun_) close();
    begun_ = true;
    return open_;
  }
  /// The same, filled with zeros.
  T* next_zeros() {
    T* const row = next();
    std::fill_n(row, width_, T(0));
    return row;
  }
  /// The sum of all blocks, of which there is at least one.
  const T* total() {
    for (int l = 0; blocks_ >> l != 0; ++l)
      if ((blocks_ >> l & 1) != 0) add(level_[l]);
    blocks_ = 0;
    return open_;
  }

 private:
  void close() {
    int l = 0;
    for (std::uint64_t bits = blocks_++; (bits & 1) != 0; bits >>= 1, ++l) add(level_[l]);
    if (l == levels_) {
      ++levels_;
      level_[l] = memory_.data() + levels_ * width_;
    }
    std::swap(level_[l], open_);
  }
  void add(const T* other) {  // the earlier rows come first
    T* const sum = open_;
    for (int64_t j = 0; j < width_; ++j) sum[j] = other[j] + sum[j];
  }

  int64_t width_;
  scratch_memory<T> memory_;
  T* open_;
  T* level_[64];
  int levels_ = 0;
  std::uint64_t blocks_ = 0;
  bool begun_ = false;
};

/// row[0 .. width-1] += the sum over i < terms of what add_term(i, to) adds to `to`.
template <class T, class F>
void add_terms(T* row, int64_t width, int64_t terms, const F& add_term) {
  if (!sums_by_blocks<T> || terms <= sum_block) {
    for (int64_t i = 0; i < terms; ++i) add_term(i, row);
    return;
  }
  joined_rows<T> sums(width, terms / sum_block + 1);
  int64_t i = 0;
  do {
    T* const block = sums.next_zeros();
    for (const int64_t end = std::min(terms, i + sum_block); i < end; ++i) add_term(i, block);
  } while (i < terms);
  const T* const total = sums.total();
  for (int64_t j = 0; j < width; ++j) row[j] = row[j] + total[j];
}

/// sum += x, where `lost` is what the addition before has rounded away of the sum, and takes what this one does (Kahan 1965
/// with the two-sum of Knuth 1969). The error does not grow with the number of terms.
template <std::floating_point T>
void add_compensated(T& sum, T& lost, const T& x) {
  const T term = x + lost, before = sum, after = before + term, of_term = after - before;
  const T rest = (before - (after - of_term)) + (term - of_term);
  lost = rest - rest == 0 ? rest : T(0);  // nothing is lost of what is not finite
  sum = after;
}

/// Calls body(add), where add(i, x) adds x to to[i], compensated where an entry may get more than a block of terms.
template <class T, class Body>
void scatter_sums(T* to, int64_t size, int64_t most_terms, const Body& body) {
  if constexpr (std::floating_point<T>)
    if (most_terms > sum_block) {
      scratch_memory<T> memory(std::max<int64_t>(1, size));
      T* const lost = memory.data();
      std::fill_n(lost, size, T(0));
      body([to, lost](int64_t i, const T& x) { add_compensated(to[i], lost[i], x); });
      for (int64_t i = 0; i < size; ++i) to[i] = to[i] + lost[i];
      return;
    }
  body([to](int64_t i, const T& x) { to[i] = to[i] + x; });
}

}  // namespace axiograd
