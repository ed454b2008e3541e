// In place of oneDNN (AXIOGRAD_ONEDNN=OFF): there is nothing that a library could do, so our own kernels do everything.

#include <axiograd/kernels/cpu/convolution.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <axiograd/kernels/cpu/packed_product.hpp>
#include <cstdlib>

namespace axiograd {

std::string library_in_use() { return {}; }
bool library_product(const gemm_call<float>&) { return false; }
bool packed_product(const gemm_call<float>&) { return false; }
bool convolution_call::fits_library() const { return false; }

// Nobody asks: no call fits.
layout convolution_call::preferred_y_layout(bool) const { std::abort(); }
layout convolution_call::preferred_x_layout() const { std::abort(); }
void convolve(const convolution_call&, const float*, const float*, const float*, float*, const epilogue_chain<float>*) {
  std::abort();
}
void convolve_vjp(const convolution_call&, const float*, const float*, const float*, const convolution_gradient&,
                  const convolution_gradient&) {
  std::abort();
}

}  // namespace axiograd
