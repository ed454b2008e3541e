// expect: matmul: inner sizes differ: 2 and 4, shapes \(4,2\) and \(4,2\)
#include <axiograd/axiograd.hpp>

namespace ag = axiograd;

auto product(ag::var<float, ag::shape{4, 2}> x, ag::var<float, ag::shape{2, 4}> w) {
#ifdef MUST_NOT_COMPILE
  (void)w;
  return ag::matmul(x, x);
#else
  return ag::matmul(x, w);
#endif
}
