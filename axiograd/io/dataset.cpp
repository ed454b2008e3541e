#include <algorithm>
#include <axiograd/core/guarded.hpp>
#include <axiograd/io/dataset.hpp>
#include <numeric>

namespace axiograd::io {

namespace {

/// Nothing, or what is wrong with the shapes.
std::optional<error> mismatch(const char* name, const dataset& data) {
  if (data.inputs.rank() >= 1 && data.labels.shape() == shape{data.size()}) return std::nullopt;
  return error{error_kind::size_mismatch, std::string(name) + ": inputs have shape " + to_string(data.inputs.shape()) +
                                              ", labels " + to_string(data.labels.shape())};
}

/// Memory of some shape to be written as a whole: the tensor's own, unless somebody else holds it.
template <class T>
T* overwrite(tensor<T>& t, const shape& dims) {
  if (t.shape() != dims || t.owner()->shared()) t = tensor<T>::uninitialised(dims);
  return t.mutable_data();
}

/// Copies rows of `source` at `positions` one after the other.
template <class T>
void gather(const tensor<T>& source, std::span<const int64_t> positions, T* to) {
  const int64_t row = source.shape().from(1).size();
  for (const int64_t position : positions) to = std::copy_n(source.data() + position * row, row, to);
}

shape with_first_extent(const shape& dims, int64_t n) {
  shape s = dims;
  s[0] = n;
  return s;
}

}  // namespace

index_tensor positions_by_key(int64_t n, std::uint64_t key) {
  index_tensor order = index_tensor::uninitialised({n});
  const std::span<int64_t> positions = order.mutable_values();
  std::iota(positions.begin(), positions.end(), int64_t{0});
  // mix is a bijection, so no two positions tie.
  const auto rank = [key](int64_t i) { return mix(key + static_cast<std::uint64_t>(i)); };
  std::sort(positions.begin(), positions.end(), [&](int64_t a, int64_t b) { return rank(a) < rank(b); });
  return order;
}

index_tensor shuffled_positions(int64_t n, seed s, std::uint64_t epoch) {
  return positions_by_key(n, spread(s, seed_use::shuffle, epoch).value);
}

result<dataset> samples_at(const dataset& data, std::span<const int64_t> positions) try {
  if (const auto problem = mismatch("samples_at", data)) return tl::unexpected<error>(*problem);
  for (const int64_t position : positions)
    if (position < 0 || position >= data.size())
      return fail(error_kind::index_out_of_range, "samples_at: position " + std::to_string(position) + ", the data set has " +
                                                      std::to_string(data.size()) + " samples");
  const auto n = static_cast<int64_t>(positions.size());
  dataset part{.inputs = tensor<float>::uninitialised(with_first_extent(data.inputs.shape(), n)),
               .labels = index_tensor::uninitialised({n}),
               .class_names = data.class_names};
  gather(data.inputs, positions, part.inputs.mutable_data());
  gather(data.labels, positions, part.labels.mutable_data());
  return part;
} catch (const std::bad_alloc&) {
  return no_memory("samples_at", "not enough memory for a copy of the samples");
}

result<train_and_test> split(const dataset& data, const split_options& options) {
  return split_by_key(data, spread(options.shuffle, seed_use::split).value, options.test_fraction);
}

result<train_and_test> split_by_key(const dataset& data, std::uint64_t key, double fraction) try {
  if (!(fraction > 0 && fraction < 1))
    return fail(error_kind::invalid_parameter,
                "split: test_fraction is " + std::to_string(fraction) + ", expected a number between 0 and 1");
  const auto test_size = static_cast<int64_t>(static_cast<double>(data.size()) * fraction);
  if (test_size == 0)
    return fail(error_kind::invalid_parameter, "split: " + std::to_string(data.size()) + " samples leave none for testing");
  const index_tensor order = positions_by_key(data.size(), key);
  const auto cut = static_cast<std::size_t>(test_size);
  result<dataset> test = samples_at(data, order.values().first(cut));
  if (!test) return tl::unexpected<error>(std::move(test).error());
  result<dataset> train = samples_at(data, order.values().subspan(cut));
  if (!train) return tl::unexpected<error>(std::move(train).error());
  return train_and_test{std::move(*train), std::move(*test)};
} catch (const std::bad_alloc&) {
  return no_memory("split", "not enough memory for a copy of the samples");
}

batch_range::batch_range(const dataset& data, const batch_options& options)
    : inputs_(data.inputs), labels_(data.labels), order_(shape{0}), batch_size_(options.size) {
  const auto refuse = [](const std::string& text) { throw failure({error_kind::invalid_parameter, "batches: " + text}); };
  if (batch_size_ < 1) refuse("size is " + std::to_string(batch_size_) + ", expected at least 1");
  if (const auto problem = mismatch("batches", data)) throw failure(*problem);
  const int64_t n = data.size();
  if (n == 0) refuse("the data set is empty");
  batch_size_ = std::min(batch_size_, n + (options.drop_last ? 1 : 0));
  count_ = n / batch_size_ + (!options.drop_last && n % batch_size_ != 0 ? 1 : 0);
  if (count_ == 0)
    refuse(std::to_string(n) + " samples make no full batch of " + std::to_string(options.size) + ", and drop_last is set");
  if (options.shuffle) order_ = shuffled_positions(n, *options.shuffle, options.epoch);
}

void batch_range::load(int64_t number) {
  if (number >= count_) return;
  const int64_t first = number * batch_size_, n = std::min(batch_size_, labels_.size() - first);
  float* const inputs = overwrite(current_.inputs, with_first_extent(inputs_.shape(), n));
  int64_t* const labels = overwrite(current_.labels, {n});
  if (order_.empty()) {
    const int64_t row = inputs_.shape().from(1).size();
    std::copy_n(inputs_.data() + first * row, n * row, inputs);
    std::copy_n(labels_.data() + first, n, labels);
  } else {
    const auto positions = order_.values().subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n));
    gather(inputs_, positions, inputs);
    gather(labels_, positions, labels);
  }
}

}  // namespace axiograd::io
