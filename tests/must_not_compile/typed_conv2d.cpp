// expect: conv2d: .*\(8,3,3,3\)
#include <axiograd/axiograd.hpp>

namespace ag = axiograd;

auto convolve(ag::var<float, ag::shape{8, 3, 3, 3}> k, ag::var<float, ag::shape{8}> b, ag::var<float, ag::shape{3, 9, 9}> x) {
#ifdef MUST_NOT_COMPILE
  return ag::conv2d<ag::conv2d_op{.groups = 3}>(k, b, x);
#else
  return ag::conv2d<ag::conv2d_op{.stride = {2, 2}}>(k, b, x);
#endif
}
