#include "enclosure.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace axiograd::conformance {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr int beyond = 129;         // the exponent of what overflows in float, however it is rounded
constexpr double wanted = 0x1p-14;  // of a float's last place

double number(std::uint32_t bits) { return static_cast<double>(std::bit_cast<float>(bits)); }

/// The last place of a float of this size.
double last_place(double x) { return std::ldexp(1.0, std::max(x > 0 ? std::ilogb(x) - 23 : -149, -149)); }

/// Bits and terms of the balls in a scope.
class with_settings {
 public:
  with_settings(slong bits, slong terms) : before_(ball_mode) { ball_mode = {bits, terms, false}; }
  with_settings(const with_settings&) = delete;
  with_settings& operator=(const with_settings&) = delete;
  ~with_settings() { ball_mode = before_; }

 private:
  ball_settings before_;
};

/// The double next to the midpoint on the side of zero, and how far the ball reaches from it.
enclosed nearest(const ball& b) {
  if (!b.finite()) return {nan, infinity};
  const double value = arf_get_d(arb_midref(b.get()), ARF_RND_DOWN);
  const bool rounded = arf_cmp_d(arb_midref(b.get()), value) != 0;
  return {value, b.radius() * 1.001 + (rounded ? std::abs(value) * 0x1p-52 + std::numeric_limits<double>::denorm_min() : 0)};
}

/// Whether all of the ball overflows in float.
bool overflows(const ball& b) {
  if (!b.finite()) return false;
  mag_t least;
  mag_init(least);
  arb_get_mag_lower(least, b.get());
  const bool yes = mag_cmp_2exp_si(least, beyond) > 0;
  mag_clear(least);
  return yes;
}
double signed_infinity(const ball& b) { return std::copysign(infinity, static_cast<double>(arf_sgn(arb_midref(b.get())))); }

}  // namespace

enclosures::enclosures(const subject& s, const call& c) : s_(s), c_(c) {}

std::array<enclosed, 2> enclosures::at(double x) {
  std::array<enclosed, 2> out;
  for (const slong bits : {96, 400, 2000}) {
    const with_settings scope(bits, 1);
    series y, slope;
    law(series(ball(x)), y, slope);
    const bool decided = !ball_mode.undecided;
    bool good = decided;
    for (std::size_t k = 0; k < 2; ++k) {
      const ball b = (k == 0 ? y : slope).coefficient(0);
      if (overflows(b)) {
        out[k] = {signed_infinity(b), decided ? 0 : infinity};
        continue;
      }
      out[k] = nearest(b);
      if (!decided) out[k].error = infinity;
      good = good && out[k].error <= wanted * last_place(std::abs(out[k].value));
    }
    if (good) break;
  }
  return out;
}

enclosures::model enclosures::model_of(const series& at_middle, const series& anywhere) {
  model m{};
  double error = 0;
  for (int k = 0; k <= degree; ++k) {
    const enclosed c = nearest(at_middle.coefficient(k));
    m.c[static_cast<std::size_t>(k)] = c.value;
    m.size += std::abs(c.value);
    error += c.error;
  }
  const enclosed rest = nearest(anywhere.coefficient(degree + 1));
  // Horner's scheme with |u| <= 1 rounds 2 * degree times numbers of at most `size`; u may be off by two roundings.
  m.error = (error + std::abs(rest.value) + rest.error + m.size * 0x1p-47) * 1.001 + 0x1p-1060;
  if (!std::isfinite(m.size) || !std::isfinite(m.error)) m.error = infinity;
  return m;
}

/// Whether the error is small enough wherever |u| <= 1.
bool enclosures::good(const model& m) {
  const double least_value = std::abs(m.c[0]) - (m.size - std::abs(m.c[0])) - m.error;
  return m.error <= wanted * last_place(least_value);
}

/// Value and derivative at middle + step u for |u| <= reach / step.
enclosures::models enclosures::expand(double middle, double step, double reach) const {
  const with_settings scope(128, degree + 2);
  ball around(middle);
  const ball size(step);
  mag_set_d(arb_radref(around.get()), reach);
  series y, slope, y_around, slope_around;
  law(series(around, size), y_around, slope_around);
  law(series(ball(middle), size), y, slope);
  models m{model_of(y, y_around), model_of(slope, slope_around)};
  if (ball_mode.undecided) m[0].error = m[1].error = infinity;
  return m;
}

/// Intervals keep a lower bound where balls, which hold the middle of what they enclose, lose it.
bool enclosures::beyond_floats(double from, double to, models& out) {
  call c = c_;
  c.in = {shape{1}};
  c.y = shape{1};
  const tensors<interval> x{entries_of<interval>(1, [&] { return interval(std::min(from, to), std::max(from, to)); })};
  const auto y = run_forward(s_.intervals.forward, c, x);
  tensors<interval> dx = zeros_like(x);
  run_vjp(s_.intervals.vjp, c, x, y, entries_of<interval>(1, [] { return interval(1); }), dx);
  const interval both[]{y[0], dx[0][0]};
  bool all = true;
  for (std::size_t k = 0; k < 2; ++k) {
    if (both[k].lo() > std::ldexp(1.0, beyond))
      out[k] = {{infinity}, infinity, 0};
    else if (both[k].hi() < -std::ldexp(1.0, beyond))
      out[k] = {{-infinity}, infinity, 0};
    else
      all = all && good(out[k]);
  }
  return all;
}

bool enclosures::enclose(std::uint32_t first, std::int64_t n, models& out) {
  // The floats are middle + step u for u = -1, -1 + 2/n, ...
  const double from = number(first), step = (number(first + 1) - from) * static_cast<double>(n / 2);
  out = expand(from + step, step, std::abs(step));
  if (good(out[0]) && good(out[1])) return true;
  return s_.intervals && beyond_floats(from, number(first + static_cast<std::uint32_t>(n - 1)), out);
}

