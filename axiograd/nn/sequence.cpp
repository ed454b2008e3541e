#include <axiograd/nn/sequence.hpp>
#include <cmath>

namespace axiograd::nn {

void embedding::require_inside(const index_tensor& indices) const {
  for (int64_t i = 0; i < indices.size(); ++i)
    if (indices[i] < 0 || indices[i] >= weight_.shape()[0])
      throw failure({error_kind::index_out_of_range, message({"embedding: index ", indices[i], " at position ", i,
                                                              " is outside a table of ", weight_.shape()[0], " rows"})});
}

std::uint64_t dropout::next_counter() const {
  constexpr int block = 1 << 20;  // a float counts exactly to 2^24
  parameter calls = calls_;       // the same values
  float* const at = calls.mutable_data();
  const auto counter = static_cast<std::uint64_t>(at[1]) * block + static_cast<std::uint64_t>(at[0]);
  at[0] += 1;
  if (at[0] == block) {
    at[0] = 0;
    at[1] += 1;
  }
  return counter;
}

void impl::recurrent_layer::init(seed s) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden()));
  std::uint64_t number = 0;
  for (parameter* p : {&w_ih_, &w_hh_, &b_ih_, &b_hh_}) fill_uniform(*p, next_seed(s, number++), -bound, bound);
}

multi_head_attention::multi_head_attention(int64_t features, int64_t heads, int64_t key_heads, bool causal)
    : heads_(heads), key_heads_(key_heads > 0 ? key_heads : heads), causal_(causal) {
  if (heads < 1 || features % heads != 0)
    throw failure({error_kind::invalid_parameter,
                   message({"multi_head_attention: ", heads, " heads do not divide ", features, " features"})});
  const int64_t of_keys = features / heads * key_heads_;
  for (const int64_t out : {features, of_keys, of_keys, features}) {
    weights_.emplace_back(shape{out, features});
    biases_.emplace_back(shape{out});
  }
}

void multi_head_attention::init(seed s) {
  for (std::size_t i = 0; i < 4; ++i) {
    fill_xavier_uniform(weights_[i], next_seed(s, i), weights_[i].shape()[1], weights_[i].shape()[0]);
    fill(biases_[i], 0);
  }
}

}  // namespace axiograd::nn
