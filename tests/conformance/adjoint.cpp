// Rung 2: <v, J u> from the specification on duals equals <J^T v, u> from the VJP, exactly.

#include <cmath>
#include <set>

#include "check.hpp"

namespace axiograd::conformance {
namespace {

enum class answer : unsigned char { equal, different, undecided };

/// Both sides of the identity on numbers of type T.
template <class T>
struct sides {
  T forward_side{0}, reverse_side{0};
  bool same_value = true;  ///< the duals' primal parts are the plain run's values
};

template <class T, class Number, class Coefficient>
sides<T> both_sides(const runs<T>& run, void (*raw)(const void*, const forward_run<dual<T>>&), const call& c,
                    const Number& value, const Coefficient& coefficient) {
  const auto x = inputs_of<T>(c, value);
  const auto u = inputs_of<T>(c, coefficient);
  const auto v = entries_of<T>(c.y.size(), coefficient);
  tensors<dual<T>> xu;
  for (std::size_t k = 0; k < x.size(); ++k) {
    int64_t i = 0;
    xu.push_back(converted<dual<T>>(x[k], [&](const T& at) { return dual<T>(at, u[k][i++]); }));
  }
  const auto y = run_forward(run.forward, c, x);
  const auto tangent = run_forward(raw, c, xu);
  tensors<T> dx = zeros_like(x);
  run_vjp(run.vjp, c, x, y, v, dx);

  sides<T> s;
  for (int64_t i = 0; i < y.size(); ++i) {
    s.forward_side = s.forward_side + v[i] * tangent[i].d;
    s.same_value = s.same_value && y[i] == tangent[i].v;
  }
  for (std::size_t k = 0; k < x.size(); ++k)
    for (int64_t i = 0; i < x[k].size(); ++i) s.reverse_side = s.reverse_side + dx[k][i] * u[k][i];
  return s;
}

answer field_trial(const subject& s, const call& c, draw& d, int kind) {
  for (int attempt = 0; attempt < 40; ++attempt) {
    probe::met_non_square = false;
    const auto side = both_sides<probe>(
        s.field, s.raw_field, c, [&]() -> probe { return {d.residue(), ordinary_number(d, s, kind)}; },
        [&]() -> probe { return {d.residue(), d.normal()}; });
    if (side.same_value && side.forward_side == side.reverse_side) return answer::equal;
    if (!probe::met_non_square) return answer::different;
  }
  return answer::undecided;
}

answer ball_trial(const subject& s, const call& c, draw& d, int kind) {
  const auto side = both_sides<ball>(
      s.balls, s.raw_balls, c, [&]() -> ball { return ordinary_number(d, s, kind); }, [&]() -> ball { return d.normal(); });
  const ball difference = side.forward_side - side.reverse_side;
  if (!difference.finite()) return answer::undecided;
  const double size = std::max(1.0, std::abs(side.forward_side.midpoint()));
  if (!difference.overlaps(ball(0))) return answer::different;
  return difference.radius() < 1e-50 * size ? answer::equal : answer::undecided;
}

struct tally {
  int equal = 0, different = 0, undecided = 0;
  std::set<std::string> shapes;
  std::string counterexample;
};

template <class Trial>
tally run_trials(const subject& s, const settings& set, const Trial& trial) {
  constexpr int per_call = 4;
  tally t;
  const int pairs = static_cast<int>(pairwise_calls(s, set, size_class::small, false).size());
  for (int number = 0; number < pairs + 400 && (number < pairs || t.shapes.size() < 20 || t.equal < 64 * set.scale); ++number) {
    draw d = case_of(s, set, "exact_adjoint", number);
    const call c = call_of(s, set, d, number);
    const bool trivial = c.y.size() == 0 || c.entries() == c.y.size();  // still run: it must not fail
    for (int i = 0; i < per_call; ++i) {
      const answer a = trial(c, d, number * per_call + i);
      if (a == answer::equal && !trivial) {
        ++t.equal;
        t.shapes.insert(describe(c).substr(0, describe(c).find(", indices")));
      }
      if (a == answer::undecided) ++t.undecided;
      if (a == answer::different && t.different++ == 0) t.counterexample = describe(c) + ", seed " + std::to_string(d.seed());
    }
    if (t.different > 8) break;
  }
  return t;
}

}  // namespace

outcome exact_adjoint(const subject& s, const settings& set) {
  outcome o;
  if (!s.field || s.raw_field == nullptr) {
    o.fail("the operator does not run on prime-field residues");
    return o;
  }
  const tally field = run_trials(s, set, [&](const call& c, draw& d, int kind) { return field_trial(s, c, d, kind); });
  const auto enough = [&](const tally& t, const char* where) {
    if (t.equal < 64 || t.shapes.size() < 20)
      o.fail(std::string(where) + ": only " + std::to_string(t.equal) + " trials on " + std::to_string(t.shapes.size()) +
             " shapes were decided");
    o.figure = std::string(where) + " " + std::to_string(t.equal) + "/" + std::to_string(t.shapes.size());
  };
  if (field.different == 0) {
    enough(field, "exact");
    return o;
  }
  if (s.algebraic || !s.balls || s.raw_balls == nullptr) {
    o.fail("<v, J u> and <J^T v, u> differ in the prime field: " + field.counterexample);
    return o;
  }
  const tally balls = run_trials(s, set, [&](const call& c, draw& d, int kind) { return ball_trial(s, c, d, kind); });
  if (balls.different > 0)
    o.fail("<v, J u> and <J^T v, u> differ in the prime field and in 300-bit balls: " + balls.counterexample);
  enough(balls, "balls");
  return o;
}

outcome special_points(const subject& s, const settings& set) {
  outcome o;
  constexpr double common[]{0.0, -0.0, 1.0, -1.0, 0.5, 2.0};
  int checked = 0;
  for (int number = 0; number < 200 * set.scale; ++number) {
    draw d = case_of(s, set, "special_points", number);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 3000) continue;
    const double tie = d.whole(-1, 1);
    const auto value = [&]() -> double {
      if (number % 4 == 0) return tie;
      const int64_t n = 6 + static_cast<int64_t>(s.test_points.size());
      const int64_t i = d.whole(0, n - 1);
      return i < 6 ? common[i] : s.test_points[static_cast<std::size_t>(i - 6)];
    };
    const auto x = inputs_of<double>(c, value);
    const auto u = inputs_of<double>(c, [&]() -> double { return d.whole(-3, 3); });
    const auto v = entries_of<double>(c.y.size(), [&]() -> double { return d.whole(-3, 3); });
    tensors<dual<double>> xu;
    for (std::size_t k = 0; k < x.size(); ++k) {
      int64_t i = 0;
      xu.push_back(converted<dual<double>>(x[k], [&](double at) { return dual<double>(at, u[k][i++]); }));
    }
    const auto y = run_forward(s.f64.plain.forward, c, x);
    const auto tangent = run_forward(s.dual_f64, c, xu);
    tensors<double> dx = zeros_like(x);
    run_vjp(s.f64.plain.vjp, c, x, y, v, dx);
    double forward_side = 0, reverse_side = 0, with_all = 0, size = 0;
    for (int64_t i = 0; i < y.size(); ++i) {
      forward_side += v[i] * tangent[i].d;
      size += std::abs(v[i] * tangent[i].d);
    }
    for (std::size_t k = 0; k < x.size(); ++k)
      for (int64_t i = 0; i < x[k].size(); ++i) {
        with_all += dx[k][i] * u[k][i];
        if (u[k][i] == 0) continue;  // what does not move contributes nothing, also where its partial derivative is undefined
        reverse_side += dx[k][i] * u[k][i];
        size += std::abs(dx[k][i] * u[k][i]);
      }
    if (!std::isfinite(forward_side) && !std::isfinite(with_all)) continue;
    ++checked;
    if (!(std::abs(forward_side - reverse_side) <= 1e-9 * size + 1e-12))
      o.fail("at special points <v, J u> = " + std::to_string(forward_side) + ", <J^T v, u> = " + std::to_string(reverse_side) +
             ": " + describe(c) + ", seed " + std::to_string(d.seed()));
  }
  if (checked < 50) o.fail("only " + std::to_string(checked) + " cases were finite");
  o.figure = std::to_string(checked) + " cases";
  return o;
}

}  // namespace axiograd::conformance
