// expect: relu needs an ordered_ring scalar
#include <axiograd/axiograd.hpp>

namespace ag = axiograd;

auto number(ag::prime_field q) {
#ifdef MUST_NOT_COMPILE
  return ag::relu(q);
#else
  return ag::mul(q, q);
#endif
}
