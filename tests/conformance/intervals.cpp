// Rung 7: the specification on intervals contains the exact results, and shrinks with its arguments.

#include <algorithm>
#include <cmath>
#include <limits>

#include "check.hpp"

namespace axiograd::conformance {

namespace {
/// A box with ends of a kind: zeros of either sign, whole numbers, far away, without an end.
interval special_box(draw& d) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double ends[]{-inf, -1e30, -7, -2, -1, -0.5, -0.0, 0.0, 0.5, 1, 2, 7, 1e30, inf};
  for (;;) {
    const double a = ends[d.whole(0, 13)], b = ends[d.whole(0, 13)];
    if (!std::isinf(a) || a != b) return a <= b ? interval(a, b) : interval(b, a);
  }
}
}  // namespace

outcome containment(const subject& s, const settings& set) {
  outcome o;
  if (!s.intervals || !s.balls) return o;
  int points = 0;
  for (int number = 0; number < 60 * set.scale; ++number) {
    draw d = case_of(s, set, "containment", number);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 600) continue;
    const std::string at = describe(c) + ", seed " + std::to_string(d.seed());
    const auto outer = inputs_of<interval>(c, [&] {
      if (number % 4 == 3) return special_box(d);
      const double middle = ordinary_number(d, s, number),
                   radius = d.chance(3) ? 0 : std::abs(d.normal()) * (d.chance(2) ? 1e-3 : 1);
      return interval(middle - radius, middle + radius);
    });
    const auto inside = [&](const interval& x) {
      const double low = std::max(x.lo(), -1e30), high = std::min(x.hi(), 1e30);
      return d.chance(4) ? (d.chance(2) ? low : high) : std::clamp(d.uniform(low, high), low, high);
    };
    const auto inner = converted<interval>(outer, [&](const interval& x) {
      const double a = inside(x), b = inside(x);
      return interval(std::min(a, b), std::max(a, b));
    });
    try {
      const auto y = run_forward(s.intervals.forward, c, outer);
      const auto smaller = run_forward(s.intervals.forward, c, inner);
      for (int64_t i = 0; i < y.size(); ++i)
        // A box that lies outside the domain altogether gives the whole line, whatever a larger box gave.
        if (!y[i].contains(smaller[i]) && !smaller[i].contains(interval::whole())) {
          o.fail("a smaller box gives a result outside that of the larger one: " + at);
          break;
        }
      for (int trial = 0; trial < 2; ++trial) {
        const auto x = converted<ball>(inner, [&](const interval& box) { return ball(inside(box)); });
        const auto exact = run_forward(s.balls.forward, c, x);
        for (int64_t i = 0; i < y.size(); ++i) {
          if (!exact[i].finite()) continue;
          ++points;
          const auto outside = [&](const interval& box) {
            return (std::isfinite(box.lo()) && arb_is_negative((exact[i] - ball(box.lo())).get()) != 0) ||
                   (std::isfinite(box.hi()) && arb_is_positive((exact[i] - ball(box.hi())).get()) != 0);
          };
          if (outside(y[i]) || outside(smaller[i])) {
            o.fail("an exact result lies outside its interval: entry " + std::to_string(i) + ": " + at);
            break;
          }
        }
      }
    } catch (const std::exception& e) {
      o.fail(std::string("the interval run threw: ") + e.what() + ": " + at);
    }
    if (o.red()) break;
  }
  if (points < 100) o.fail("only " + std::to_string(points) + " points");
  o.figure = std::to_string(points) + " points";
  return o;
}

}  // namespace axiograd::conformance
