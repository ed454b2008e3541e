// expect: leaky_relu
#include <axiograd/axiograd.hpp>

namespace ag = axiograd;

auto activation(const ag::tensor<float>& x) {
#ifdef MUST_NOT_COMPILE
  return ag::leaky_relu(x);
#else
  return ag::leaky_relu(x, {.slope = 0.01});
#endif
}
