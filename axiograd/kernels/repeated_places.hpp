#pragma once

#include <axiograd/core/block_sum.hpp>
#include <axiograd/kernels/grain.hpp>
#include <vector>

namespace axiograd::impl {

/// Which of many places occur often: a counter for several of them together, so that a count may be too large, never too small.
class place_counts {
 public:
  explicit place_counts(int64_t most_places)
      : shift_(64 - std::max(8, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(most_places))) - 3)),
        counts_(std::size_t{1} << (64 - shift_), 0) {}
  void count(int64_t place) { counts_[cell(place)] += 1; }
  bool more_than_a_block(int64_t place) const { return counts_[cell(place)] > sum_block; }

 private:
  std::size_t cell(int64_t place) const {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(place) * 0x9e3779b97f4a7c15U >> shift_);
  }
  int shift_;
  std::vector<std::uint32_t> counts_;
};

/// Rows of equal width that are added to the same places of a tensor again and again, compensated.
template <class T>
class compensated_places {
 public:
  compensated_places(T* to, int64_t width) : to_(to), width_(width), slots_(64, empty) {}

  /// to[place .. ] += the row.
  void add(int64_t place, const T* row) {
    T* const sum = to_ + place;
    const int64_t number = number_of(place);  // before the memory's address is taken: it may grow
    T* const lost = lost_.data() + number * width_;
    for (int64_t i = 0; i < width_; ++i) add_compensated(sum[i], lost[i], row[i]);
  }
  void finish() {
    const T* lost = lost_.data();
    for (const int64_t place : places_)
      for (int64_t i = 0; i < width_; ++i, ++lost) to_[place + i] = to_[place + i] + *lost;
  }

 private:
  static constexpr int64_t empty = -1;

  /// The number of a place; a new one gets the next.
  int64_t number_of(int64_t place) {
    std::size_t slot = find(place);
    if (slots_[slot] != empty) return slots_[slot];
    const auto number = static_cast<int64_t>(places_.size());
    lost_.resize(lost_.size() + static_cast<std::size_t>(width_), T(0));
    places_.push_back(place);
    slots_[slot] = number;
    if (places_.size() * 2 > slots_.size()) {
      slots_.assign(2 * slots_.size(), empty);
      for (std::size_t i = 0; i < places_.size(); ++i) slots_[find(places_[i])] = static_cast<int64_t>(i);
    }
    return number;
  }
  /// The slot of a place, or the empty one where it belongs.
  std::size_t find(int64_t place) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = static_cast<std::size_t>(static_cast<std::uint64_t>(place) * 0x9e3779b97f4a7c15U >> 32) & mask;
    while (slots_[slot] != empty && places_[static_cast<std::size_t>(slots_[slot])] != place) slot = (slot + 1) & mask;
    return slot;
  }

  T* to_;
  int64_t width_;
  std::vector<int64_t> slots_;   ///< the numbers of places, found by their hash
  std::vector<int64_t> places_;  ///< by number
  std::vector<T> lost_;          ///< a row for each number
};

}  // namespace axiograd::impl
