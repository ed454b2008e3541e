#pragma once
// Convolutions over one and three axes, and transposed ones; conv2d is in layers.hpp.

#include <axiograd/nn/layers.hpp>
#include <axiograd/ops/convolution/conv.hpp>
#include <axiograd/ops/convolution/conv_transpose.hpp>

namespace axiograd::nn {

/// A convolution over N spatial axes, or a transposed one, by the operator Op.
template <int N, class Op>
class convolution_layer {
 public:
  /// Kernel extents along each axis, one number for all; attributes as the operator has them, empty lists mean 1, 0 and 1.
  convolution_layer(int64_t in, int64_t out, extents<N> kernel, const Op& attributes = {}, bool bias = true)
      : attributes_(attributes),
        has_bias_(bias),
        weight_(concat(std::same_as<Op, conv_op> ? shape{out, channels_of_a_group(in, attributes.groups)}
                                                 : shape{in, channels_of_a_group(out, attributes.groups)},
                       list_of(kernel))),
        bias_({out}) {}

  template <class Parameters, operand X>
  auto operator()(Parameters& m, const X& x) const {
    return has_bias_ ? interpret(attributes_, m.use(weight_), m.use(bias_), x) : interpret(attributes_, m.use(weight_), x);
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight", weight_);
    if (has_bias_) visit("bias", bias_);
  }
  /// As PyTorch: uniform, by the fan that it counts, extents of the second axis on.
  void init(seed s) {
    fill_kaiming_uniform(weight_, s, weight_.shape().from(1).size());
    fill(bias_, 0);
  }

 private:
  Op attributes_;
  bool has_bias_;
  parameter weight_, bias_;
};

/// (..., in, n) -> (..., out, n'). Parameters: weight (out, in / groups, k), bias (out), the latter unless left out.
using conv1d = convolution_layer<1, conv_op>;
/// The same over three axes.
using conv3d = convolution_layer<3, conv_op>;
/// (..., in, n) -> (..., out, (n - 1) stride + k - 2 padding). Parameters: weight (in, out / groups, k), bias (out), the latter
/// unless left out. PyTorch: torch.nn.ConvTranspose1d; no output_padding.
using conv_transpose1d = convolution_layer<1, conv_transpose_op>;
/// The same over two and three axes.
using conv_transpose2d = convolution_layer<2, conv_transpose_op>;
using conv_transpose3d = convolution_layer<3, conv_transpose_op>;

}  // namespace axiograd::nn
