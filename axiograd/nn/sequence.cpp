#include <axiograd/core/floating_point.hpp>
#include <axiograd/nn/sequence.hpp>
#include <bit>
#include <cmath>

namespace axiograd::nn {

void embedding::require_inside(const index_tensor& indices) const {
  for (int64_t i = 0; i < indices.size(); ++i)
    if (indices[i] < 0 || indices[i] >= weight_.shape()[0])
      throw failure({error_kind::index_out_of_range, message({"embedding: index ", indices[i], " at position ", i,
                                                              " is outside a table of ", weight_.shape()[0], " rows"})});
}

void dropout::init(seed s) { draws_.set_counts(index_tensor::from({2}, {std::bit_cast<int64_t>(s.value), 0})); }

random_key dropout::next_key() const {
  parameter draws = draws_;  // the same numbers
  int64_t* const at = draws.mutable_counts();
  return {{std::bit_cast<std::uint64_t>(at[0])}, static_cast<std::uint64_t>(at[1]++)};
}

impl::recurrent_layers::recurrent_layers(int64_t in, int64_t hidden, int64_t gates, const recurrent_options& options)
    : bidirectional_(options.bidirectional) {
  if (options.layers < 1)
    throw failure({error_kind::invalid_parameter, message({"a recurrent layer: ", options.layers, " layers"})});
  const auto each = static_cast<int64_t>(directions());
  for (int64_t i = 0; i < options.layers * each; ++i)
    cells_.push_back({parameter({gates * hidden, i < each ? in : each * hidden}), parameter({gates * hidden, hidden}),
                      parameter({gates * hidden}), parameter({gates * hidden})});
}

void impl::recurrent_layers::init(seed s) {
  const floating_point_scope standard;
  const double bound = 1 / std::sqrt(static_cast<double>(cells_[0].w_hh.shape()[1]));
  std::uint64_t number = 0;
  for (cell& c : cells_)
    for (parameter* p : {&c.w_ih, &c.w_hh, &c.b_ih, &c.b_hh})
      fill_uniform(*p, spread(s, seed_use::parameter, number++), -bound, bound);
}

multi_head_attention::multi_head_attention(int64_t features, int64_t heads, int64_t key_heads, bool causal,
                                           int64_t context_features)
    : heads_(heads), key_heads_(key_heads > 0 ? key_heads : heads), causal_(causal) {
  if (heads < 1 || features % heads != 0)
    throw failure({error_kind::invalid_parameter,
                   message({"multi_head_attention: ", heads, " heads do not divide ", features, " features"})});
  const int64_t of_keys = features / heads * key_heads_;
  const int64_t of_context = context_features > 0 ? context_features : features;
  const bool joined = of_keys == features && of_context == features;
  constexpr const char* parts[]{".q", ".k", ".v"};
  for (std::size_t i = 0; i < 3; ++i) {
    const int64_t out = i == 0 ? features : of_keys, in = i == 0 ? features : of_context;
    weights_.emplace_back(shape{out, in}, joined ? parts[i] : "");
    biases_.emplace_back(shape{out}, parts[i]);
  }
  weights_.emplace_back(shape{features, features});
  biases_.emplace_back(shape{features});
}

void multi_head_attention::init(seed s) {
  for (std::size_t i = 0; i < 4; ++i) {
    fill_xavier_uniform(weights_[i], spread(s, seed_use::parameter, i), weights_[i].shape()[1], weights_[i].shape()[0]);
    fill(biases_[i], 0);
  }
}

}  // namespace axiograd::nn
