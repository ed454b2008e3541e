// Rung 5 and what surrounds it: the library's float and double kernels against exact arithmetic, against the specification,
// against each other, and on any number of threads.

#include <axiograd/kernels/parallel.hpp>
#include <cmath>
#include <limits>

#include "check.hpp"

namespace axiograd::conformance {
namespace {

template <class T>
const library_runs<T>& library_of(const subject& s) {
  if constexpr (std::same_as<T, float>)
    return s.f32;
  else
    return s.f64;
}
template <class T>
constexpr const char* type_name = std::same_as<T, float> ? "float" : "double";

/// The library's kernels on this processor, with their names; the specification comes first.
template <class T>
std::vector<std::pair<std::string, runs<T>>> kernels_under_test(const subject& s) {
  const library_runs<T>& library = library_of<T>(s);
  std::vector<std::pair<std::string, runs<T>>> list{{"specification", library.plain}, {"library", library.chosen}};
  for (const isa set : {isa::baseline, isa::avx2, isa::avx512})
    if (const auto& run = library.sets[static_cast<std::size_t>(set)]) list.emplace_back(to_string(set), run);
  for (auto& [name, run] : list) name = std::string(type_name<T>) + ' ' + name;
  return list;
}

template <class T>
bool same_bits(T a, T b) {
  if (a != a || b != b) return a != a && b != b;
  return std::memcmp(&a, &b, sizeof a) == 0;
}
template <class T>
std::string first_difference(const entries<T>& a, const entries<T>& b) {
  for (int64_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i]))
      return "entry " + std::to_string(i) + " is " + std::to_string(a[i]) + " and " + std::to_string(b[i]);
  return {};
}

template <class T>
struct both_runs {
  entries<T> y;
  tensors<T> dx;
};
template <class T>
both_runs<T> run_both(const runs<T>& run, const call& c, const tensors<T>& x, const entries<T>& dy, tensors<T> dx,
                      unsigned wanted = all_inputs) {
  both_runs<T> r{run_forward(run.forward, c, x), std::move(dx)};
  run_vjp(run.vjp, c, x, r.y, dy, r.dx, wanted);
  return r;
}
template <class T>
std::string first_difference(const both_runs<T>& a, const both_runs<T>& b) {
  if (std::string at = first_difference(a.y, b.y); !at.empty()) return "result: " + at;
  for (std::size_t k = 0; k < a.dx.size(); ++k)
    if (std::string at = first_difference(a.dx[k], b.dx[k]); !at.empty())
      return "gradient of input " + std::to_string(k) + ": " + at;
  return {};
}

// ---- whole numbers

template <class T>
void compare_exactly(const subject& s, const call& c, const tensors<whole>& x, const entries<whole>& dy,
                     const tensors<whole>& start, const both_runs<whole>& exact, unsigned wanted, const std::string& at,
                     outcome& o) {
  const auto number = [](const whole& w) { return static_cast<T>(w.to_double()); };
  const auto tx = converted<T>(x, number);
  const auto tdy = converted<T>(dy, number);
  const auto tstart = converted<T>(start, number);
  for (const auto& [name, run] : kernels_under_test<T>(s)) {
    const auto got = run_both(run, c, tx, tdy, tstart, wanted);
    const auto compare = [&](const entries<T>& values, const entries<whole>& expected, const std::string& what) {
      if (!values.absent() && !values.margins_intact()) o.fail(name + " wrote beside the " + what + ": " + at);
      for (int64_t i = 0; i < values.size(); ++i)
        if (!(values[i] == number(expected[i]))) {
          o.fail(name + ": " + what + "[" + std::to_string(i) + "] is " + std::to_string(values[i]) + ", exactly " +
                 std::to_string(expected[i].to_double()) + ": " + at);
          return;
        }
    };
    compare(got.y, exact.y, "result");
    for (std::size_t k = 0; k < got.dx.size(); ++k) compare(got.dx[k], exact.dx[k], "gradient of input " + std::to_string(k));
  }
}

}  // namespace

