#pragma once
// A check runs one subject and tells what it found; the list of checks is the ladder of design/conformance.md.

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "run.hpp"

namespace axiograd::conformance {

/// AXIOGRAD_TEST_SEED and AXIOGRAD_TEST_SCALE (10: ten times as many random cases).
struct settings {
  std::uint64_t seed = 20'240'501;
  int scale = 1;

  static settings from_environment() {
    settings s;
    if (const char* text = std::getenv("AXIOGRAD_TEST_SEED")) s.seed = std::strtoull(text, nullptr, 0);
    if (const char* text = std::getenv("AXIOGRAD_TEST_SCALE")) s.scale = std::max(1, std::atoi(text));
    return s;
  }
};

struct outcome {
  std::vector<std::string> failures;  ///< empty: the check holds
  std::string figure;                 ///< what was counted; empty: nothing to check for this operator

  void fail(std::string text) {
    if (failures.size() < 5) failures.push_back(std::move(text));
  }
  bool red() const { return !failures.empty(); }
};

struct check {
  int rung;
  const char* name;
  outcome (*run)(const subject&, const settings&);
};
std::span<const check> all_checks();

/// A stream of random choices for one case of one check of one operator.
inline draw case_of(const subject& s, const settings& set, const char* check_name, int number,
                    size_class sizes = size_class::small, bool whole_numbers = false) {
  std::uint64_t h = mix(set.seed);
  for (const char* text : {s.info.name.s, check_name})
    for (; *text != '\0'; ++text) h = mix(h ^ static_cast<unsigned char>(*text));
  return draw(mix(h ^ static_cast<std::uint64_t>(number)), sizes, whole_numbers);
}

/// Calls that together show every pair of attribute classes, absent tensors and leading axes that the shape rule allows: from
/// the operator's own samples and from mixtures of two of them. Made once for each subject, size and kind of numbers.
const std::vector<call>& pairwise_calls(const subject&, const settings&, size_class sizes, bool whole_numbers);

/// Case `number` of a check: first the pairwise calls, then random ones.
inline call call_of(const subject& s, const settings& set, draw& d, int number) {
  const auto& pairs = pairwise_calls(s, set, d.sizes(), d.whole_numbers());
  if (static_cast<std::size_t>(number) < pairs.size()) return pairs[static_cast<std::size_t>(number)];
  return draw_call(s, d);
}

outcome schema(const subject&, const settings&);
outcome attribute_pairs(const subject&, const settings&);
outcome shape_rule(const subject&, const settings&);
outcome declared_facts(const subject&, const settings&);
outcome torch_anchors(const subject&, const settings&);
outcome family_laws(const subject&, const settings&);
outcome exact_adjoint(const subject&, const settings&);
outcome special_points(const subject&, const settings&);
outcome derivative_laws(const subject&, const settings&);
outcome kinks(const subject&, const settings&);
outcome higher_orders(const subject&, const settings&);
outcome integer_kernels(const subject&, const settings&);
outcome accuracy(const subject&, const settings&);
outcome stability(const subject&, const settings&);
outcome a_priori_bounds(const subject&, const settings&);
outcome long_sums(const subject&, const settings&);
outcome special_values(const subject&, const settings&);
outcome instruction_sets(const subject&, const settings&);
outcome threads(const subject&, const settings&);
outcome gradients_add(const subject&, const settings&);
outcome leading_axes(const subject&, const settings&);
outcome containment(const subject&, const settings&);
outcome short_memory(const subject&, const settings&);

/// All cases of one name against PyTorch, in double to 1e-12; the names that there are, operators and functions of them.
outcome compare_with_torch(std::string_view name);
std::vector<std::string> torch_names();

}  // namespace axiograd::conformance
