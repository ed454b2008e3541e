#include "exhaustive.hpp"

#include <bit>
#include <limits>

namespace axiograd::conformance {

namespace {

/// The operator's value and derivative at a block of numbers.
template <class T>
struct block_of {
  call c;
  tensors<T> x;
  entries<T> y;
  tensors<T> dx;

  block_of(const subject& s, const call& proto, int64_t n) : c(proto) {
    c.in = {shape{n}};
    c.y = shape{n};
    x.emplace_back(n);
    y = entries<T>(n);
    dx.emplace_back(n);
    (void)s;
  }
  void run(const runs<T>& kernels, const entries<T>& ones) {
    y = run_forward(kernels.forward, c, x);
    for (int64_t i = 0; i < dx[0].size(); ++i) dx[0][i] = T(0);
    run_vjp(kernels.vjp, c, x, y, ones, dx);
  }
};

double ulp_at(double reference) {
  const double a = std::abs(reference);
  if (a < static_cast<double>(std::numeric_limits<float>::min())) return std::numeric_limits<float>::denorm_min();
  return std::ldexp(1.0, std::ilogb(a) - 23);
}
bool both_nan(double a, double b) { return std::isnan(a) && std::isnan(b); }

/// Balls of exp(x) for huge x need numbers of as many digits: beyond this the double kernels are the reference.
constexpr double largest_in_balls = 1e5;

/// Exact value and derivative at one point, or not finite.
std::array<double, 2> in_balls(const subject& s, const call& proto, double at) {
  block_of<ball> b(s, proto, 1);
  b.x[0][0] = ball(at);
  b.run(s.balls, entries_of<ball>(1, [] { return ball(1); }));
  const auto number = [](const ball& v) { return v.finite() ? v.midpoint() : std::numeric_limits<double>::quiet_NaN(); };
  return {number(b.y[0]), number(b.dx[0][0])};
}

}  // namespace

bool can_be_exhausted(const subject& s) {
  return s.kind == family::elementwise && s.in.tensors == 1 && s.in.side == 0 && bool(s.balls) && s.facts.max_ulp > 0;
}

void exhaust(const subject& s, std::uint64_t first, std::uint64_t count, exhaustive_result& r) {
  constexpr int64_t n = 4096;
  draw d(1);
  const call proto = s.draw_call(d);
  block_of<float> f(s, proto, n);
  block_of<double> g(s, proto, n);
  const auto float_ones = entries_of<float>(n, [] { return 1.0F; });
  const auto double_ones = entries_of<double>(n, [] { return 1.0; });
  // The floor of the mixed bound is for functions whose slope is at most 4.
  double steepest = 0;
  for (int i = 0; i < n; ++i) g.x[0][i] = 0.03125 * static_cast<double>(i - (n >> 1));
  g.run(s.f64.chosen, double_ones);
  for (int i = 0; i < n; ++i)
    if (std::isfinite(g.dx[0][i])) steepest = std::max(steepest, std::abs(g.dx[0][i]));
  const double floor = steepest <= 4 ? std::max(steepest, 1.0) * 0x1p-24 : std::numeric_limits<float>::denorm_min();

  const auto judge = [&](float got, double reference, double declared, double& worst, const char* what, float at, int which) {
    const double y = static_cast<double>(got);
    if (both_nan(y, reference)) return;
    if (std::abs(reference) > static_cast<double>(std::numeric_limits<float>::max()) || !std::isfinite(reference)) return;
    double error = std::abs(y - reference), ulps = error / ulp_at(reference);
    if (ulps <= declared) {
      worst = std::max(worst, ulps);
      return;
    }
    if (error <= 0.99 * floor) {
      ++r.beside_zeros;
      return;
    }
    const double exact = std::abs(at) > largest_in_balls
                             ? reference
                             : in_balls(s, proto, static_cast<double>(at))[static_cast<std::size_t>(which)];
    if (!std::isfinite(exact)) return;
    error = std::abs(y - exact);
    ulps = error / ulp_at(exact);
    if (ulps <= declared) {
      worst = std::max(worst, ulps);
    } else if (error <= floor) {
      ++r.beside_zeros;
    } else {
      worst = std::max(worst, ulps);
      char line[200];
      std::snprintf(line, sizeof line, "%s at %a: got %.9g, exactly %.17g, %.3g ulp, declared %.3g", what,
                    static_cast<double>(at), y, exact, ulps, declared);
      r.found.fail(line);
    }
  };

  for (std::uint64_t bits = first; bits < first + count; bits += static_cast<std::uint64_t>(n)) {
    for (int64_t i = 0; i < n; ++i) {
      const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits + static_cast<std::uint64_t>(i)));
      f.x[0][i] = x;
      g.x[0][i] = static_cast<double>(x);
    }
    f.run(s.f32.chosen, float_ones);
    g.run(s.f64.chosen, double_ones);
    for (int64_t i = 0; i < n; ++i) {
      const float at = f.x[0][i];
      if (std::isnan(at) || std::isinf(at)) continue;
      const double x = static_cast<double>(at);
      if (s.in_domain != nullptr && !s.in_domain(proto.op(), x)) continue;
      if (s.bounded_at != nullptr && !s.bounded_at(proto.op(), &x)) continue;
      ++r.inputs;
      judge(f.y[i], g.y[i], s.facts.max_ulp, r.value_ulp, "value", at, 0);
      judge(f.dx[0][i], g.dx[0][i], s.facts.derivative_max_ulp, r.slope_ulp, "derivative", at, 1);
    }
    // The reference itself, at one input of every fourth block.
    if (bits / static_cast<std::uint64_t>(n) % 4 == 0) {
      const int64_t i = static_cast<int64_t>(mix(bits) % static_cast<std::uint64_t>(n));
      const double x = g.x[0][i];
      if (std::abs(x) <= largest_in_balls && (s.in_domain == nullptr || s.in_domain(proto.op(), x)) &&
          (s.bounded_at == nullptr || s.bounded_at(proto.op(), &x))) {
        const auto exact = in_balls(s, proto, x);
        const double ours[]{g.y[i], g.dx[0][i]};
        for (std::size_t k = 0; k < 2; ++k)
          if (std::isfinite(exact[k]) && std::isfinite(ours[k]) && std::abs(ours[k] - exact[k]) > 0x1p-10 * ulp_at(exact[k]) &&
              std::abs(ours[k] - exact[k]) > floor * 0x1p-10) {
            char line[160];
            std::snprintf(line, sizeof line, "the reference is wrong at %a: %.17g, exactly %.17g", x, ours[k], exact[k]);
            r.found.fail(line);
          }
      }
    }
  }
}

}  // namespace axiograd::conformance
