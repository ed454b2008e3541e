// Rung 3: the stated derivative, and its own derivative, against the power series of the value in 300-bit balls.

#include <algorithm>
#include <cmath>

#include "check.hpp"

namespace axiograd::conformance {

outcome derivative_laws(const subject& s, const settings& set) {
  outcome o;
  if (s.law == nullptr) return o;
  const int wanted = 1000 * set.scale;
  const std::size_t n = static_cast<std::size_t>(s.in.tensors);
  int first = 0, second = 0;
  for (int number = 0; number < 6 * wanted && first < wanted; ++number) {
    draw d = case_of(s, set, "derivative_laws", number);
    const call c = s.draw_call(d);
    std::vector<series> x, slope(n);
    std::vector<ball> along;
    const int axis = d.whole(-1, static_cast<int64_t>(n) - 1);  // -1: a direction of its own
    std::string at;
    for (std::size_t k = 0; k < n; ++k) {
      const double value = ordinary_number(d, s, number);
      along.emplace_back(axis < 0 ? d.normal() : static_cast<int>(k) == axis ? 1.0 : 0.0);
      x.emplace_back(ball(value), along[k]);
      at += ' ' + std::to_string(value);
    }
    series y;
    s.law(c.op(), x.data(), y, slope.data());
    ball stated(0), stated_twice(0);
    for (std::size_t k = 0; k < n; ++k) {
      stated = stated + slope[k].coefficient(0) * along[k];
      stated_twice = stated_twice + slope[k].coefficient(1) * along[k];
    }
    const auto agree = [&](const ball& expected, const ball& got, const char* what) {
      if (!expected.finite()) return false;  // the series has no expansion there: a kink or an edge of the domain
      const ball difference = expected - got;
      if (difference.finite() && difference.overlaps(ball(0)))
        return difference.radius() <= 1e-40 * std::max(1.0, std::abs(expected.midpoint()));
      o.fail(std::string(what) + " at" + at + " is stated as " + std::to_string(got.midpoint()) + ", the series gives " +
             std::to_string(expected.midpoint()) + ", difference " + std::to_string(difference.midpoint() * 1e12) +
             "e-12, seed " + std::to_string(d.seed()));
      return false;
    };
    if (agree(y.coefficient(1), stated, "f'")) ++first;
    if (s.period != nullptr) {
      const series later = x[0] + series(s.period());
      series y_later, slope_later;
      s.law(c.op(), &later, y_later, &slope_later);
      agree(y.coefficient(0), y_later.coefficient(0), "the value a period later");
      agree(slope[0].coefficient(0), slope_later.coefficient(0), "the derivative a period later");
    }
    if (agree(ball(2) * y.coefficient(2), stated_twice, "f''")) ++second;
    if (o.failures.size() >= 5) break;
  }
  if (!o.red() && first < wanted) o.fail("only " + std::to_string(first) + " points were decided");
  o.figure = std::to_string(first) + " f', " + std::to_string(second) + " f''";
  return o;
}

/// At a kink the stated derivative lies between the derivatives on its two sides, along each axis.
outcome kinks(const subject& s, const settings& set) {
  outcome o;
  if (s.law == nullptr) return o;
  const std::size_t n = static_cast<std::size_t>(s.in.tensors);
  std::vector<double> points(s.test_points.begin(), s.test_points.end());
  points.push_back(0);
  int checked = 0;
  for (int number = 0; number < 100 * set.scale; ++number) {
    draw d = case_of(s, set, "kinks", number);
    const call c = s.draw_call(d);
    const auto point = [&] { return points[static_cast<std::size_t>(d.whole(0, static_cast<int64_t>(points.size()) - 1))]; };
    std::vector<double> x(n, point());  // a tie in half of the cases
    if (number % 2 == 0)
      for (double& at : x) at = point();
    const auto slope_at = [&](std::size_t axis, double step) {
      std::vector<series> in, slope(n);
      for (std::size_t k = 0; k < n; ++k) in.emplace_back(ball(x[k]) + (k == axis ? ball(step) : ball(0)));
      series y;
      s.law(c.op(), in.data(), y, slope.data());
      return slope[axis].coefficient(0);
    };
    for (std::size_t axis = 0; axis < n; ++axis) {
      const double step = std::ldexp(x[axis] == 0 ? 1.0 : std::abs(x[axis]), -60);
      const ball before = slope_at(axis, -step), at = slope_at(axis, 0), after = slope_at(axis, step);
      if (!before.finite() || !at.finite() || !after.finite()) continue;  // an edge of the domain
      ++checked;
      const double low = min(before, after).midpoint(), high = max(before, after).midpoint();
      const double slack = 1e-9 * std::max({1.0, std::abs(low), std::abs(high)});
      if (at.midpoint() < low - slack || at.midpoint() > high + slack)
        o.fail("the derivative in input " + std::to_string(axis) + " at " + std::to_string(x[axis]) + " is " +
               std::to_string(at.midpoint()) + ", beside it " + std::to_string(before.midpoint()) + " and " +
               std::to_string(after.midpoint()) + ", seed " + std::to_string(d.seed()));
    }
  }
  o.figure = std::to_string(checked) + " points";
  return o;
}

}  // namespace axiograd::conformance
