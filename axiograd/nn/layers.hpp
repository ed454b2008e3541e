#pragma once
// Layers: compositions of operators with parameters. A layer is called with what supplies its parameters and an input,
// a tensor or a variable; inputs carry leading batch axes.

#include <axiograd/nn/parameter.hpp>
#include <axiograd/operators/evaluate.hpp>
#include <axiograd/ops/activation/elu.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/gelu_erf.hpp>
#include <axiograd/ops/activation/leaky_relu.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/silu.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/convolution/conv2d.hpp>
#include <axiograd/ops/linalg/linear.hpp>
#include <axiograd/ops/normalization/layer_norm.hpp>
#include <axiograd/ops/pooling/adaptive_avg_pool.hpp>
#include <axiograd/ops/pooling/adaptive_max_pool.hpp>
#include <axiograd/ops/pooling/avg_pool2d.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>
#include <axiograd/ops/shape/flatten.hpp>

namespace axiograd::nn {

/// y = x W^T + b. Parameters: weight (out, in), bias (out), the latter unless left out.
class linear {
 public:
  linear(int64_t in, int64_t out, bool bias = true) : has_bias_(bias), weight_({out, in}), bias_({out}) {}

  template <class Parameters, operand X>
  auto operator()(Parameters& m, const X& x) const {
    return has_bias_ ? axiograd::linear(m.use(weight_), m.use(bias_), x) : axiograd::linear(m.use(weight_), x);
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight", weight_);
    if (has_bias_) visit("bias", bias_);
  }
  void init(seed s) {
    fill_kaiming_uniform(weight_, s, weight_.shape()[1]);
    fill(bias_, 0);
  }

 private:
  bool has_bias_;
  parameter weight_, bias_;
};

/// Channels of each group of a convolution. Throws `failure` (invalid_parameter) unless there is a group.
inline int64_t channels_of_a_group(int64_t channels, int groups) {
  if (groups < 1) throw failure({error_kind::invalid_parameter, message({"a convolution with ", groups, " groups"})});
  return channels / groups;
}

/// 2-d convolution. Parameters: weight (out, in / groups, k, k), bias (out), the latter unless left out.
class conv2d {
 public:
  conv2d(int64_t in, int64_t out, extents<2> kernel, conv2d_op attributes = {}, bool bias = true)
      : attributes_(attributes),
        has_bias_(bias),
        weight_({out, channels_of_a_group(in, attributes.groups), kernel[0], kernel[1]}),
        bias_({out}) {}

  template <class Parameters, operand X>
  auto operator()(Parameters& m, const X& x) const {
    return has_bias_ ? axiograd::conv2d(m.use(weight_), m.use(bias_), x, attributes_)
                     : axiograd::conv2d(m.use(weight_), x, attributes_);
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight", weight_);
    if (has_bias_) visit("bias", bias_);
  }
  void init(seed s) {
    fill_kaiming_uniform(weight_, s, weight_.shape().from(1).size());
    fill(bias_, 0);
  }

 private:
  conv2d_op attributes_;
  bool has_bias_;
  parameter weight_, bias_;
};

/// Normalises the last axis, of length `size`; epsilon is added to the variance. Parameters: weight (size), bias (size).
/// PyTorch: torch.nn.LayerNorm(size); same epsilon, where the operator layer_norm has 1e-6 unless told.
class layer_norm {
 public:
  explicit layer_norm(int64_t size, ratio epsilon = {1, 100'000})
      : attributes_{.epsilon = epsilon}, weight_({size}), bias_({size}) {}

  template <class Parameters, operand X>
  auto operator()(Parameters& m, const X& x) const {
    return axiograd::layer_norm(x, m.use(weight_), m.use(bias_), attributes_);
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
  layer_norm_op attributes_;
  parameter weight_, bias_;
};

/// An operator of one input as a layer without parameters.
template <class Op>
class operator_layer {
 public:
  operator_layer()
    requires std::default_initializable<Op>
  = default;
  operator_layer(const Op& op) : op_(op) {}

  template <class Parameters, operand X>
  auto operator()(Parameters&, const X& x) const {
    return interpret(op_, x);
  }
  template <class Visit>
  void visit_parameters(const Visit&) const {}
  void init(seed) {}

 private:
  Op op_{};
};

using relu = operator_layer<relu_op>;
using silu = operator_layer<silu_op>;
using sigmoid = operator_layer<sigmoid_op>;
using softplus = operator_layer<softplus_op>;
using tanh = operator_layer<tanh_op>;

/// x P(N <= x) for a standard normal N, the exact form, as torch.nn.GELU() has it; `gelu{.approximate = true}` is the tanh
/// form. The operator of that name is the tanh form, gelu_erf the exact one.
struct gelu {
  bool approximate = false;

  template <class Parameters, operand X>
  auto operator()(Parameters&, const X& x) const {
    return approximate ? axiograd::gelu(x) : gelu_erf(x);
  }
  template <class Visit>
  void visit_parameters(const Visit&) const {}
  void init(seed) {}
};
struct elu : operator_layer<elu_op> {
  explicit elu(double alpha = 1) : operator_layer(elu_op{.alpha = alpha}) {}
};
struct leaky_relu : operator_layer<leaky_relu_op> {
  explicit leaky_relu(double slope = 0.01) : operator_layer(leaky_relu_op{.slope = slope}) {}
};
/// The stride is the kernel.
struct max_pool2d : operator_layer<max_pool2d_op> {
  explicit max_pool2d(extents<2> kernel) : operator_layer(max_pool2d_op{.kernel = kernel}) {}
  explicit max_pool2d(const max_pool2d_op& op) : operator_layer(op) {}
};
struct avg_pool2d : operator_layer<avg_pool2d_op> {
  explicit avg_pool2d(extents<2> kernel) : operator_layer(avg_pool2d_op{.kernel = kernel}) {}
  explicit avg_pool2d(const avg_pool2d_op& op) : operator_layer(op) {}
};
/// Pooling to a given number of windows along each spatial axis.
struct adaptive_avg_pool : operator_layer<adaptive_avg_pool_op> {
  explicit adaptive_avg_pool(axis_list windows) : operator_layer(adaptive_avg_pool_op{.windows = windows}) {}
};
struct adaptive_max_pool : operator_layer<adaptive_max_pool_op> {
  explicit adaptive_max_pool(axis_list windows) : operator_layer(adaptive_max_pool_op{.windows = windows}) {}
};
/// Joins all axes but the first, the batch.
struct flatten : operator_layer<flatten_op> {
  explicit flatten(int start = 1) : operator_layer(flatten_op{.start = start}) {}
};

}  // namespace axiograd::nn
