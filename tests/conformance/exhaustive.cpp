#include "exhaustive.hpp"

#include <axiograd/kernels/parallel.hpp>
#include <bit>
#include <limits>

namespace axiograd::conformance {

namespace {

constexpr int64_t block_size = static_cast<int64_t>(floats_in_block);

/// The operator's value and derivative at a row of numbers; one allocation for many rows.
template <class T>
struct row_of {
  const runs<T>& kernels;
  call c;
  entries<T> x, y, dx, ones;

  row_of(const subject& s, const runs<T>& of, int64_t n) : kernels(of), c(drawn(s)), x(n), y(n), dx(n), ones(n) {
    c.in = {shape{n}};
    c.y = shape{n};
    for (int64_t i = 0; i < n; ++i) ones[i] = T(1);
  }
  void run() {
    const view<const T> in{x.data(), &c.in[0]};
    for (int64_t i = 0; i < dx.size(); ++i) dx[i] = T(0);
    T* const target = dx.data();
    kernels.forward(c.op(), {{&in, 1}, c.side, {y.data(), &c.y}});
    kernels.vjp(c.op(), {{&in, 1}, c.side, {y.data(), &c.y}, ones.data(), {&target, 1}});
  }
  static call drawn(const subject& s) {
    draw d(1);
    d.keep_epsilons();
    return s.draw_call(d);
  }
};

/// The bits of a positive double stand in its order; a unit in the last place of a float is a power of two.
constexpr std::uint64_t exponent_field = std::uint64_t{0x7ff} << 52, least_normal = std::uint64_t{1023 - 126} << 52;

/// 1 / ulp of the float nearest to `reference`, for a finite one.
inline double ulps_in_one(double reference) {
  const double power = std::bit_cast<double>(std::bit_cast<std::uint64_t>(reference) & exponent_field);
  const double normal = std::bit_cast<double>(least_normal);
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(power > normal ? power : normal);
  return std::bit_cast<double>((std::uint64_t{2 * 1023 + 23} << 52) - bits);
}

/// Balls of exp(x) for huge x need numbers of as many digits: beyond this the double kernels are the reference.
constexpr double largest_in_balls = 1e5;

/// Compares blocks of floats; one per thread.
class comparison {
 public:
  explicit comparison(const subject& s)
      : s_(s), f_(s, s.f32.chosen, block_size), g_(s, s.f64.chosen, block_size), b_(s, s.balls, 1) {
    // The steepest slope, for the floor of the mixed bound; there is none for functions that grow without bound.
    double steepest = 0;
    for (int64_t i = 0; i < block_size; ++i) g_.x[i] = 0.03125 * static_cast<double>(i - (block_size >> 1));
    g_.run();
    for (int64_t i = 0; i < block_size; ++i)
      if (std::isfinite(g_.dx[i])) steepest = std::max(steepest, std::abs(g_.dx[i]));
    constexpr double least = std::numeric_limits<float>::denorm_min();
    floor_ = steepest <= 4 ? std::max(steepest * 0x1p-24, least) : least;
  }

  void block(std::uint64_t first, exhaustive_result& r) {
    for (int64_t i = 0; i < block_size; ++i) {
      const float x = std::bit_cast<float>(static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(i));
      f_.x[i] = x;
      g_.x[i] = static_cast<double>(x);
    }
    f_.run();
    g_.run();
    r.inputs += static_cast<std::uint64_t>(leave_out());
    judge(f_.y, g_.y, s_.facts.max_ulp, r.value, "value", 0, r.found);
    judge(f_.dx, g_.dx, s_.facts.derivative_max_ulp, r.derivative, "derivative", 1, r.found);
    // The reference itself, at one input of every fourth block.
    if (first / floats_in_block % 4 == 0) check_reference(static_cast<int64_t>(mix(first) % floats_in_block), r.found);
  }

 private:
  bool counts(double x) const {
    return std::isfinite(x) && (s_.in_domain == nullptr || s_.in_domain(f_.c.op(), x)) &&
           (s_.bounded_at == nullptr || s_.bounded_at(f_.c.op(), &x));
  }

  /// Makes both results 0 where nothing is promised; the number of inputs that remain.
  int64_t leave_out() {
    // The largest magnitude of a block is at one of its ends.
    const bool finite = std::isfinite(f_.x[0]) && std::isfinite(f_.x[block_size - 1]);
    if (finite && s_.in_domain == nullptr && s_.bounded_at == nullptr) return block_size;
    int64_t left = block_size;
    for (int64_t i = 0; i < block_size; ++i) {
      if (counts(g_.x[i])) continue;
      f_.y[i] = f_.dx[i] = 0;
      g_.y[i] = g_.dx[i] = 0;
      --left;
    }
    return left;
  }

