// Rung 6 where sums are long: every direction that an operator sums along, one at a time, with a million terms.

#include <cmath>
#include <cstdio>
#include <optional>

#include "check.hpp"

namespace axiograd::conformance {
namespace {

constexpr int long_length = 1'000'000;
constexpr int64_t most_entries = 9'000'000;

// What is demanded of a sum of n terms, in roundings of its size: 2 log2 n for the tree over blocks, and the terms of a block.
constexpr double blocks = 24, for_each_level = 2;

/// How terms are filled. Numbers that are not negative make sums drift, equal ones most.
enum class filling : unsigned char { random, equal_cotangents, all_equal };

struct long_call {
  call of;
  std::string what;  ///< which length is long
};

/// Case `number` of an operator with its length `which` long; nothing where that length is not drawn, or grows something else
/// beyond what fits.
std::optional<long_call> call_with_long(const subject& s, const settings& set, int number, int which) {
  draw d = case_of(s, set, "long_sums", number, size_class::one_long);
  d.keep_epsilons();
  d.make_long(which, long_length);
  long_call l{s.draw_call(d), "length " + std::to_string(which)};
  if (d.lengths() <= which) return std::nullopt;
  if (!infer_result(s, l.of).empty() || l.of.entries() > most_entries) return std::nullopt;
  return l;
}
/// The same with many samples, where an operator has them, of all inputs that may have leading axes or of the last one alone.
std::optional<long_call> call_with_samples(const subject& s, const settings& set, int number) {
  if (!s.has_samples) return std::nullopt;
  draw d = case_of(s, set, "long_sums", number, size_class::one_long);
  d.keep_epsilons();
  long_call l{s.draw_call(d), "samples"};
  unsigned possible = 0;
  for (std::size_t k = 0; k < l.of.in.size(); ++k)
    if (l.of.in[k].rank >= 0 && !s.shared.contains(static_cast<int>(k))) possible |= 1u << k;
  unsigned chosen = 0;
  for (std::size_t k = 0; k < l.of.in.size(); ++k)
    if ((possible >> k & 1u) != 0 && (number % 2 == 0 || chosen == 0 || d.chance(2))) chosen |= 1u << k;
  if (chosen == 0) return std::nullopt;
  if (number % 2 == 1 && chosen == possible && (possible & (possible - 1)) != 0) chosen &= chosen - 1;  // one is shared
  // As many as fit; a hundred thousand are many too.
  for (const int64_t samples : {int64_t{long_length}, int64_t{long_length} / 5, int64_t{long_length} / 20}) {
    long_call with = l;
    add_leading(with.of, {shape{samples}, chosen});
    if (infer_result(s, with.of).empty() && with.of.entries() <= most_entries) return with;
  }
  return std::nullopt;
}

/// Sums in float against those in double, whose error is 2^-29 of that in float.
class comparison {
 public:
  comparison(const subject& s, outcome& o) : s_(s), o_(o) {}
  double worst() const { return worst_; }
  int cases() const { return cases_; }

  void run(const long_call& l, draw d, filling how) {
    const call& c = l.of;
    const auto number = [&](bool equal) { return equal ? 0.1F : static_cast<float>(d.unit()); };
    const auto x = inputs_of<float>(c, [&] { return number(how == filling::all_equal); });
    const auto dy = entries_of<float>(c.y.size(), [&] { return number(how != filling::random); });
    const auto wide = converted<double>(x);
    const auto wide_dy = converted<double>(dy);
    const auto y = run_forward(s_.f64.chosen.forward, c, wide);
    auto dx = zeros_like(wide);
    run_vjp(s_.f64.chosen.vjp, c, wide, y, wide_dy, dx);
    double arriving = 0;
    for (int64_t i = 0; i < wide_dy.size(); ++i) arriving += wide_dy[i];
    ++cases_;
    const std::pair<const char*, const runs<float>*> kernels[]{
        {"library", &s_.f32.chosen}, {"baseline", &s_.f32.sets[static_cast<std::size_t>(isa::baseline)]}};
    for (const auto& [name, kernel] : kernels) {
      if (!*kernel) continue;
      const std::string at =
          std::string(name) + ", " + l.what + " is long, " + describe(c) + ", seed " + std::to_string(d.seed());
      const auto got = run_forward(kernel->forward, c, x);
      compare(got, y, 0, "result", at);
      auto gradient = zeros_like(x);
      run_vjp(kernel->vjp, c, x, got, dy, gradient);
      for (std::size_t k = 0; k < dx.size(); ++k)
        compare(gradient[k], dx[k], arriving, "gradient of input " + std::to_string(k), at);
    }
  }

 private:
  /// In roundings of the largest entry, or of what arrives for each entry of a gradient where terms of both signs cancel.
  void compare(const entries<float>& got, const entries<double>& exact, double arriving, const std::string& what,
               const std::string& at) {
    double size = arriving / static_cast<double>(std::max<int64_t>(1, exact.size()));
    for (int64_t i = 0; i < exact.size(); ++i)
      if (std::isfinite(exact[i])) size = std::max(size, std::abs(exact[i]));
    const double bound = blocks + for_each_level * std::log2(long_length) + s_.facts.max_ulp + s_.facts.derivative_max_ulp;
    for (int64_t i = 0; i < exact.size(); ++i) {
      const double error = std::abs(static_cast<double>(got[i]) - exact[i]) / (size * 0x1p-24);
      if (!std::isfinite(exact[i]) || size == 0) continue;
      if (error > worst_ || std::isnan(error)) worst_ = error;
      if (error <= bound) continue;
      char line[160];
      std::snprintf(line, sizeof line, "%s[%lld] is %.9g, exactly %.9g: %.3g roundings, allowed are %.3g: ", what.c_str(),
                    static_cast<long long>(i), static_cast<double>(got[i]), exact[i], error, bound);
      return o_.fail(line + at);
    }
  }

  const subject& s_;
  outcome& o_;
  double worst_ = 0;
  int cases_ = 0;
};

}  // namespace

outcome long_sums(const subject& s, const settings& set) {
  outcome o;
  if (s.family.pointwise || s.is_view || !s.f32.chosen || !s.f64.chosen) return o;
  comparison all(s, o);
  for (int number = 0; number < 2 * set.scale; ++number) {
    const auto run = [&](const std::optional<long_call>& l) {
      if (!l) return;
      const filling how = number % 2 == 0 ? (s.magnitudes ? filling::all_equal : filling::equal_cotangents) : filling::random;
      all.run(*l, case_of(s, set, "long_sums", 1000 + number), how);
    };
    draw counter = case_of(s, set, "long_sums", number, size_class::one_long);
    counter.keep_epsilons();
    s.draw_call(counter);
    for (int which = 0; which < counter.lengths(); ++which) run(call_with_long(s, set, number, which));
    run(call_with_samples(s, set, number));
  }
  if (all.cases() == 0) return o;
  char text[80];
  std::snprintf(text, sizeof text, "%d sums of 10^6 terms, error %.1f roundings", all.cases(), all.worst());
  o.figure = text;
  return o;
}

}  // namespace axiograd::conformance
