#pragma once
// Labelled samples in memory, and mini-batches of them.

#include <axiograd/core/random.hpp>
#include <axiograd/core/tensor.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace axiograd::io {

/// n samples with a class each. Copies share the numbers.
struct dataset {
  tensor<float> inputs{shape{0}};        ///< (n, ...), images (n, channels, height, width)
  index_tensor labels{shape{0}};         ///< (n), positions in class_names
  std::vector<std::string> class_names;  ///< may be empty if the classes have no names

  int64_t size() const { return inputs.rank() == 0 ? 0 : inputs.shape()[0]; }
  /// The shape of one input.
  shape sample_shape() const { return inputs.rank() == 0 ? shape{} : inputs.shape().from(1); }
};

/// Positions 0 .. n - 1, sorted by mix(key + position).
index_tensor positions_by_key(int64_t n, std::uint64_t key);
/// Positions 0 .. n - 1 in an order that is a function of seed, epoch and n alone; other seeds and other epochs give others.
index_tensor shuffled_positions(int64_t n, seed s, std::uint64_t epoch = 0);

/// The samples at some positions, in that order. Errors: index_out_of_range, size_mismatch (inputs and labels differ),
/// out_of_memory.
result<dataset> samples_at(const dataset& data, std::span<const int64_t> positions);

struct split_options {
  double test_fraction = 0.2;  ///< of the samples, rounded down
  seed shuffle{0};             ///< which samples
};
struct train_and_test {
  dataset train, test;
};
/// A data set cut in two, without samples in common. Errors: invalid_parameter if either part would be empty, out_of_memory.
result<train_and_test> split(const dataset& data, const split_options& options = {});
/// The same with the first `test_fraction` of positions_by_key as the test set.
result<train_and_test> split_by_key(const dataset& data, std::uint64_t key, double test_fraction);

struct batch_options {
  int64_t size = 64;
  std::optional<seed> shuffle = std::nullopt;  ///< file order if absent
  std::uint64_t epoch = 0;                     ///< another order for each
  bool drop_last = false;                      ///< leave out a last batch that is shorter than `size`
};

/// Consecutive samples of a data set's order.
struct batch {
  tensor<float> inputs{shape{0}};  ///< (size, ...)
  index_tensor labels{shape{0}};   ///< (size)
};

/// The batches of one epoch, for a range-based for. A batch may be kept: what somebody holds is not written again; what
/// nobody holds is, so that the loop needs no new memory.
class batch_range {
 public:
  /// Throws `failure`: invalid_parameter (size below 1, no samples, no full batch to keep), size_mismatch.
  batch_range(const dataset& data, const batch_options& options);

  class iterator {
   public:
    using value_type = batch;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;
    const batch& operator*() const { return range_->current_; }
    const batch* operator->() const { return &range_->current_; }
    iterator& operator++() {
      range_->load(++number_);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) { return i.number_ >= i.range_->size(); }

   private:
    friend class batch_range;
    iterator(batch_range& range, int64_t number) : range_(&range), number_(number) {}
    batch_range* range_;
    int64_t number_;
  };

  /// Starts over; one loop at a time.
  iterator begin() {
    load(0);
    return {*this, 0};
  }
  std::default_sentinel_t end() const { return {}; }
  /// The number of batches.
  int64_t size() const { return count_; }

 private:
  void load(int64_t number);

  tensor<float> inputs_;
  index_tensor labels_;
  index_tensor order_;  // empty: as they are
  int64_t batch_size_;
  int64_t count_;
  batch current_;
};

/// `for (auto [images, labels] : batches(train, {.size = 64, .shuffle = seed{1}}))`; see batch_range.
inline batch_range batches(const dataset& data, const batch_options& options = {}) { return {data, options}; }

}  // namespace axiograd::io