enclosures::reduced enclosures::in_period(double x) const {
  const with_settings scope(500, 1);  // |x| < 2^130
  const ball period = s_.period();
  ball turns = ball(x) / period;
  arf_floor(arb_midref(turns.get()), arb_midref(turns.get()));
  mag_zero(arb_radref(turns.get()));  // any whole number will do
  const ball rest = ball(x) - turns * period;
  const double high = rest.midpoint();
  return {high, (rest - ball(high)).midpoint()};
}

/// Large arguments of a function with a period: each float by itself, but through the polynomials of one period.
void enclosures::fill_by_period(std::uint32_t first, std::int64_t n, std::array<enclosed_row, 2>& out) {
  constexpr int cells = 1024;
  if (cells_.empty()) {
    const with_settings scope(500, 1);
    const ball period = s_.period();
    period_.high = period.midpoint();
    period_.low = (period - ball(period_.high)).midpoint();
    for (int i = 0; i < cells; ++i) {
      const double half = period_.high / (2 * cells);
      cells_.push_back(expand((2 * i + 1) * half, half, half * 1.0001));
    }
  }
  const double half = period_.high / (2 * cells), distance = number(first + 1) - number(first);
  if (distance != distance_ || static_cast<std::int64_t>(steps_.size()) < n) {
    distance_ = distance;
    steps_.clear();
    for (std::int64_t i = 0; i < n; ++i) steps_.push_back(in_period(static_cast<double>(i) * distance));
  }
  const reduced begin = in_period(number(first));
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    // begin + steps_[i], the high parts without rounding (Knuth 1969), less one period if need be.
    const reduced& step = steps_[i];
    double high = begin.high + step.high;
    const double of_step = high - begin.high;
    double low = (begin.high - (high - of_step)) + (step.high - of_step) + (begin.low + step.low);
    if (high >= period_.high) {
      high -= period_.high;
      low -= period_.low;
    }
    const int cell = std::clamp(static_cast<int>(high / (2 * half)), 0, cells - 1);
    const double u = ((high - (2 * cell + 1) * half) + low) / half;
    const models& m = cells_[static_cast<std::size_t>(cell)];
    bool fine = std::abs(u) <= 1.0001;
    for (std::size_t k = 0; k < 2; ++k) {
      double v = m[k].c[degree];
      for (std::size_t j = degree; j-- > 0;) v = v * u + m[k].c[j];
      const double error = 1.01 * m[k].error;  // the rounding of the middle and of the reduction, far below 2^-60, included
      out[k].value[i] = v;
      out[k].error[i] = error;
      fine = fine && error <= wanted * 0x1p-24 * (std::abs(v) - error);
    }
    if (!fine) put(i, at(number(first + static_cast<std::uint32_t>(i))), out);
  }
}

void enclosures::put(std::size_t i, const std::array<enclosed, 2>& exact, std::array<enclosed_row, 2>& out) {
  for (std::size_t k = 0; k < 2; ++k) {
    out[k].value[i] = exact[k].value;
    out[k].error[i] = exact[k].error;
  }
}

void enclosures::fill(std::uint32_t first, std::int64_t n, std::array<enclosed_row, 2>& out) {
  for (enclosed_row& row : out) {
    row.value.resize(static_cast<std::size_t>(n));
    row.error.resize(static_cast<std::size_t>(n));
  }
  if (s_.period != nullptr && std::abs(number(first)) >= 4096) return fill_by_period(first, n, out);
  // The polynomials of a block of `size` floats, at `count` of them beginning with number `from`.
  const auto evaluate = [&](const models& m, std::int64_t size, std::int64_t from, std::int64_t count, std::int64_t to) {
    for (std::size_t k = 0; k < 2; ++k) {
      double* const value = out[k].value.data() + to;
      double* const error = out[k].error.data() + to;
      const auto c = m[k].c;
      const double half = static_cast<double>(size / 2), scale = 1 / half;
      for (std::int32_t i = 0; i < static_cast<std::int32_t>(count); ++i) {
        const double u = (static_cast<double>(i + static_cast<std::int32_t>(from)) - half) * scale;
        double v = c[degree];
        for (std::size_t j = degree; j-- > 0;) v = v * u + c[j];
        value[i] = v;
        error[i] = m[k].error;
      }
      if (std::isinf(c[0])) std::fill(value, value + count, c[0]);
    }
  };
  const std::uint32_t group = first & ~static_cast<std::uint32_t>(most - 1);
  if (group != wide_at_) {
    wide_at_ = group;
    wide_holds_ = enclose(group, most, wide_);
  }
  if (wide_holds_) return evaluate(wide_, most, first - group, n, 0);

  for (std::int64_t done = 0; done < n;) {
    while (done % size_ != 0 || done + size_ > n) size_ /= 8;
    const std::uint32_t at_bits = first + static_cast<std::uint32_t>(done);
    models m;
    if (points_ > 0) {
      --points_;
    } else if (enclose(at_bits, size_, m)) {
      evaluate(m, size_, 0, size_, done);
      done += size_;
      size_ = std::min<std::int64_t>(size_ * 8, 4096);
      patience_ = 0;
      continue;
    } else if (size_ > least) {
      size_ /= 8;
      continue;
    } else {
      points_ = (1 << patience_) - 1;
      patience_ = std::min(patience_ + 1, 6);
    }
    for (std::int64_t i = 0; i < least; ++i, ++done)
      put(static_cast<std::size_t>(done), at(number(first + static_cast<std::uint32_t>(done))), out);
    size_ = least;
  }
}

}  // namespace axiograd::conformance
