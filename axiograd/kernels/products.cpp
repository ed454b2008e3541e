#include <axiograd/kernels/products.hpp>

namespace axiograd {

template void impl::multiply(const impl::product_pattern&, const view<const float>&, const view<const float>&,
                             const view<float>&, bool, const epilogue_chain<float>*, const impl::constant_operands&);
template void impl::multiply(const impl::product_pattern&, const view<const double>&, const view<const double>&,
                             const view<double>&, bool, const epilogue_chain<double>*, const impl::constant_operands&);

}  // namespace axiograd
