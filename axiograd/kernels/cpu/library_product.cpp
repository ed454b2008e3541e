#include <axiograd/kernels/cpu/library_call.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <axiograd/kernels/cpu/primitives.hpp>
#include <axiograd/kernels/signals.hpp>
#include <new>
#include <oneapi/dnnl/dnnl.h>

namespace axiograd {

// The library's AVX-512 kernels take the stack pointer for a pointer into their packed operands: the frame of a signal handler
// would overwrite those, or what lies before them. Its convolutions and packed products do not (docs/decisions/signals.md).
bool library_product(const gemm_call<float>& c) {
  [[maybe_unused]] static const bool asked = (require_memory_for_library(), true);  // the first call makes its kernels
  const library_call inside;
  const blocked_signals undisturbed;
  dnnl_status_t status = dnnl_out_of_memory;
  try {
    status = dnnl_sgemm(c.a.transposed ? 'T' : 'N', c.b.transposed ? 'T' : 'N', c.m, c.n, c.k, c.scale, c.a.data, c.a.leading,
                        c.b.data, c.b.leading, c.add ? 1.0F : 0.0F, c.y.data, c.y.leading);
  } catch (...) {  // its generator of code throws its own exceptions without memory
  }
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  return status == dnnl_success;
}

}  // namespace axiograd
