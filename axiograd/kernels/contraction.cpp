#include <axiograd/kernels/contraction.hpp>

namespace axiograd {

template void multiply(std::string_view, const view<const float>&, std::string_view, const view<const float>&, std::string_view,
                       const view<float>&, bool);
template void contraction_forward(const contraction&, const forward_run<float>&);
template void contraction_vjp(const contraction&, const vjp_run<float>&);
template void multiply(std::string_view, const view<const double>&, std::string_view, const view<const double>&,
                       std::string_view, const view<double>&, bool);
template void contraction_forward(const contraction&, const forward_run<double>&);
template void contraction_vjp(const contraction&, const vjp_run<double>&);

}  // namespace axiograd