outcome integer_kernels(const subject& s, const settings& set) {
  outcome o;
  if (!s.integers) return o;
  int checked = 0;
  double largest = 0;
  for (int number = 0; number < 1500 * set.scale && checked < 1000 * set.scale; ++number) {
    draw d = case_of(s, set, "integer_kernels", number, size_class::vectors, true);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 20'000) continue;
    const auto small = [&]() -> whole { return d.whole(-4, 4); };
    const auto x = inputs_of<whole>(c, small);
    const auto start = inputs_of<whole>(c, small);
    const auto dy = entries_of<whole>(c.y.size(), small);
    const unsigned wanted = d.chance(4) ? static_cast<unsigned>(d.bits()) : all_inputs;
    const std::string at = describe(c) + ", seed " + std::to_string(d.seed());
    const auto exact = run_both(s.integers, c, x, dy, start, wanted);
    for (int64_t i = 0; i < exact.y.size(); ++i) largest = std::max(largest, std::abs(exact.y[i].to_double()));
    for (const auto& t : exact.dx)
      for (int64_t i = 0; i < t.size(); ++i) largest = std::max(largest, std::abs(t[i].to_double()));
    compare_exactly<float>(s, c, x, dy, start, exact, wanted, at, o);
    compare_exactly<double>(s, c, x, dy, start, exact, wanted, at, o);
    ++checked;
    if (o.red()) break;
  }
  if (largest >= 0x1p23) o.fail("the sums leave the range where float is exact");
  if (!o.red() && checked < 1000 * set.scale) o.fail("only " + std::to_string(checked) + " shapes");
  o.figure = std::to_string(checked) + " shapes";
  return o;
}

// ---- declared accuracy

