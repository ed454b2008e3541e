#include "exhaustive.hpp"

#include <axiograd/kernels/parallel.hpp>
#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

#include "enclosure.hpp"

namespace axiograd::conformance {

namespace {

constexpr int64_t block_size = static_cast<int64_t>(floats_in_block);

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The operator's value and derivative at a row of numbers; one allocation for many rows.
template <class T>
struct row_of {
  const runs<T>& kernels;
  const call& c;
  entries<T> x, y, dx, ones;

  row_of(const runs<T>& of, const call& by)
      : kernels(of), c(by), x(block_size), y(block_size), dx(block_size), ones(block_size) {
    for (int64_t i = 0; i < block_size; ++i) ones[i] = T(1);
  }
  void run() {
    const view<const T> in{x.data(), &c.in[0]};
    for (int64_t i = 0; i < dx.size(); ++i) dx[i] = T(0);
    T* const target = dx.data();
    kernels.forward(c.op(), {{&in, 1}, c.side, {y.data(), &c.y}});
    kernels.vjp(c.op(), {{&in, 1}, c.side, {y.data(), &c.y}, ones.data(), {&target, 1}});
  }
};

/// The bits of a positive double stand in its order; a unit in the last place of a float is a power of two.
constexpr std::uint64_t exponent_field = std::uint64_t{0x7ff} << 52, least_normal = std::uint64_t{1023 - 126} << 52;

/// 1 / ulp of the float nearest to `reference`, for a finite one; of the smallest for what is not positive.
inline double ulps_in_one(double reference) {
  const double power = std::bit_cast<double>(std::bit_cast<std::uint64_t>(reference) & exponent_field);
  const double normal = std::bit_cast<double>(least_normal);
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(power > normal ? power : normal);
  return std::bit_cast<double>((std::uint64_t{2 * 1023 + 23} << 52) - bits);
}

call drawn(const subject& s) {
  draw d(1);
  d.keep_epsilons();
  call c = s.draw_call(d);
  c.in = {shape{block_size}};
  c.y = shape{block_size};
  return c;
}

/// Compares blocks of floats; one per thread.
class comparison {
 public:
  explicit comparison(const subject& s)
      : s_(s), c_(drawn(s)), f_(s.f32.chosen, c_), exact_(s, c_), floor_(floor_of(s, c_)), ulps_{}, above_floor_{} {}

  void block(std::uint64_t first, exhaustive_result& r) {
    const auto bits = static_cast<std::uint32_t>(first);
    std::int64_t counted = 0;
    for (int64_t i = 0; i < block_size; ++i) {
      f_.x[i] = std::bit_cast<float>(bits + static_cast<std::uint32_t>(i));
      counts_[static_cast<std::size_t>(i)] = counts(static_cast<double>(f_.x[i]));
      counted += counts_[static_cast<std::size_t>(i)] ? 1 : 0;
    }
    if (counted == 0) return;
    f_.run();
    exact_.fill(bits, block_size, at_);
    r.inputs += static_cast<std::uint64_t>(counted);
    if (counted < block_size) leave_out();
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if (std::isnan(at_[0].value[i]) || std::isnan(at_[1].value[i])) ++r.poles;
    judge(f_.y, 0, s_.facts.max_ulp, r.value, "value", r.found);
    judge(f_.dx, 1, s_.facts.derivative_max_ulp, r.derivative, "derivative", r.found);
  }

 private:
  /// The steepest slope of the double kernel gives the floor of the mixed bound; functions that grow without bound have none.
  static double floor_of(const subject& s, const call& c) {
    row_of<double> g(s.f64.chosen, c);
    double steepest = 0;
    for (int64_t i = 0; i < block_size; ++i) g.x[i] = 0.03125 * static_cast<double>(i - (block_size >> 1));
    g.run();
    for (int64_t i = 0; i < block_size; ++i)
      if (std::isfinite(g.dx[i])) steepest = std::max(steepest, std::abs(g.dx[i]));
    constexpr double least = std::numeric_limits<float>::denorm_min();
    return steepest <= 4 ? std::max(steepest * 0x1p-24, least) : least;
  }

