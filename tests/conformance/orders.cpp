// Rung 3, higher orders: derivatives of derivatives at the points where a formula has a joint. Those of an elementwise operator
// are compared with the power series of its value on both sides of the point, those of other operators with themselves on both
// sides. Where the sides differ there is a kink, and what is stated lies between them.

#include "orders.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace axiograd::conformance {
namespace {

// ---- elementwise operators

constexpr int top = 3;
/// Far below the smallest distance of two doubles, and more bits than it takes to see it.
constexpr int step_exponent = -1200;
constexpr slong bits = 2600;

/// Sets how balls compute for as long as it lives.
class with_balls {
 public:
  with_balls(slong of_midpoints, slong terms) : before_(ball_mode) {
    ball_mode.bits = of_midpoints;
    ball_mode.terms = terms;
  }
  ~with_balls() { ball_mode = before_; }
  with_balls(const with_balls&) = delete;
  with_balls& operator=(const with_balls&) = delete;

 private:
  ball_settings before_;
};

struct line {
  std::vector<double> x, v;
};
std::string describe(const line& l) {
  std::string text = " at";
  for (const double x : l.x) text += ' ' + (x == 0 && std::signbit(x) ? "-0" : to_text(x));
  text += " along";
  for (const double v : l.v) text += ' ' + to_text(v);
  return text;
}

/// The derivatives of the value along the line, of order 0 .. top + 1, a step before or after the point.
std::array<ball, top + 2> by_series(const subject& s, const call& c, const line& l, int side) {
  const ball step = ball(side) * ball(std::ldexp(1, step_exponent / 2)) * ball(std::ldexp(1, step_exponent / 2));
  std::vector<series> x, slope(l.x.size());
  for (std::size_t k = 0; k < l.x.size(); ++k) x.emplace_back(ball(l.x[k]) + step * ball(l.v[k]), ball(l.v[k]));
  series y;
  s.law(c.op(), x.data(), y, slope.data());
  std::array<ball, top + 2> d;
  int factorial = 1;
  for (int k = 0; k < top + 2; ++k) {
    factorial *= std::max(k, 1);
    d[static_cast<std::size_t>(k)] = ball(factorial) * y.coefficient(k);
  }
  return d;
}

template <class T>
struct stated {
  std::array<T, top + 1> value;  ///< orders of the value
  std::array<T, top + 1> slope;  ///< orders of the derivative along the line
  std::vector<T> partials;       ///< of the first order
};
template <class T>
stated<T> by_duals(const runs<typename nested<T, top>::type>& run, call c, const line& l) {
  using number = typename nested<T, top>::type;
  c.in.assign(l.x.size(), shape{1});
  c.y = shape{1};
  std::size_t k = 0;
  auto x = inputs_of<number>(c, [&] {
    number at = along<T, top>(T(l.x[k]), T(l.v[k]));
    ++k;
    return at;
  });
  const auto y = run_forward(run.forward, c, x);
  entries<number> dy(1);
  dy[0] = number(1);
  auto dx = zeros_like(x);
  run_vjp(run.vjp, c, x, y, dy, dx);
  stated<T> d;
  orders_of<top>(y[0], d.value.data());
  for (const auto& partial : dx) d.partials.push_back(primal(partial[0]));
  number slope(0);
  for (std::size_t i = 0; i < l.x.size(); ++i)
    if (l.v[i] != 0) slope = slope + dx[i][0] * constant<T, top>(T(l.v[i]));
  orders_of<top>(slope, d.slope.data());
  return d;
}

struct counts {
  int orders = 0, in_double = 0, kinks = 0;
};

/// Whether a double is what it should be: to eight digits of 1 or of itself.
bool right_in_double(double got, double exact) { return std::abs(got - exact) <= 1e-8 * std::max(1.0, std::abs(exact)); }

/// Whether the value jumps to another one at the point itself, once the other inputs are different: as that of a choice by
/// `c != 0` at 0, whose sides meet where both choices are equal. The contract says what is taken there.
bool is_choice(const subject& s, const call& c, const line& l) {
  for (std::size_t axis = 0; axis < l.x.size(); ++axis) {
    line other{l.x, std::vector<double>(l.x.size(), 0.0)};
    for (std::size_t k = 0; k < l.x.size(); ++k)
      if (k != axis) other.x[k] += 0.375 + 0.25 * static_cast<double>(k);
    other.v[axis] = 1;
    const two_sides sides{by_series(s, c, other, -1)[0], by_series(s, c, other, 1)[0]};
    if (sides.finite() && sides.agree() && !two_sides::near(by_series(s, c, other, 0)[0], sides.before, 1e-12)) return true;
  }
  return false;
}

void compare(const subject& s, const call& c, const line& l, counts& n, outcome& o) {
  if (l.x.size() > 1 && is_choice(s, c, l)) return;
  const auto before = by_series(s, c, l, -1), after = by_series(s, c, l, 1);
  const auto exact = by_duals<ball>(s.thrice_balls, c, l);
  const auto rounded = by_duals<double>(s.thrice_f64, c, l);
  const bool bounded = s.bounded_at == nullptr || s.bounded_at(c.op(), l.x.data());
  bool in_range = bounded;  // until an order is too large for a double, whatever it is multiplied by
  for (const ball& partial : exact.partials) in_range = in_range && std::abs(partial.midpoint()) < 1e280;
  const auto at_order = [&](int order, const ball& got, double in_double, const std::string& what) {
    const two_sides sides{before[static_cast<std::size_t>(order)], after[static_cast<std::size_t>(order)]};
    if (!sides.finite()) return false;
    if (got.finite() && got.radius() > 1e-13 * std::max(1.0, std::abs(got.midpoint()))) return false;  // too few bits
    const bool smooth = sides.agree();
    if (order == 0 && smooth && !two_sides::near(got, sides.before, 1e-12)) return false;  // a point by itself, as 0 of x != 0
    if (smooth ? !two_sides::near(got, sides.before, 1e-12) : !sides.encloses(got))
      o.fail(what + describe(l) + " is stated as " + to_text(got.midpoint()) + ", the series gives " +
             to_text(sides.before.midpoint()) + " before and " + to_text(sides.after.midpoint()) + " after");
    in_range = in_range && std::abs(sides.before.midpoint()) < 1e280;
    if (smooth && in_range && !right_in_double(in_double, sides.before.midpoint()))
      o.fail(what + describe(l) + " is " + to_text(in_double) + " in double, should be " + to_text(sides.before.midpoint()));
    ++(smooth ? n.orders : n.kinks);
    if (smooth && in_range) ++n.in_double;
    return smooth;
  };
  for (int k = 0; k <= top; ++k) {
    const auto i = static_cast<std::size_t>(k);
    if (!at_order(k, exact.value[i], rounded.value[i], "order " + std::to_string(k) + " of the value")) return;
    if (!at_order(k + 1, exact.slope[i], rounded.slope[i], "order " + std::to_string(k) + " of the derivative")) return;
  }
}

constexpr double everywhere[]{0.0,   -0.0, 1.0,   -1.0,  2.0,    -2.0,  3.0,    -3.0,   0.5,     -0.5,   7.25,
                              -7.25, 1e30, -1e30, 1e-30, -1e-30, 1e200, -1e200, 5e-324, -5e-324, 1e-310, -1e-310};

/// The special points along each axis: those above, the operator's samples and its borders.
std::vector<std::vector<double>> points_of(const subject& s, const call& c, draw& d) {
  std::vector<std::vector<double>> all;
  const auto n = static_cast<std::size_t>(s.in.tensors);
  for (std::size_t axis = 0; axis < n; ++axis) {
    std::vector<double> points(std::begin(everywhere), std::end(everywhere));
    points.insert(points.end(), s.test_points.begin(), s.test_points.end());
    for (int time = n == 1 ? 1 : 6; time > 0; --time) {
      std::vector<double> at(n);
      for (double& x : at) x = everywhere[d.whole(0, 8)];
      const auto found = borders(s, c, at, axis);
      points.insert(points.end(), found.begin(), found.end());
    }
    std::sort(points.begin(), points.end());
    points.erase(std::unique(points.begin(), points.end(),
                             [](double a, double b) { return a == b && std::signbit(a) == std::signbit(b); }),
                 points.end());
    all.push_back(std::move(points));
  }
  return all;
}

outcome elementwise_orders(const subject& s, const settings& set) {
  outcome o;
  const with_balls precise_enough(bits, top + 2);
  counts n;
  const auto inputs = static_cast<std::size_t>(s.in.tensors);
  for (int number = 0; number < 4 * set.scale; ++number) {  // attributes
    draw d = case_of(s, set, "higher_orders", number);
    call c = s.draw_call(d);
    const auto points = points_of(s, c, d);
    std::size_t lines = inputs == 1 ? points[0].size() : 300;
    for (std::size_t i = 0; i < lines; ++i) {
      line l;
      const int axis = d.whole(-1, static_cast<int64_t>(inputs) - 1);  // -1: a direction of its own
      const bool tie = d.chance(4);
      for (std::size_t k = 0; k < inputs; ++k) {
        const auto& of_axis = points[tie ? 0 : k];
        const auto chosen = inputs == 1 ? i : static_cast<std::size_t>(d.whole(0, static_cast<int64_t>(of_axis.size()) - 1));
        l.x.push_back(tie && k > 0 ? l.x[0] : of_axis[chosen]);
        l.v.push_back(inputs == 1 ? 1 : axis < 0 ? d.whole(-8, 8) / 4.0 : static_cast<int>(k) == axis ? 1 : 0);
      }
      compare(s, c, l, n, o);
    }
    if (o.red()) break;
  }
  if (!o.red() && n.orders < 100) o.fail("only " + std::to_string(n.orders) + " orders were decided");
  if (o.red()) o.fail("seed " + std::to_string(set.seed));
  o.figure = std::to_string(n.orders) + " orders, " + std::to_string(n.in_double) + " in double, " + std::to_string(n.kinks) +
             " at kinks";
  return o;
}

// ---- the other families: a value and its gradients on both sides of a point

constexpr int top_of_rows = 2;
using twice = dual<dual<ball>>;

struct on_side {
  entries<twice> y;
  tensors<twice> dx;
};

struct neighbours {
  const subject& s;
  const call& c;
  tensors<ball> x, v;
  entries<ball> dy;