namespace {

template <class T>
double ulp_of(double x) {
  using limits = std::numeric_limits<T>;
  if (x == 0) return static_cast<double>(limits::denorm_min());
  return std::max(std::ldexp(1.0, std::ilogb(x) - limits::digits + 1), static_cast<double>(limits::denorm_min()));
}
/// |got - exact| as a double, without the rounding of `exact`.
double distance(double got, const ball& exact) { return std::abs((exact - ball(got)).midpoint()); }

struct error_meter {
  double worst_ulp = 0;
  int beside_zeros = 0;
  void merge(const error_meter& m) {
    worst_ulp = std::max(worst_ulp, m.worst_ulp);
    beside_zeros += m.beside_zeros;
  }
};

/// Numbers of every size that the operator may meet.
template <class T>
T stratified_number(draw& d, const subject& s, int i) {
  if (i < static_cast<int>(s.test_points.size())) return static_cast<T>(s.test_points[static_cast<std::size_t>(i)]);
  if (i % 24 == 0 && s.in.tensors == 1)
    return static_cast<T>(std::ldexp(d.uniform(1, 2), d.whole(-120, 60)) * (d.chance(2) ? 1 : -1));
  if (i % 3 == 0) return static_cast<T>(std::ldexp(d.uniform(1, 2), d.whole(-30, 8)) * (d.chance(2) ? 1 : -1));
  if (i % 6 == 1 && !s.test_points.empty())  // around the places that matter to the operator, such as its roots
    return static_cast<T>(s.test_points[static_cast<std::size_t>(d.whole(0, static_cast<int>(s.test_points.size()) - 1))] *
                          (1 + std::ldexp(d.uniform(-1, 1), d.whole(-12, -3))));
  return static_cast<T>(ordinary_number(d, s, d.whole(0, 3)));
}

/// The mixed bound of op_facts at each entry.
template <class T>
void measure(const entries<T>& got, const entries<ball>& exact, double max_ulp, double floor, const std::string& what,
             const tensors<T>& x, const std::vector<bool>& counts, error_meter& meter, outcome& o) {
  for (int64_t i = 0; i < got.size(); ++i) {
    if (!counts[static_cast<std::size_t>(i)]) continue;
    const double reference = exact[i].midpoint();
    if (!exact[i].finite() || std::abs(reference) > static_cast<double>(std::numeric_limits<T>::max())) continue;
    const double ulp = ulp_of<T>(reference), error = distance(static_cast<double>(got[i]), exact[i]), ulps = error / ulp;
    if (!exact[i].within(std::ilogb(ulp) - 10)) {
      o.fail(what + " at " + std::to_string(x[0][i]) + ": the reference is not known well enough");
      continue;
    }
    if (ulps <= max_ulp) {
      meter.worst_ulp = std::max(meter.worst_ulp, ulps);
    } else if (max_ulp > 0 && error <= floor) {
      ++meter.beside_zeros;
    } else {
      char line[256];
      std::snprintf(line, sizeof line, "%s at %a (%.9g): got %.17g, exactly %.17g, %.3g ulp, declared %.3g", what.c_str(),
                    static_cast<double>(x[0][i]), static_cast<double>(x[0][i]), static_cast<double>(got[i]), reference, ulps,
                    max_ulp);
      o.fail(line);
    }
  }
}

template <class T>
void elementwise_accuracy(const subject& s, const settings& set, error_meter& value, error_meter& slope, outcome& o) {
  constexpr int n = 700;
  for (int number = 0; number < 2 * set.scale; ++number) {
    draw d = case_of(s, set, "accuracy", number);
    call c = s.draw_call(d);
    for (shape& dims : c.in) dims = shape{n};
    c.y = shape{n};
    int i = 0;  // the first input runs through the strata, the others jump among them
    const auto x = inputs_of<T>(c, [&] { return stratified_number<T>(d, s, i < n ? i++ : d.whole(0, n - 1)); });
    const auto bx = converted<ball>(x, [](T v) { return ball(static_cast<double>(v)); });
    const auto ones = entries_of<ball>(n, [] { return ball(1); });
    const auto by = run_forward(s.balls.forward, c, bx);
    tensors<ball> slopes = zeros_like(bx);
    run_vjp(s.balls.vjp, c, bx, by, ones, slopes);
    std::vector<bool> counts(n, true);
    if (s.bounded_at != nullptr)
      for (int j = 0; j < n; ++j) {
        std::vector<double> at;
        for (const auto& t : x) at.push_back(static_cast<double>(t[j]));
        counts[static_cast<std::size_t>(j)] = s.bounded_at(c.op(), at.data());
      }
    // Derivatives are bounded where the value is a finite number: they may be computed from it.
    std::vector<bool> slope_counts = counts;
    for (int j = 0; j < n; ++j)
      if (std::abs(by[j].midpoint()) > static_cast<double>(std::numeric_limits<T>::max()))
        slope_counts[static_cast<std::size_t>(j)] = false;
    // The floor of the mixed bound is for functions of bounded slope.
    double steepest = 0;
    for (const auto& t : slopes)
      for (int64_t j = 0; j < n; ++j)
        if (t[j].finite()) steepest = std::max(steepest, std::abs(t[j].midpoint()));
    const double floor = steepest <= 4 ? steepest * std::numeric_limits<T>::epsilon() / 2 : 0;

    for (const auto& [name, run] : kernels_under_test<T>(s)) {
      const bool chosen = name.find("library") != std::string::npos;
      // The declared bounds are those of the library's kernels. The specification runs on the C library's functions, and the
      // baseline has no fused multiply-add: their elementary functions have up to 3 ULP.
      const bool looser = name.find("specification") != std::string::npos || name.find("baseline") != std::string::npos;
      const auto allowed = [&](double declared) { return looser && declared > 0.5 ? 4 * declared : declared; };
      const auto y = run_forward(run.forward, c, x);
      tensors<T> dx = zeros_like(x);
      run_vjp(run.vjp, c, x, y, entries_of<T>(n, [] { return T(1); }), dx);
      error_meter of_value, of_slope;
      measure(y, by, allowed(s.facts.max_ulp), floor, name + " value", x, counts, of_value, o);
      for (std::size_t k = 0; k < dx.size(); ++k)
        measure(dx[k], slopes[k], allowed(s.facts.derivative_max_ulp), floor, name + " derivative " + std::to_string(k), x,
                slope_counts, of_slope, o);
      if (chosen) {
        value.merge(of_value);
        slope.merge(of_slope);
      }
    }
  }
}

/// How far each entry of the result and of the gradients moves, in units of `relative`, when every number given moves by a
/// factor 1 +- relative: the largest of a few random choices of signs. A stable algorithm errs by a few roundings of that.
both_runs<ball> sensitivity(const subject& s, const call& c, const tensors<ball>& x, const entries<ball>& dy,
                            const both_runs<ball>& exact, draw& d) {
  const ball relative = 0x1p-90;
  both_runs<ball> largest{entries<ball>(exact.y.size()), zeros_like(x)};
  for (int trial = 0; trial < 6; ++trial) {
    const auto moved = [&](const ball& v) { return d.chance(2) ? v + v * relative : v - v * relative; };
    const auto there = run_both(s.balls, c, converted<ball>(x, moved), converted<ball>(dy, moved), zeros_like(x));
    const auto keep_largest = [&](entries<ball>& most, const entries<ball>& from, const entries<ball>& to) {
      for (int64_t i = 0; i < most.size(); ++i) most[i] = max(most[i], abs(to[i] - from[i]) / relative);
    };
    keep_largest(largest.y, exact.y, there.y);
    for (std::size_t k = 0; k < x.size(); ++k) keep_largest(largest.dx[k], exact.dx[k], there.dx[k]);
  }
  return largest;
}

/// Operators that sum: the error against the exact result, in roundings of the largest entry and of the inputs.
template <class T>
double summed_accuracy(const subject& s, const settings& set, outcome& o) {
  double worst = 0;
  const double u = std::numeric_limits<T>::epsilon() / 2;
  for (int number = 0; number < 40 * set.scale; ++number) {
    draw d = case_of(s, set, "accuracy", number);
    const call c = draw_call(s, d);
    if (c.entries() > 1500) continue;
    // Every eighth case of one tensor, and of attention, is so large that an exponential which is not shifted first overflows.
    const double stretch = (s.in.tensors == 1 || s.family.opaque) && number % 8 == 7 ? (std::same_as<T, float> ? 100 : 800) : 1;
    const auto x = inputs_of<T>(c, [&] { return static_cast<T>(stretch * ordinary_number(d, s, number % 2)); });
    const auto dy = entries_of<T>(c.y.size(), [&] { return static_cast<T>(d.normal()); });
    const auto to_ball = [](T v) { return ball(static_cast<double>(v)); };
    const auto bx = converted<ball>(x, to_ball);
    const auto bdy = converted<ball>(dy, to_ball);
    const auto exact = run_both(s.balls, c, bx, bdy, zeros_like(bx));
    const auto moves = sensitivity(s, c, bx, bdy, exact, d);
    for (const auto& [name, run] : kernels_under_test<T>(s)) {
      // The specification adds one number after the other, which rounds once for each; the library adds in a tree.
      const double in_turn = name.find("specification") != std::string::npos ? static_cast<double>(c.entries()) : 0;
      const auto got = run_both(run, c, x, dy, zeros_like(x));
      const auto compare = [&](const entries<T>& values, const entries<ball>& expected, const entries<ball>& by,
                               double declared, const std::string& what) {
        double scale = 1;
        for (int64_t i = 0; i < values.size(); ++i)
          if (expected[i].finite()) scale = std::max(scale, std::abs(expected[i].midpoint()));
        for (int64_t i = 0; i < values.size(); ++i) {
          if (!expected[i].finite()) continue;
          const double error = distance(static_cast<double>(values[i]), expected[i]) / (u * (scale + by[i].midpoint()));
          worst = std::max(worst, error);
          if (!(error <= 8 + declared + in_turn)) {
            char line[200];
            std::snprintf(line, sizeof line, "%s %s[%d]: got %.17g, exactly %.17g, %.3g roundings of %.3g: ", name.c_str(),
                          what.c_str(), static_cast<int>(i), static_cast<double>(values[i]), expected[i].midpoint(), error,
                          scale + by[i].midpoint());
            o.fail(line + describe(c) + ", seed " + std::to_string(d.seed()));
            return;
          }
        }
      };
      compare(got.y, exact.y, moves.y, s.facts.max_ulp, "result");
      for (std::size_t k = 0; k < got.dx.size(); ++k)
        compare(got.dx[k], exact.dx[k], moves.dx[k], s.facts.derivative_max_ulp, "gradient of input " + std::to_string(k));
    }
  }
  return worst;
}

}  // namespace

