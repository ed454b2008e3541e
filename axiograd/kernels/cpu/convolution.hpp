#pragma once
// The one seam to a library for convolutions of floats: oneDNN (docs/decisions/gemm.md). Channels first, samples outermost.

#include <axiograd/kernels/epilogue.hpp>
#include <axiograd/kernels/layout.hpp>
#include <axiograd/kernels/patches.hpp>

namespace axiograd {

/// A convolution of `samples` images x (C, n...) with one kernel (O, C/groups, k...) into y (O, q...).
struct convolution_call {
  conv_geometry geometry;
  shape kernel, x, y;
  std::int64_t samples = 0;
  layout x_layout{}, y_layout{};

  /// Whether the library is the faster way; what is smaller goes through products of patches.
  bool fits_library() const;
  /// How the library would have y as a convolution of x, and x as the gradient of one.
  layout preferred_y_layout(bool with_bias) const;
  layout preferred_x_layout() const;
};

/// y = kernel * x + bias, and what follows; a null bias is none. Results do not depend on the number of threads.
void convolve(const convolution_call& c, const float* kernel, const float* bias, const float* x, float* y,
              const epilogue_chain<float>* epilogue = nullptr);

/// A gradient that is wanted: null is not, and what holds nothing yet is written.
struct convolution_gradient {
  float* data = nullptr;
  bool adds = true;
};
/// The gradients of sum(dy y) in kernel and x.
void convolve_vjp(const convolution_call& c, const float* kernel, const float* x, const float* dy,
                  const convolution_gradient& dkernel, const convolution_gradient& dx);

}  // namespace axiograd
