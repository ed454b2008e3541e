#include <axiograd/kernels/contraction.hpp>

namespace axiograd {

template void impl::multiply(const impl::product_pattern&, const view<const float>&, const view<const float>&,
                             const view<float>&, bool, const follow_up<float>*, const impl::constant_operands&);
template void impl::multiply(const impl::product_pattern&, const view<const double>&, const view<const double>&,
                             const view<double>&, bool, const follow_up<double>*, const impl::constant_operands&);
template void contraction_forward(const contraction_products&, const forward_run<float>&);
template void contraction_vjp(const contraction_products&, const vjp_run<float>&);
template void contraction_forward(const contraction_products&, const forward_run<double>&);
template void contraction_vjp(const contraction_products&, const vjp_run<double>&);

}  // namespace axiograd