outcome accuracy(const subject& s, const settings& set) {
  outcome o;
  if (!s.balls || !s.family.pointwise) return o;
  error_meter value[2], slope[2];
  elementwise_accuracy<float>(s, set, value[0], slope[0], o);
  elementwise_accuracy<double>(s, set, value[1], slope[1], o);
  char text[128];
  std::snprintf(text, sizeof text, "ulp f32 %.2f/%.2f f64 %.2f/%.2f of %g/%g", value[0].worst_ulp, slope[0].worst_ulp,
                value[1].worst_ulp, slope[1].worst_ulp, s.facts.max_ulp, s.facts.derivative_max_ulp);
  o.figure = text;
  return o;
}

outcome stability(const subject& s, const settings& set) {
  outcome o;
  if (!s.balls || s.family.pointwise) return o;
  char text[128];
  const double f32 = summed_accuracy<float>(s, set, o), f64 = summed_accuracy<double>(s, set, o);
  std::snprintf(text, sizeof text, "f32 %.1f f64 %.1f roundings", f32, f64);
  o.figure = text;
  return o;
}

// ---- a-priori bounds

namespace {
/// The largest error in units of its bound gamma_d times the sum of absolute values; counts the entries compared.
template <class T>
double compare_with_bound(const subject& s, const settings& set, int64_t& compared, outcome& o) {
  const double u = std::numeric_limits<T>::epsilon() / 2;
  double worst = 0;
  for (int number = 0; number < 60 * set.scale; ++number) {
    draw d = case_of(s, set, "a_priori_bounds", number, number % 3 == 0 ? size_class::vectors : size_class::small);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 4000) continue;
    const auto x = inputs_of<T>(c, [&] { return static_cast<T>(std::ldexp(d.normal(), d.whole(-4, 4))); });
    const auto dy = entries_of<T>(c.y.size(), [&] { return static_cast<T>(d.normal()); });
    const auto exact = run_both(s.balls, c, converted<ball>(x, [](T v) { return ball(static_cast<double>(v)); }),
                                converted<ball>(dy, [](T v) { return ball(static_cast<double>(v)); }),
                                zeros_like(converted<ball>(x, [](T) { return ball(0); })));
    const auto to_size = [](T v) { return magnitude(static_cast<double>(v)); };
    const auto sizes = run_both(s.magnitudes, c, converted<magnitude>(x, to_size), converted<magnitude>(dy, to_size),
                                zeros_like(converted<magnitude>(x, to_size)));
    for (const auto& [name, run] : kernels_under_test<T>(s)) {
      const auto got = run_both(run, c, x, dy, zeros_like(x));
      const auto compare = [&](const entries<T>& values, const entries<ball>& expected, const entries<magnitude>& by,
                               const std::string& what) {
        for (int64_t i = 0; i < values.size(); ++i) {
          const double depth = by[i].depth(), gamma = depth * u / (1 - depth * u);
          // The second is no theorem: roundings that are independent add up like a random walk.
          const double bound = std::min(gamma, 8 * std::sqrt(depth) * u) * by[i].size() * (1 + 1e-9);
          const double error = distance(static_cast<double>(values[i]), expected[i]);
          ++compared;
          if (bound > 0) worst = std::max(worst, error / bound);
          if (error <= bound) continue;
          char line[200];
          std::snprintf(line, sizeof line,
                        "%s %s[%d]: got %.17g, exactly %.17g, error %.3g beyond its bound %.3g (depth %g): ", name.c_str(),
                        what.c_str(), static_cast<int>(i), static_cast<double>(values[i]), expected[i].midpoint(), error, bound,
                        depth);
          o.fail(line + describe(c) + ", seed " + std::to_string(d.seed()));
          return;
        }
      };
      compare(got.y, exact.y, sizes.y, "result");
      for (std::size_t k = 0; k < got.dx.size(); ++k)
        compare(got.dx[k], exact.dx[k], sizes.dx[k], "gradient of input " + std::to_string(k));
    }
  }
  return worst;
}
}  // namespace

