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

namespace {
/// An elementwise operator at the points of its own file whose values come from outside, in double to 1e-12.
void compare_with_known(const subject& s, outcome& o) {
  const auto n = static_cast<std::size_t>(s.in.tensors), row = 2 * n + 1;
  draw d(0);
  d.keep_epsilons();
  call c = s.draw_call(d);
  c.in.assign(n, shape{1});
  c.y = shape{1};
  for (std::size_t first = 0; first < s.known.size(); first += row) {
    const std::span<const double> known = s.known.subspan(first, row);
    std::size_t k = 0;
    const auto x = inputs_of<double>(c, [&] { return known[k++]; });
    const auto y = run_forward(s.f64.chosen.forward, c, x);
    const auto dy = entries_of<double>(1, [] { return 1.0; });
    auto dx = zeros_like(x);
    run_vjp(s.f64.chosen.vjp, c, x, y, dy, dx);
    const auto compare = [&](double got, double expected, const std::string& what) {
      if (!(std::abs(got - expected) <= 1e-12 * std::max(1.0, std::abs(expected))))
        o.fail(what + " at " + std::to_string(known[0]) + " is " + std::to_string(got) + ", known is " +
               std::to_string(expected));
    };
    compare(y[0], known[n], "the value");
    for (std::size_t i = 0; i < n; ++i) compare(dx[i][0], known[n + 1 + i], "partial derivative " + std::to_string(i));
  }
  o.figure += (o.figure.empty() ? "" : ", ") + std::to_string(s.known.size() / row) + " known";
}
}  // namespace

outcome torch_anchors(const subject& s, const settings&) {
  outcome o = compare_with_torch(s.info.name.s);
  if (!s.known.empty()) compare_with_known(s, o);
  if (o.figure.empty()) o.fail("no value from outside: neither `known` in its file nor a case in make_torch_cases.py");
  return o;
}

}  // namespace axiograd::conformance