  on_side at(int side) const {
    const ball step = ball(side) * ball(std::ldexp(1, -300));
    tensors<twice> in;
    for (std::size_t k = 0; k < x.size(); ++k) {
      int64_t i = 0;
      in.push_back(converted<twice>(x[k], [&](const ball& at) {
        const ball& along_v = v[k][i++];
        return axiograd::conformance::along<ball, top_of_rows>(at + step * along_v, along_v);
      }));
    }
    on_side r{run_forward(s.twice_balls.forward, c, in), zeros_like(in)};
    run_vjp(s.twice_balls.vjp, c, in, r.y, converted<twice>(dy, [](const ball& g) { return constant<ball, top_of_rows>(g); }),
            r.dx);
    return r;
  }
};

enum class verdict_of_entry : unsigned char { smooth, kink, wrong };

/// The orders of one entry of three runs.
verdict_of_entry judge(const twice& before, const twice& at, const twice& after, std::string& text) {
  std::array<ball, top_of_rows + 1> b, m, a;
  orders_of<top_of_rows>(before, b.data());
  orders_of<top_of_rows>(at, m.data());
  orders_of<top_of_rows>(after, a.data());
  for (std::size_t k = 0; k <= top_of_rows; ++k) {
    const two_sides sides{b[k], a[k]};
    if (!sides.finite() || !sides.agree()) return verdict_of_entry::kink;
    if (two_sides::near(m[k], sides.before, 1e-12)) continue;
    if (k == 0) return verdict_of_entry::kink;  // not continuous
    text = "order " + std::to_string(k) + " is " + to_text(m[k].midpoint()) + ", beside the point " +
           to_text(sides.before.midpoint());
    return verdict_of_entry::wrong;
  }
  return verdict_of_entry::smooth;
}

/// The first entry of `before` that is not smooth; `wrong` fails.
bool all_smooth(const entries<twice>& before, const entries<twice>& at, const entries<twice>& after, const std::string& what,
                outcome& o, int& smooth) {
  bool all = true;
  for (int64_t i = 0; i < at.size(); ++i) {
    std::string text;
    const auto verdict = judge(before[i], at[i], after[i], text);
    if (verdict == verdict_of_entry::wrong) o.fail(what + ", entry " + std::to_string(i) + ": " + text);
    if (verdict == verdict_of_entry::smooth) ++smooth;
    all = all && verdict == verdict_of_entry::smooth;
  }
  return all;
}

outcome orders_of_others(const subject& s, const settings& set) {
  outcome o;
  if (!s.twice_balls) return o;
  const with_balls precise_enough(700, 3);
  constexpr double pool[]{0, 0, 0, 1, -1, 2, -2, 0.5, -0.5, 3};
  int smooth = 0;
  for (int number = 0; number < 40 * set.scale; ++number) {
    draw d = case_of(s, set, "higher_orders", number);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 400) continue;
    const int kinds = d.chance(3) ? 2 : 9;  // all zeros, or many ties
    const auto special = [&]() -> ball { return pool[d.whole(0, kinds)]; };
    const auto random = [&]() -> ball { return d.normal(); };
    const neighbours n{s, c, inputs_of<ball>(c, special), inputs_of<ball>(c, random), entries_of<ball>(c.y.size(), random)};
    const on_side before = n.at(-1), at = n.at(0), after = n.at(1);
    const std::string where = axiograd::conformance::describe(c) + ", seed " + std::to_string(d.seed());
    if (!all_smooth(before.y, at.y, after.y, "the value, " + where, o, smooth)) continue;
    for (std::size_t k = 0; k < at.dx.size(); ++k)
      if (!at.dx[k].absent())
        all_smooth(before.dx[k], at.dx[k], after.dx[k], "the gradient of input " + std::to_string(k) + ", " + where, o, smooth);
    if (o.red()) break;
  }
  o.figure = std::to_string(smooth) + " entries";
  return o;
}

}  // namespace

