#pragma once
// Normalising layers.

#include <axiograd/functional/operand.hpp>
#include <axiograd/nn/parameter.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/normalization/batch_norm.hpp>
#include <axiograd/ops/normalization/group_norm.hpp>
#include <axiograd/ops/normalization/rms_norm.hpp>
#include <axiograd/ops/shape/broadcast_to.hpp>
#include <axiograd/ops/shape/reshape.hpp>
#include <optional>

namespace axiograd::nn {

/// Divides the last axis, of length `size`, by its root mean square; epsilon is added to the mean square. Parameter: weight
/// (size). PyTorch: torch.nn.RMSNorm(size); same: unless given, epsilon is the distance from 1 to the next number of the type
/// of x, 2^-52 for doubles and 2^-23 for all others. The operator rms_norm has 1e-6 unless told.
class rms_norm {
 public:
  explicit rms_norm(int64_t size) : weight_({size}) {}
  rms_norm(int64_t size, const rms_norm_op& attributes) : given_(attributes), weight_({size}) {}

  template <class Parameters, operand X>
  auto operator()(Parameters& m, const X& x) const {
    constexpr int digits = std::same_as<typename X::value_type, double> ? 52 : 23;
    const rms_norm_op of_type{.epsilon = {1, int64_t{1} << digits}};
    return axiograd::rms_norm(x, m.use(weight_), given_.value_or(of_type));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight", weight_);
  }
  void init(seed) { fill(weight_, 1); }

