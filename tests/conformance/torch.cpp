// Rung 1: values and gradients against PyTorch in float64 (torch_cases.json, made by make_torch_cases.py).

#include <fstream>
#include <nlohmann/json.hpp>

#include "check.hpp"

namespace axiograd::conformance {

using nlohmann::json;
/// The largest error of value and gradients in one case, relative to the largest entry or 1; torch_cases.hpp.
template <class T>
double torch_error(const json& c);

namespace {

const json& torch_cases() {
  static const json all = [] {
    std::ifstream file(AXG_SOURCE_DIR "/tests/conformance/torch_cases.json");
    return json::parse(file).at("cases");
  }();
  return all;
}

}  // namespace

outcome compare_with_torch(std::string_view name) {
  outcome o;
  int cases = 0;
  double worst = 0;
  for (const json& c : torch_cases()) {
    if (c.at("op").get<std::string>() != name) continue;
    ++cases;
    // Float inputs are exact in the file; the bound allows for the roundings of small sums.
    const double in_double = torch_error<double>(c), in_float = torch_error<float>(c);
    worst = std::max(worst, in_double);
    if (in_double > 1e-12 || !(in_float <= 2e-5))
      o.fail("differs from PyTorch by " + std::to_string(in_double) + " in double, " + std::to_string(in_float) +
             " in float: " + c.at("attributes").dump());
  }
  if (cases > 0) {
    char text[64];
    std::snprintf(text, sizeof text, "%d PyTorch, %.1g", cases, worst);
    o.figure = text;
  }
  return o;
}

std::vector<std::string> torch_names() {
  std::vector<std::string> names;
  for (const json& c : torch_cases())
    if (auto name = c.at("op").get<std::string>(); std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  return names;
}

outcome torch_anchors(const subject& s, const settings&) {
  outcome o = compare_with_torch(s.info.name.s);
  if (o.figure.empty()) o.fail("no value from outside: make_torch_cases.py has no case");
  return o;
}

}  // namespace axiograd::conformance
