// The library's tables of one operator, compiled from a text with a planted fault; linked before the library itself.

#include <axiograd/runtime/operator_of.hpp>

#include AXG_MUTANT_HEADER

namespace axiograd {

template <>
const operator_table<float>& library<AXG_MUTANT, float>::table() {
  return kernels_of<AXG_MUTANT, float>;
}
template <>
const operator_table<double>& library<AXG_MUTANT, double>::table() {
  return kernels_of<AXG_MUTANT, double>;
}

}  // namespace axiograd
