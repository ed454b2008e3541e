// expect: must not capture
#include <axiograd/axiograd.hpp>

namespace ag = axiograd;

auto fused(const ag::tensor<float>& x, double factor) {
#ifdef MUST_NOT_COMPILE
  return ag::map([factor](auto u) { return factor * u; }, x);
#else
  (void)factor;
  return ag::map([](auto u) { return 2.0 * u; }, x);
#endif
}
