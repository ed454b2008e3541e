// expect: exp needs an analytic scalar
#include <axiograd/axiograd.hpp>

namespace ag = axiograd;

auto append(ag::tape<ag::rational>& t) {
#ifdef MUST_NOT_COMPILE
  return t.apply(ag::exp_op{}, 0);
#else
  return t.apply(ag::relu_op{}, 0);
#endif
}
