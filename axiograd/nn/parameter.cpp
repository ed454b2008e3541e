#include <axiograd/nn/parameter.hpp>
#include <cmath>

namespace axiograd::nn {

parameter::parameter(const axiograd::shape& dims) : value_(tensor<float>(dims)) {}

void parameter::set(const tensor<float>& value) {
  if (value.shape() != shape())
    throw failure({error_kind::shape_mismatch, message({"parameter: shape ", value.shape(), " does not fit ", shape()})});
  *value_ = value;
}

void parameter::prepack() {
  if (!value_->owner()->constant()) *value_ = value_->constant();
}

float* parameter::mutable_data() { return value_->mutable_data(); }

void append(parameter_list& list, std::string name, const parameter& p) { list.push_back({std::move(name), p}); }

void fill(parameter& p, float value) { std::fill_n(p.mutable_data(), p.shape().size(), value); }

void fill_uniform(parameter& p, seed s, double low, double high) {
  const std::uint64_t key = key_of(s, 0);
  float* const x = p.mutable_data();
  for (int64_t i = 0; i < p.shape().size(); ++i)
    x[i] = static_cast<float>(low + (high - low) * uniform(key, static_cast<std::uint64_t>(i)));
}

void fill_normal(parameter& p, seed s, double mean, double deviation) {
  const std::uint64_t key = key_of(s, 0);
  float* const x = p.mutable_data();
  for (int64_t i = 0; i < p.shape().size(); ++i)
    x[i] = static_cast<float>(mean + deviation * normal(key, static_cast<std::uint64_t>(i)));
}

void fill_xavier_uniform(parameter& p, seed s, int64_t in, int64_t out) {
  const double bound = std::sqrt(6.0 / static_cast<double>(in + out));
  fill_uniform(p, s, -bound, bound);
}

void fill_kaiming_uniform(parameter& p, seed s, int64_t in) {
  const double bound = std::sqrt(6.0 / static_cast<double>(in));
  fill_uniform(p, s, -bound, bound);
}

}  // namespace axiograd::nn
