#include <axiograd/kernels/strided_copies.hpp>

namespace axiograd::impl {

template void copy_box(const strided_copy&, const float*, float*);
template void copy_box(const strided_copy&, const double*, double*);
template void add_box(const strided_copy&, const float*, float*);
template void add_box(const strided_copy&, const double*, double*);
template void add_box_back(const strided_copy&, const float*, float*);
template void add_box_back(const strided_copy&, const double*, double*);

}  // namespace axiograd::impl
