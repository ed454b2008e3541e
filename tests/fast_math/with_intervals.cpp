// Error terms of sums, products, quotients and roots: they vanish where the compiler takes arithmetic for that of real numbers.
#include <axiograd/core/scalar/interval.hpp>

#include <cstdio>

using axiograd::interval;

int main() {
  volatile double one = 1, tiny = 0x1p-60, third = 3, tenth = 0.1;
  const interval x[]{interval(one) + interval(tiny), interval(tenth) * interval(tenth), interval(one) / interval(third),
                     sqrt(interval(third)), interval(tenth) - interval(tiny)};
  int bad = 0;
  for (const interval& y : x)
    if (y.lo() == y.hi()) ++bad;  // none of them is a double
  if (bad > 0) std::printf("%d enclosures are points\n", bad);
  return bad == 0 ? 0 : 1;
}