outcome a_priori_bounds(const subject& s, const settings& set) {
  outcome o;
  if (!s.balls || !s.magnitudes) return o;
  int64_t compared = 0;
  const double f32 = compare_with_bound<float>(s, set, compared, o), f64 = compare_with_bound<double>(s, set, compared, o);
  char text[128];
  std::snprintf(text, sizeof text, "f32 %.2f f64 %.2f of the bound, %lld entries", f32, f64, static_cast<long long>(compared));
  o.figure = text;
  return o;
}

// ---- NaN and infinity

namespace {
enum class number_class : unsigned char { finite, nan, plus_infinity, minus_infinity };
number_class class_of(double x) {
  if (std::isnan(x)) return number_class::nan;
  if (std::isinf(x)) return x > 0 ? number_class::plus_infinity : number_class::minus_infinity;
  return number_class::finite;
}

template <class T>
int compare_special_values(const subject& s, const settings& set, outcome& o) {
  using limits = std::numeric_limits<T>;
  const T special[]{limits::quiet_NaN(), limits::infinity(),   -limits::infinity(),   T(0),         -T(0), limits::max(),
                    limits::lowest(),    limits::denorm_min(), -limits::denorm_min(), limits::min()};
  int checked = 0;
  for (int number = 0; number < 100 * set.scale; ++number) {
    draw d = case_of(s, set, "special_values", number, number % 2 == 0 ? size_class::small : size_class::vectors);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 3000) continue;
    const bool many = s.family.pointwise;  // elsewhere overflow and cancellation depend on the order of sums
    const T one = special[d.whole(0, 2)];
    const int rarity = static_cast<int>(std::max<int64_t>(2, c.entries() / 2));
    const auto x = inputs_of<T>(c, [&] {
      if (many && d.chance(2)) return special[d.whole(0, 9)];
      return !many && d.chance(rarity) ? one : static_cast<T>(d.normal());
    });
    const auto dy = entries_of<T>(c.y.size(), [&] { return static_cast<T>(d.uniform(0.5, 1)); });
    const auto list = kernels_under_test<T>(s);
    const auto expected = run_both(list[0].second, c, x, dy, zeros_like(x));
    ++checked;
    for (std::size_t other = 1; other < list.size(); ++other) {
      const auto got = run_both(list[other].second, c, x, dy, zeros_like(x));
      const auto compare = [&](const entries<T>& a, const entries<T>& b, const std::string& what) {
        for (int64_t i = 0; i < a.size(); ++i)
          if (class_of(static_cast<double>(a[i])) != class_of(static_cast<double>(b[i]))) {
            std::string at = many ? ", at" : "";
            if (many)
              for (const auto& t : x) at += ' ' + std::to_string(t[i]);
            o.fail(list[other].first + ": " + what + "[" + std::to_string(i) + "] is " + std::to_string(b[i]) +
                   ", the specification gives " + std::to_string(a[i]) + at + ": " + describe(c) + ", seed " +
                   std::to_string(d.seed()));
            return;
          }
      };
      compare(expected.y, got.y, "result");
      for (std::size_t k = 0; k < x.size(); ++k) compare(expected.dx[k], got.dx[k], "gradient of input " + std::to_string(k));
    }
  }
  return checked;
}
}  // namespace

