// Inputs and summaries of results; torch_peer.py has the same formulas.

#include "workload.hpp"

#include <cmath>

namespace axiograd::bench {

double entry(std::uint64_t i, std::uint64_t series) {
  auto h = static_cast<std::uint32_t>((i + series * 1'000'003) * 2'654'435'761U);
  h ^= h >> 16;  // the finaliser of MurmurHash3
  h *= 0x85ebca6bU;
  h ^= h >> 13;
  h *= 0xc2b2ae35U;
  h ^= h >> 16;
  return static_cast<double>(h) / 2'147'483'648.0 - 1;
}
tensor<float> data(const shape& dims, std::uint64_t series, double scale) {
  auto t = tensor<float>::uninitialised(dims);
  float* const to = t.mutable_data();
  for (int64_t i = 0; i < t.size(); ++i) to[i] = static_cast<float>(scale * entry(static_cast<std::uint64_t>(i), series));
  return t;
}
index_tensor labels(const shape& dims, std::uint64_t series, int64_t classes) {
  auto t = index_tensor::uninitialised(dims);
  for (int64_t i = 0; i < t.size(); ++i)
    t.mutable_data()[i] =
        static_cast<int64_t>((entry(static_cast<std::uint64_t>(i), series) + 1) / 2 * static_cast<double>(classes));
  return t;
}
void set_parameters(const nn::parameter_list& parameters) {
  std::uint64_t k = 0;
  for (nn::named_parameter p : parameters) {
    const shape& s = p.value.shape();
    p.value.set(data(s, 100 + k++, s.rank == 1 ? 0.1 : 1 / std::sqrt(static_cast<double>(s.from(1).size()))));
  }
}
void digest::add(const float* x, int64_t n) {
  double product = 0, square = 0;
  for (int64_t i = 0; i < n; ++i) {
    product += static_cast<double>(x[i]) * entry(static_cast<std::uint64_t>(i), 7);
    square += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  numbers_.push_back(product);
  numbers_.push_back(std::sqrt(square));
}

}  // namespace axiograd::bench