  /// A pass that the compiler turns into vectors, without branches; then one by one only where it matters.
  void judge(const entries<float>& got, const entries<double>& reference, double declared, largest_error& worst,
             const char* what, std::size_t which, outcome& found) {
    const float* const y = got.data();
    const double* const exact = reference.data();
    const double floor = floor_;
    for (std::size_t i = 0; i < static_cast<std::size_t>(block_size); ++i) {
      const double error = std::abs(static_cast<double>(y[i]) - exact[i]), ulps = error * ulps_in_one(exact[i]);
      ulps_[i] = static_cast<float>(ulps);
      above_floor_[i] = error > floor ? static_cast<float>(ulps) : 0.0F;
    }
    const double anywhere = static_cast<double>(largest(ulps_)), above_floor = static_cast<double>(largest(above_floor_));
    if (anywhere <= declared && above_floor <= static_cast<double>(static_cast<float>(worst.above_floor))) {
      worst.anywhere = std::max(worst.anywhere, anywhere);
      return;
    }
    for (int64_t i = 0; i < block_size; ++i)
      judge_one(i, static_cast<double>(y[i]), exact[i], declared, worst, what, which, found);
  }
  /// Of numbers that are not negative, whose bits stand in their order; NaN is above all.
  static float largest(const std::array<float, floats_in_block>& x) {
    std::int32_t most = 0;
    for (const float one : x) {
      const auto bits = std::bit_cast<std::int32_t>(one);
      most = most > bits ? most : bits;
    }
    return std::bit_cast<float>(most);
  }

  void note(largest_error& worst, double ulps, int64_t i) {
    if (ulps <= worst.above_floor) return;
    worst.above_floor = ulps;
    worst.at = std::bit_cast<std::uint32_t>(f_.x[i]);
  }

  void judge_one(int64_t i, double y, double exact, double declared, largest_error& worst, const char* what, std::size_t which,
                 outcome& found) {
    if (std::isnan(y) && std::isnan(exact)) return;
    if (!(std::abs(exact) <= static_cast<double>(std::numeric_limits<float>::max()))) return;
    double error = std::abs(y - exact);
    if (!(error * ulps_in_one(exact) <= declared || error <= 0.99 * floor_) && std::abs(g_.x[i]) <= largest_in_balls) {
      exact = in_balls(g_.x[i])[which];
      if (!std::isfinite(exact)) return;
      error = std::abs(y - exact);
    }
    double ulps = error * ulps_in_one(exact);
    if (std::isnan(ulps)) ulps = std::numeric_limits<double>::infinity();
    worst.anywhere = std::max(worst.anywhere, ulps);
    if (!(error <= floor_)) note(worst, ulps, i);
    if (ulps <= declared) return;
    if (error <= floor_) {
      ++worst.saved_by_floor;
    } else {
      char line[200];
      std::snprintf(line, sizeof line, "%s at %a: got %.9g, exactly %.17g, %.3g ulp, declared %.3g", what, g_.x[i], y, exact,
                    ulps, declared);
      found.fail(line);
    }
  }

  /// Exact value and derivative at one point, or not finite.
  std::array<double, 2> in_balls(double at) {
    b_.x[0] = ball(at);
    b_.run();
    const auto number = [](const ball& v) { return v.finite() ? v.midpoint() : std::numeric_limits<double>::quiet_NaN(); };
    return {number(b_.y[0]), number(b_.dx[0])};
  }

  void check_reference(int64_t i, outcome& found) {
    const double x = g_.x[i];
    if (!counts(x) || std::abs(x) > largest_in_balls) return;
    const auto exact = in_balls(x);
    const double ours[]{g_.y[i], g_.dx[i]};
    for (std::size_t k = 0; k < 2; ++k) {
      if (!std::isfinite(exact[k]) || !std::isfinite(ours[k])) continue;
      const double error = std::abs(ours[k] - exact[k]);
      if (error * ulps_in_one(exact[k]) <= 0x1p-10 || error <= floor_ * 0x1p-10) continue;
      char line[160];
      std::snprintf(line, sizeof line, "the reference is wrong at %a: %.17g, exactly %.17g", x, ours[k], exact[k]);
      found.fail(line);
    }
  }

  const subject& s_;
  row_of<float> f_;
  row_of<double> g_;
  row_of<ball> b_;
  double floor_ = 0;
  std::array<float, floats_in_block> ulps_, above_floor_;  // of the block being judged
};

}  // namespace

void largest_error::merge(const largest_error& e) {
  anywhere = std::max(anywhere, e.anywhere);
  saved_by_floor += e.saved_by_floor;
  if (e.above_floor <= above_floor) return;
  above_floor = e.above_floor;
  at = e.at;
}

void exhaustive_result::merge(const exhaustive_result& r) {
  inputs += r.inputs;
  value.merge(r.value);
  derivative.merge(r.derivative);
  for (const std::string& text : r.found.failures) found.fail(text);
}

bool can_be_exhausted(const subject& s) {
  return s.kind == family::elementwise && s.in.tensors == 1 && s.in.side == 0 && bool(s.balls) && s.facts.max_ulp > 0;
}

exhaustive_result exhaust(const subject& s, std::uint64_t first, std::uint64_t count, std::uint64_t stride) {
  const std::uint64_t step = floats_in_block * stride, blocks = (count + step - 1) / step;
  constexpr std::uint64_t blocks_in_slice = 256;
  std::vector<exhaustive_result> slices((blocks + blocks_in_slice - 1) / blocks_in_slice);
  parallel_for(static_cast<std::int64_t>(slices.size()), [&](std::int64_t slice) {
    comparison c(s);
    const std::uint64_t begin = static_cast<std::uint64_t>(slice) * blocks_in_slice;
    for (std::uint64_t block = begin; block < std::min(begin + blocks_in_slice, blocks); ++block)
      c.block(first + block * step, slices[static_cast<std::size_t>(slice)]);
  });
  exhaustive_result all;
  for (const exhaustive_result& r : slices) all.merge(r);
  return all;
}

}  // namespace axiograd::conformance