 private:
  std::optional<rms_norm_op> given_;
  parameter weight_;
};

/// Normalises groups of channels of (N, C, ...). Parameters: weight (C), bias (C). PyTorch: torch.nn.GroupNorm; same.
class group_norm {
 public:
  group_norm(int groups, int64_t channels, ratio epsilon = {1, 100'000})
      : attributes_{.groups = groups, .epsilon = epsilon}, weight_({channels}), bias_({channels}) {}

  template <class Parameters, operand X>
  auto operator()(Parameters& m, const X& x) const {
    return axiograd::group_norm(x, m.use(weight_), m.use(bias_), attributes_);
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight", weight_);
    visit("bias", bias_);
  }
  void init(seed) {
    fill(weight_, 1);
    fill(bias_, 0);
  }

 private:
  group_norm_op attributes_;
  parameter weight_, bias_;
};
/// Normalises every channel of every sample of (N, C, ...) by itself. Parameters, only if it is affine: weight (C), bias (C).
/// PyTorch: torch.nn.InstanceNorm1d, 2d, 3d; same, not affine either unless told.
class instance_norm {
 public:
  explicit instance_norm(int64_t channels, bool affine = false, ratio epsilon = {1, 100'000})
      : affine_(affine),
        attributes_{.groups = static_cast<int>(channels), .epsilon = epsilon},
        weight_({channels}),
        bias_({channels}) {
    init({});
  }

  template <class Parameters, tensor_like X>
  impl::plain<X> operator()(Parameters& m, const X& x) const {
    if (affine_) return axiograd::group_norm(x, m.use(weight_), m.use(bias_), attributes_);
    if (!impl::usable(x)) return x;
    const auto same_for_all = [&](const parameter& p) {
      return impl::constant_beside(x, p.value().template cast<typename X::value_type>());
    };
    return axiograd::group_norm(x, same_for_all(weight_), same_for_all(bias_), attributes_);
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    if (!affine_) return;
    visit("weight", weight_);
    visit("bias", bias_);
  }
  void init(seed) {
    fill(weight_, 1);
    fill(bias_, 0);
  }

 private:
  bool affine_;
  group_norm_op attributes_;
  parameter weight_, bias_;  // unless affine 1 and 0
};

/// Normalises the channels of (N, C, ...): in training by the batch, whose mean and variance move the running ones; in
/// evaluation by the running ones, so that a result does not depend on its batch. Source: Ioffe & Szegedy 2015.
///
/// Parameters: weight (C), bias (C); buffers, saved but not trained: running_mean (C), running_var (C), of unbiased variances,
/// and num_batches_tracked, how many batches they have seen. PyTorch: torch.nn.BatchNorm1d, 2d, 3d; same.
/// In training one entry for a channel is refused: invalid_parameter, as in PyTorch.
class batch_norm {
 public:
  explicit batch_norm(int64_t channels, double momentum = 0.1, ratio epsilon = {1, 100'000})
      : momentum_(momentum),
        epsilon_(epsilon),
        weight_({channels}),
        bias_({channels}),
        running_mean_(parameter::buffer({channels})),
        running_var_(parameter::buffer({channels})),
        batches_(parameter::counts({}, parameter_role::buffer)) {}

  template <class Parameters, tensor_like X>
  impl::plain<X> operator()(Parameters& m, const X& x) const {
    if (!impl::usable(x)) return x;
    if (m.training()) {
      impl::plain<X> y = axiograd::batch_norm(x, m.use(weight_), m.use(bias_), {.epsilon = epsilon_});
      if (!impl::usable(y)) return y;
      if (x.shape().size() == weight_.shape()[0])
        return impl::refuse(x, error_kind::invalid_parameter, "batch_norm: one entry for each channel has no variance");
      if constexpr (impl::is_var<X>)
        follow(x.value());
      else
        follow(x);
      return y;
    }
    using T = typename X::value_type;
    const shape s = x.shape();
    const int64_t channels = weight_.shape()[0];
    if (s.rank < 2 || s[1] != channels)
      return impl::refuse(x, error_kind::shape_mismatch,
                          message({"batch_norm: shape ", s, " does not have ", channels, " channels"}));
    tensor<T> factor = tensor<T>::uninitialised({channels}), offset = factor;
    for (int64_t c = 0; c < channels; ++c) {
      const T r = T(1) / sqrt(T(running_var_.value()[c]) + epsilon_.as<T>());
      factor.mutable_data()[c] = r;
      offset.mutable_data()[c] = -T(running_mean_.value()[c]) * r;
    }
    shape beside{channels};
    for (int axis = 2; axis < s.rank; ++axis) beside.append(1);
    const auto spread = [&](const auto& by_channel) {
      return broadcast_to(reshape(by_channel, {.dims = beside}), {.dims = s});
    };
    const impl::plain<X> z =
        add(mul(x, impl::constant_beside(x, tensor<T>(spread(factor)))), impl::constant_beside(x, tensor<T>(spread(offset))));
    return add(mul(z, spread(m.use(weight_))), spread(m.use(bias_)));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight", weight_);
    visit("bias", bias_);
    visit("running_mean", running_mean_);
    visit("running_var", running_var_);
    visit("num_batches_tracked", batches_);
  }
  void init(seed) {
    fill(weight_, 1);
    fill(bias_, 0);
    fill(running_mean_, 0);
    fill(running_var_, 1);
    batches_.set_counts(index_tensor::scalar(0));
  }

 private:
  /// running = (1 - momentum) running + momentum of this batch.
  template <class T>
  void follow(const tensor<T>& x) const {
    const int64_t batch = x.shape()[0], channels = x.shape()[1], n = x.shape().from(2).size();
    parameter mean_of = running_mean_, var_of = running_var_, batches = batches_;  // the same values
    float *const means = mean_of.mutable_data(), *const vars = var_of.mutable_data();
    ++*batches.mutable_counts();
    for (int64_t c = 0; c < channels; ++c) {
      double mean = 0, square = 0;
      const auto for_each = [&](const auto& body) {
        for (int64_t b = 0; b < batch; ++b)
          for (int64_t i = 0; i < n; ++i) body(static_cast<double>(x[(b * channels + c) * n + i]));
      };
      for_each([&](double v) { mean += v; });
      mean /= static_cast<double>(batch * n);
      for_each([&](double v) { square += (v - mean) * (v - mean); });
      const auto move = [&](float& running, double value) {
        running = static_cast<float>((1 - momentum_) * static_cast<double>(running) + momentum_ * value);
      };
      move(means[c], mean);
      move(vars[c], square / static_cast<double>(batch * n - 1));
    }
  }

  double momentum_;
  ratio epsilon_;
  parameter weight_, bias_, running_mean_, running_var_, batches_;
};

}  // namespace axiograd::nn
