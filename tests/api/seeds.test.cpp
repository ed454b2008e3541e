// Neighbouring seeds, layers, epochs, calls and uses share no stream of random numbers: everything that takes a seed from a
// user is drawn side by side, and no two results are correlated at any lag.

#include <axiograd/axiograd.hpp>
#include <axiograd/io/dataset.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

constexpr int64_t n = 400;

/// n numbers with mean 0 and length 1.
struct stream {
  std::string name;
  std::vector<double> values;
};

class streams {
 public:
  std::vector<stream> list;

  void add(const std::string& name, const auto& entries) {
    stream s{name, {}};
    for (int64_t i = 0; i < n; ++i) s.values.push_back(static_cast<double>(entries[i]));
    double mean = 0, square = 0;
    for (const double x : s.values) mean += x / static_cast<double>(n);
    for (const double x : s.values) square += (x - mean) * (x - mean);
    for (double& x : s.values) x = (x - mean) / std::sqrt(square);
    list.push_back(std::move(s));
  }
  void add_parameters(const std::string& name, const auto& model) {
    for (const nn::named_parameter& p : model.parameters())
      if (p.value.shape().size() == n) add(name + " " + p.name, p.value.value());
  }
};

void add_initial_values(streams& all, seed s, const std::string& of) {
  nn::parameter p({n});
  nn::fill_uniform(p, s, 0, 1);
  all.add("fill_uniform" + of, p.value());
  nn::sequential layers{nn::linear{n, 1},
                        nn::linear{n, 1},
                        nn::conv2d{16, 1, 5},
                        nn::embedding{20, 20},
                        nn::rnn{20, 20},
                        nn::multi_head_attention{20, 2},
                        nn::sequential{nn::linear{n, 1}, nn::linear{n, 1}}};
  layers.init(s);
  all.add_parameters("model" + of, layers);
}

void add_masks(streams& all, seed s, const std::string& of) {
  nn::sequential layers{nn::dropout{0.5}, nn::dropout{0.5}};
  layers.init(s);
  recording<float> r;
  nn::recorded_parameters<float> training(r);
  const auto ones = r.constant(tensor<float>::ones({n}));
  for (int call = 0; call < 3; ++call) {
    // The second layer's mask shows where the first one's is not 0: so each is run by itself.
    nn::sequential first{nn::dropout{0.5}};
    first.init(s);
    for (int before = 0; before < call; ++before) first.forward(training, ones);
    all.add("first dropout" + of + " call " + std::to_string(call), first.forward(training, ones).value());
    nn::sequential second{nn::dropout{0}, nn::dropout{0.5}};
    second.init(s);
    for (int before = 0; before < call; ++before) second.forward(training, ones);
    all.add("second dropout" + of + " call " + std::to_string(call), second.forward(training, ones).value());
  }
}

void add_orders(streams& all, seed s, const std::string& of) {
  io::dataset data{.inputs = tensor<float>({n, 1}), .labels = index_tensor({n}), .class_names = {}};
  for (int64_t i = 0; i < n; ++i) data.labels.mutable_data()[i] = i;
  const auto places = [](const std::string& name, const index_tensor& order, streams& into) {
    std::vector<int64_t> at(static_cast<std::size_t>(n));
    for (int64_t i = 0; i < n; ++i) at[static_cast<std::size_t>(order[i])] = i;
    into.add(name, tensor<int64_t>::from({n}, at));
  };
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    const io::batch whole = *io::batches(data, {.size = n, .shuffle = s, .epoch = epoch}).begin();
    places("shuffle" + of + " epoch " + std::to_string(epoch), whole.labels, all);
  }
  const auto [train, test] = *io::split(data, {.test_fraction = 0.5, .shuffle = s});
  std::vector<int64_t> order(test.labels.begin(), test.labels.end());
  order.insert(order.end(), train.labels.begin(), train.labels.end());
  places("split" + of, tensor<int64_t>::from({n}, order), all);
}

/// The largest correlation at a lag, in standard deviations of what independent numbers have.
double largest_correlation(const stream& a, const stream& b) {
  double most = 0;
  for (int64_t lag = -n / 2; lag <= n / 2; ++lag) {
    double sum = 0;
    const int64_t first = std::max(int64_t{0}, -lag), last = std::min(n, n - lag);
    for (int64_t i = first; i < last; ++i)
      sum += a.values[static_cast<std::size_t>(i)] * b.values[static_cast<std::size_t>(i + lag)];
    most = std::max(most, std::abs(sum) * static_cast<double>(n) / std::sqrt(static_cast<double>(last - first)));
  }
  return most;
}

TEST(seeds, neighbours_share_no_stream) {
  streams all;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    const seed s{number};
    const std::string of = " of seed " + std::to_string(number);
    add_initial_values(all, s, of);
    add_masks(all, s, of);
    add_orders(all, s, of);
    for (std::uint64_t counter = 0; counter < 2; ++counter) {
      const random_key key{s, counter};
      const std::string call = of + " call " + std::to_string(counter);
      all.add("random_uniform" + call, random_uniform({n}, key));
      all.add("random_normal" + call, random_normal({n}, key));
      all.add("bernoulli_mask" + call, bernoulli_mask({n}, key, 0.5));
    }
  }
  EXPECT_GT(all.list.size(), 80U);
  // Of ten million independent pairs of numbers none lies beyond six deviations; a shared stream has twenty (all of it) to
  // fourteen (half of it).
  for (std::size_t i = 0; i < all.list.size(); ++i)
    for (std::size_t k = i + 1; k < all.list.size(); ++k)
      EXPECT_LT(largest_correlation(all.list[i], all.list[k]), 7) << all.list[i].name << " and " << all.list[k].name;
}

// The primitives add seed and counter, as the contract has them: this is what `spread` is for.
TEST(seeds, spreading_leaves_no_structure_of_sums) {
  static_assert(key_of(seed{1}, 1) == key_of(seed{2}, 0) && next_seed(seed{1}, 1) == next_seed(seed{2}, 0));
  std::vector<std::uint64_t> words;
  for (std::uint64_t s = 0; s < 40; ++s)
    for (std::uint64_t use = 0; use < 8; ++use)
      for (std::uint64_t number = 0; number < 40; ++number)
        words.push_back(spread(seed{s}, static_cast<seed_use>(use), number).value);
  std::sort(words.begin(), words.end());
  // Streams of a million draws that begin at these words do not meet: 12,800 random words lie this close with probability 1e-5.
  for (std::size_t i = 1; i < words.size(); ++i) EXPECT_GT(words[i] - words[i - 1], std::uint64_t{1} << 20);
}

}  // namespace
}  // namespace axiograd
