#include <axiograd/families/contraction.hpp>

namespace axiograd {

template void contraction_forward(const contraction_products&, const forward_run<float>&);
template void contraction_vjp(const contraction_products&, const vjp_run<float>&);
template void contraction_forward(const contraction_products&, const forward_run<double>&);
template void contraction_vjp(const contraction_products&, const vjp_run<double>&);

}  // namespace axiograd
