#include <axiograd/kernels/boxes.hpp>

namespace axiograd::impl {

template void copy_box(const box_move&, const float*, float*);
template void copy_box(const box_move&, const double*, double*);
template void add_box(const box_move&, const float*, float*);
template void add_box(const box_move&, const double*, double*);
template void add_box_back(const box_move&, const float*, float*);
template void add_box_back(const box_move&, const double*, double*);

}  // namespace axiograd::impl