std::vector<double> borders(const subject& s, const call& c, const std::vector<double>& at, std::size_t axis) {
  const auto answers = [&](double x) {
    std::vector<bool> all;
    std::vector<series> in, slope(at.size());
    for (std::size_t k = 0; k < at.size(); ++k) in.emplace_back(ball(k == axis ? x : at[k]));
    series y;
    ball_mode.answers = &all;
    s.law(c.op(), in.data(), y, slope.data());
    ball_mode.answers = nullptr;
    return all;
  };
  // Doubles in their order: neighbours are one apart.
  const auto place = [](double x) {
    const auto b = std::bit_cast<std::int64_t>(x);
    return b < 0 ? std::numeric_limits<std::int64_t>::min() - b : b;
  };
  const auto number = [](std::int64_t p) {
    return std::bit_cast<double>(p < 0 ? std::numeric_limits<std::int64_t>::min() - p : p);
  };
  std::vector<double> grid;
  for (int i = -330; i <= 330; ++i) grid.push_back(i / 16.0 + 1e-3);
  for (int e = -320; e <= 300; e += 10)
    for (const double sign : {-1.0, 1.0}) grid.push_back(sign * std::pow(10.0, e));
  for (const double sign : {-1.0, 1.0})
    for (double x = 24; x < 1e4; x *= 1.2) grid.push_back(sign * x);
  std::sort(grid.begin(), grid.end());

  std::vector<double> found;
  auto low = answers(grid.front());
  for (std::size_t i = 1; i < grid.size(); ++i) {
    const auto high = answers(grid[i]);
    if (high != low) {
      std::int64_t a = place(grid[i - 1]), b = place(grid[i]);
      while (b - a > 1) {
        const std::int64_t middle = a + (b - a) / 2;
        (answers(number(middle)) == low ? a : b) = middle;
      }
      found.push_back(number(a));
      found.push_back(number(b));
    }
    low = high;
  }
  return found;
}

outcome higher_orders(const subject& s, const settings& set) {
  return s.law != nullptr ? elementwise_orders(s, set) : orders_of_others(s, set);
}

}  // namespace axiograd::conformance