outcome special_values(const subject& s, const settings& set) {
  outcome o;
  const int n = compare_special_values<float>(s, set, o) + compare_special_values<double>(s, set, o);
  o.figure = std::to_string(n) + " cases";
  return o;
}

// ---- same bits

namespace {
template <class T>
int compare_sets(const subject& s, const settings& set, outcome& o) {
  const library_runs<T>& library = library_of<T>(s);
  const auto& avx2 = library.sets[static_cast<std::size_t>(isa::avx2)];
  const auto& avx512 = library.sets[static_cast<std::size_t>(isa::avx512)];
  if (!avx2 || !avx512) return 0;
  int checked = 0;
  for (int number = 0; number < 150 * set.scale; ++number) {
    const bool long_rows = s.family.by_rows && number % 75 == 74;
    draw d = case_of(s, set, "instruction_sets", number, long_rows ? size_class::long_rows : size_class::vectors);
    const call c = long_rows ? draw_call(s, d) : call_of(s, set, d, number);
    const auto x = inputs_of<T>(c, [&] { return stratified_number<T>(d, s, d.whole(0, 30)); });
    const auto dy = entries_of<T>(c.y.size(), [&] { return static_cast<T>(d.normal()); });
    const auto start = inputs_of<T>(c, [&] { return static_cast<T>(d.normal()); });
    ++checked;
    if (const auto at = first_difference(run_both(avx2, c, x, dy, start), run_both(avx512, c, x, dy, start)); !at.empty()) {
      o.fail(std::string("AVX2 and AVX-512, ") + type_name<T> + " " + at + ": " + describe(c) + ", seed " +
             std::to_string(d.seed()));
      break;
    }
  }
  return checked;
}

template <class T>
int compare_threads(const subject& s, const settings& set, outcome& o, size_class sizes) {
  int checked = 0;
  constexpr int64_t most = 4'000'000;
  const int wanted = (sizes == size_class::long_rows ? 1 : 2) * set.scale;
  for (int number = 0; number < 20 * set.scale && checked < wanted; ++number) {
    draw d = case_of(s, set, "threads", number, sizes);
    call c = draw_call(s, d, s.has_samples && std::string_view(s.family.name) != "contraction" ? 40 : 0);
    if (c.entries() > most) c = draw_call(s, d);  // one sample is large enough
    if (c.entries() > most) continue;
    const auto x = inputs_of<T>(c, [&] { return static_cast<T>(d.normal()); });
    const auto dy = entries_of<T>(c.y.size(), [&] { return static_cast<T>(d.normal()); });
    set_num_threads(1);
    const auto one = run_both(library_of<T>(s).chosen, c, x, dy, zeros_like(x));
    ++checked;
    for (const int n : {2, 3, 7}) {
      set_num_threads(n);
      if (const auto at = first_difference(one, run_both(library_of<T>(s).chosen, c, x, dy, zeros_like(x))); !at.empty())
        o.fail("1 and " + std::to_string(n) + " threads, " + type_name<T> + " " + at + ": " + describe(c) + ", seed " +
               std::to_string(d.seed()));
    }
    set_num_threads(1);
  }
  return checked;
}
}  // namespace

outcome instruction_sets(const subject& s, const settings& set) {
  outcome o;
  const int n = compare_sets<float>(s, set, o) + compare_sets<double>(s, set, o);
  if (n > 0) o.figure = std::to_string(n) + " shapes";
  return o;
}

outcome threads(const subject& s, const settings& set) {
  outcome o;
  int n = 0;
  for (const size_class sizes : {size_class::threads, size_class::long_rows})
    if (sizes == size_class::threads || s.family.by_rows)
      n += compare_threads<float>(s, set, o, sizes) + compare_threads<double>(s, set, o, sizes);
  if (n == 0) o.fail("no shape was compared");
  o.figure = std::to_string(n) + " shapes";
  return o;
}

}  // namespace axiograd::conformance