  bool counts(double x) const {
    return std::isfinite(x) && (s_.in_domain == nullptr || s_.in_domain(c_.op(), x)) &&
           (s_.bounded_at == nullptr || s_.bounded_at(c_.op(), &x));
  }
  /// Makes both results 0 where nothing is promised.
  void leave_out() {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i]) continue;
      f_.y[static_cast<int64_t>(i)] = f_.dx[static_cast<int64_t>(i)] = 0;
      for (enclosed_row& row : at_) row.value[i] = row.error[i] = 0;
    }
  }

  /// A pass that the compiler turns into vectors, without branches; then one by one only where it matters.
  void judge(const entries<float>& got, std::size_t which, double declared, largest_error& worst, const char* what,
             outcome& found) {
    const float* const y = got.data();
    const double* const exact = at_[which].value.data();
    const double* const radius = at_[which].error.data();
    const double floor = floor_;
    for (std::size_t i = 0; i < static_cast<std::size_t>(block_size); ++i) {
      const double error = std::abs(static_cast<double>(y[i]) - exact[i]) + radius[i];
      const double ulps = error * ulps_in_one(std::max(std::abs(exact[i]) - radius[i], 0.0));
      ulps_[i] = static_cast<float>(ulps);
      above_floor_[i] = error > floor ? static_cast<float>(ulps) : 0.0F;
    }
    const double anywhere = static_cast<double>(largest(ulps_)), above_floor = static_cast<double>(largest(above_floor_));
    if (anywhere <= declared && above_floor <= static_cast<double>(static_cast<float>(worst.above_floor))) {
      worst.anywhere = std::max(worst.anywhere, anywhere);
      return;
    }
    for (int64_t i = 0; i < block_size; ++i) {
      const auto k = static_cast<std::size_t>(i);
      judge_one(i, static_cast<double>(y[i]), {exact[k], radius[k]}, which, declared, worst, what, found);
    }
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

  void judge_one(int64_t i, double y, enclosed exact, std::size_t which, double declared, largest_error& worst,
                 const char* what, outcome& found) {
    const double x = static_cast<double>(f_.x[i]);
    if (std::isnan(exact.value)) return;  // a pole
    const auto measure = [&] {
      const double error = std::abs(y - exact.value) + exact.error;
      return std::pair{error, error * ulps_in_one(std::max(std::abs(exact.value) - exact.error, 0.0))};
    };
    // Beyond the largest float the rounded result is infinite, or the largest float if that is near enough.
    const auto overflows_rightly = [&] {
      return std::abs(exact.value) > static_cast<double>(std::numeric_limits<float>::max()) && exact.error < infinity &&
             y == std::copysign(infinity, exact.value);
    };
    if (overflows_rightly()) return;
    auto [error, ulps] = measure();
    if (!(ulps <= declared || error <= 0.99 * floor_)) {
      exact = exact_.at(x)[which];
      if (overflows_rightly()) return;
      std::tie(error, ulps) = measure();
    }
    if (std::isnan(ulps)) ulps = infinity;
    worst.anywhere = std::max(worst.anywhere, ulps);
    if (!(error <= floor_) && ulps > worst.above_floor) {
      worst.above_floor = ulps;
      worst.at = std::bit_cast<std::uint32_t>(f_.x[i]);
    }
    if (ulps <= declared) return;
    if (error <= floor_) {
      ++worst.saved_by_floor;
    } else {
      char line[200];
      std::snprintf(line, sizeof line, "%s at %a: got %.9g, exactly %.17g +- %.3g, %.3g ulp, declared %.3g", what, x, y,
                    exact.value, exact.error, ulps, declared);
      found.fail(line);
    }
  }

  const subject& s_;
  const call c_;
  row_of<float> f_;
  enclosures exact_;
  double floor_;
  std::array<enclosed_row, 2> at_;
  std::array<bool, floats_in_block> counts_{};
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
  poles += r.poles;
  value.merge(r.value);
  derivative.merge(r.derivative);
  for (const std::string& text : r.found.failures) found.fail(text);
}

bool can_be_exhausted(const subject& s) {
  return s.family.pointwise && s.in.tensors == 1 && s.in.side == 0 && bool(s.balls) && s.facts.max_ulp > 0;
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
  constexpr std::uint64_t few = 4;
  if (all.poles > few) all.found.fail("nothing to compare with at " + std::to_string(all.poles) + " floats");
  return all;
}

}  // namespace axiograd::conformance
