// Pairs of attributes: two that are right alone may be wrong together.

#include <map>
#include <set>
#include <tuple>

#include "check.hpp"

namespace axiograd::conformance {
namespace {

/// What a call shows: its attributes coarsely, which tensors are absent, whether the result is empty and has leading axes.
std::vector<std::string> traits_of(const subject& s, const call& c, bool leading) {
  std::vector<std::string> traits;
  if (s.attribute_classes != nullptr) traits = s.attribute_classes(c.op());
  for (std::size_t k = 0; k < c.in.size(); ++k)
    if (static_cast<int>(k) == s.in.optional) traits.emplace_back(c.in[k].rank < 0 ? "absent input" : "all inputs");
  if (s.has_samples) traits.emplace_back(leading ? "leading axes" : "no leading axes");
  traits.emplace_back(c.y.size() == 0 ? "empty" : "not empty");
  return traits;
}

struct drawn_call {
  call c;
  std::vector<std::string> traits;
};

/// A sample, half of the time with some attributes of another one, if the shape rule allows that.
drawn_call draw_mixture(const subject& s, draw& d) {
  call c = s.draw_call(d);
  const leading l = draw_leading(s, c, d);
  add_leading(c, l);
  if (s.mix_attributes != nullptr && d.chance(2)) {
    call mixed = c;
    s.mix_attributes(mixed.attributes.data(), s.draw_call(d).op(), d);
    if (infer_result(s, mixed).empty()) c = mixed;
  }
  if (const std::string refused = infer_result(s, c); !refused.empty())
    throw failure({error_kind::shape_mismatch, "the operator refuses its own sample: " + refused});
  return {c, traits_of(s, c, l.dims.rank > 0)};
}

}  // namespace

const std::vector<call>& pairwise_calls(const subject& s, const settings& set, size_class sizes, bool whole_numbers) {
  static std::map<std::tuple<const subject*, std::uint64_t, size_class, bool>, std::vector<call>> made;
  const auto [at, is_new] = made.try_emplace({&s, set.seed, sizes, whole_numbers});
  std::vector<call>& calls = at->second;
  // One attribute without anything beside it is met by random calls.
  if (!is_new || s.attribute_classes == nullptr) return calls;
  std::set<std::string> seen;
  constexpr int draws = 3000;
  for (int number = 0; number < draws; ++number) {
    draw d = case_of(s, set, "attribute_pairs", number, sizes, whole_numbers);
    const drawn_call drawn = draw_mixture(s, d);
    if (drawn.c.entries() > 3000) continue;
    bool shows_more = false;
    for (std::size_t i = 0; i < drawn.traits.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) shows_more |= seen.insert(drawn.traits[j] + " with " + drawn.traits[i]).second;
    if (shows_more) calls.push_back(drawn.c);
  }
  return calls;
}

outcome attribute_pairs(const subject& s, const settings& set) {
  outcome o;
  if (s.attribute_classes == nullptr) return o;
  const auto& calls = pairwise_calls(s, set, size_class::small, false);
  std::map<std::string, std::set<std::string>> classes;  // of each attribute
  std::set<std::pair<std::string, std::string>> pairs;
  for (const call& c : calls) {
    const auto of = s.attribute_classes(c.op());
    for (std::size_t i = 0; i < of.size(); ++i) {
      classes[of[i].substr(0, of[i].find(' '))].insert(of[i]);
      for (std::size_t j = 0; j < i; ++j) pairs.emplace(of[j], of[i]);
    }
  }
  for (const auto& [name, values] : classes)
    if (values.size() < 2) o.fail("samples never change the attribute: " + *values.begin());
  o.figure = std::to_string(pairs.size()) + " pairs in " + std::to_string(calls.size()) + " calls";
  return o;
}

}  // namespace axiograd::conformance
