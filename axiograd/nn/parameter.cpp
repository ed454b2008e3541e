#include <axiograd/core/floating_point.hpp>
#include <axiograd/nn/parameter.hpp>
#include <cmath>

namespace axiograd::nn {

namespace {

void require_same_shape(const shape& given, const shape& own) {
  if (given != own) throw failure({error_kind::shape_mismatch, message({"parameter: shape ", given, " does not fit ", own})});
}
std::uint64_t initial_key(seed s) { return key_of(spread(s, seed_use::initial_values), 0); }

}  // namespace

parameter::parameter(const axiograd::shape& dims) : parameter(dims, "") {}

parameter::parameter(const axiograd::shape& dims, const char* suffix)
    : parameter(content{.value = tensor<float>(dims), .suffix = suffix}) {}

parameter parameter::buffer(const axiograd::shape& dims) {
  return parameter(content{.value = tensor<float>(dims), .role = parameter_role::buffer});
}

parameter parameter::counts(const axiograd::shape& dims, parameter_role role) {
  return parameter(content{.counts = index_tensor(dims), .role = role, .holds_counts = true});
}

void parameter::set(const tensor<float>& value) {
  require_same_shape(value.shape(), shape());
  unfinished_step::about_to_write(*this);
  content_->value = value;
}

void parameter::set_counts(const index_tensor& counts) {
  require_same_shape(counts.shape(), content_->counts.shape());
  unfinished_step::about_to_write(*this);
  content_->counts = counts;
}

void parameter::prepack() {
  if (role() == parameter_role::trained && !value().owner()->constant()) content_->value = value().constant();
}

float* parameter::mutable_data() {
  unfinished_step::about_to_write(*this);
  return content_->value.mutable_data();
}

int64_t* parameter::mutable_counts() {
  unfinished_step::about_to_write(*this);
  return content_->counts.mutable_data();
}

namespace {
thread_local unfinished_step* current_step = nullptr;
}  // namespace

unfinished_step::unfinished_step(written_values& room) : written_(&room), outer_(std::exchange(current_step, this)) {
  written_->clear();
}

unfinished_step::~unfinished_step() {
  look_away();
  for (written_parameter& w : *written_) {
    w.written.content_->value = std::move(w.value);
    w.written.content_->counts = std::move(w.counts);
  }
  written_->clear();
}

void unfinished_step::look_away() {
  if (current_step == this) current_step = outer_;
}

void unfinished_step::about_to_write(const parameter& p) {
  if (current_step == nullptr) return;
  written_values& written = *current_step->written_;
  if (std::none_of(written.begin(), written.end(), [&](const auto& w) { return w.written.same(p); }))
    written.push_back({p, p.value(), p.counts()});
}

void append(parameter_list& list, std::string name, const parameter& p) { list.push_back({std::move(name), p}); }

void fill(parameter& p, float value) { std::fill_n(p.mutable_data(), p.shape().size(), value); }

void fill_uniform(parameter& p, seed s, double low, double high) {
  const floating_point_scope standard;
  const std::uint64_t key = initial_key(s);
  float* const x = p.mutable_data();
  for (int64_t i = 0; i < p.shape().size(); ++i)
    x[i] = static_cast<float>(low + (high - low) * uniform(key, static_cast<std::uint64_t>(i)));
}

void fill_normal(parameter& p, seed s, double mean, double deviation) {
  const floating_point_scope standard;
  const std::uint64_t key = initial_key(s);
  float* const x = p.mutable_data();
  for (int64_t i = 0; i < p.shape().size(); ++i)
    x[i] = static_cast<float>(mean + deviation * normal(key, static_cast<std::uint64_t>(i)));
}

void fill_xavier_uniform(parameter& p, seed s, int64_t in, int64_t out) {
  const floating_point_scope standard;
  const double bound = std::sqrt(6.0 / static_cast<double>(in + out));
  fill_uniform(p, s, -bound, bound);
}

void fill_kaiming_uniform(parameter& p, seed s, int64_t in) {
  const floating_point_scope standard;
  const double bound = std::sqrt(6.0 / static_cast<double>(in));
  fill_uniform(p, s, -bound, bound);
}

}  // namespace axiograd::nn
