#include <axiograd/autograd/tape.hpp>

namespace axiograd {

template class tape<float>;
template class tape<double>;

}  // namespace axiograd
