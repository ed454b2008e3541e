// Rungs 0 and 1: the contract schema, the shape rule, the declared facts, and laws that follow from an operator's family.

#include <cmath>

#include "check.hpp"

namespace axiograd::conformance {

namespace {
std::vector<std::string> input_names(std::string_view list) {
  std::vector<std::string> names;
  for (std::size_t from = 0; from <= list.size();) {
    const auto comma = std::min(list.find(", ", from), list.size());
    names.emplace_back(list.substr(from, comma - from));
    from = comma + 2;
  }
  return names;
}
}  // namespace

outcome schema(const subject& s, const settings&) {
  outcome o;
  const std::pair<const char*, text> fields[]{
      {"name", s.info.name},   {"formula", s.info.formula}, {"derivative", s.info.derivative},
      {"edges", s.info.edges}, {"source", s.info.source},   {"torch", s.info.torch}};
  for (const auto& [name, value] : fields)
    if (value.s == nullptr || *value.s == '\0') o.fail(std::string("the schema's ") + name + " is empty");
  if (s.family.pointwise && s.test_points.size() < 3) o.fail("fewer than 3 samples");
  if (!s.family.pointwise && s.facts.order != monotone::unknown) o.fail("an order is declared outside the elementwise family");
  if (s.unnamed_bytes > 0)
    o.fail(std::to_string(s.unnamed_bytes) + " bytes of its members are no attribute: nobody can set them by name");
  if (s.in.tensors < 1 || s.in.optional >= s.in.tensors) o.fail("the arity is wrong");
  if (const auto names = input_names(s.info.inputs); std::ssize(names) != s.in.tensors + s.in.side)
    o.fail("\"" + std::string(s.info.inputs) + "\" names " + std::to_string(names.size()) + " inputs");
  else if (std::any_of(names.begin(), names.end(),
                       [&](const auto& n) { return n.empty() || std::count(names.begin(), names.end(), n) > 1; }))
    o.fail("two inputs have one name, or one has none: " + std::string(s.info.inputs));
  o.figure = std::string(s.family.name) + (s.algebraic ? ", algebraic" : ", analytic");
  return o;
}

namespace {
int64_t hostile_extent(draw& d) {
  constexpr int64_t rare[]{0, 1, 64, int64_t{1} << 31, int64_t{1} << 61};
  return d.chance(4) ? rare[d.whole(0, 4)] : d.whole(0, 4);
}
shape hostile_shape(draw& d, int typical_rank) {
  shape s;
  const int rank = d.chance(3) ? d.whole(0, max_rank) : std::min(max_rank, std::max(0, typical_rank + d.whole(-1, 1)));
  for (int axis = 0; axis < rank; ++axis) s.append(hostile_extent(d));
  return s;
}

/// Runs what the rule accepted, if it is small: the specification must not fail on it (the sanitizers watch).
void run_accepted(const subject& s, call& c) {
  for (const shape& in : c.in) {
    if (in.rank < 0) continue;  // absent
    double loops = 1;           // also those of an empty tensor: loops over its other axes are bounded by nothing else
    for (const int64_t extent : in) loops *= static_cast<double>(std::max<int64_t>(extent, 1));
    if (in.rank >= 0 && loops > 20'000) return;
  }
  if (c.y.size() > 20'000 || c.y.size() * c.entries() > 1'000'000) return;
  const auto x = inputs_of<double>(c, [] { return 0.5; });
  const auto y = run_forward(s.f64.plain.forward, c, x);
  auto dx = zeros_like(x);
  run_vjp(s.f64.plain.vjp, c, x, y, entries_of<double>(c.y.size(), [] { return 1.0; }), dx);
  for (const auto& t : dx)
    if (!t.absent() && !t.margins_intact()) throw std::runtime_error("wrote beside a gradient");
  if (!y.margins_intact()) throw std::runtime_error("wrote beside the result");
}
}  // namespace

outcome shape_rule(const subject& s, const settings& set) {
  outcome o;
  int accepted = 0, refused = 0;
  for (int number = 0; number < 2000 * set.scale; ++number) {
    draw d = case_of(s, set, "shape_rule", number);
    call c = draw_call(s, d);
    const bool bad_attributes = s.spoil != nullptr && d.chance(2);
    if (bad_attributes) s.spoil(c.attributes.data(), d);
    if (!bad_attributes || d.chance(3))
      for (std::size_t k = 0; k < c.in.size(); ++k)
        if (c.in[k].rank >= 0 && d.chance(2)) c.in[k] = hostile_shape(d, c.in[k].rank);
    const auto shapes = c.shapes();
    if (s.axes_from_the_end != nullptr && !bad_attributes && s.infer(c.op(), shapes)) {
      call counted = c;  // the same axes counted from the end
      s.axes_from_the_end(counted.attributes.data(), c.in[0]);
      if (const shape_result a = s.infer(c.op(), shapes), b = s.infer(counted.op(), shapes); !b || *a != *b)
        o.fail("axes counted from the end give another shape: " + describe(c));
      s.resolve_axes(counted.attributes.data(), c.in[0]);
      if (counted.attributes != c.attributes) o.fail("axes counted from the end are not resolved: " + describe(c));
    }
    const std::string at =
        std::string(bad_attributes ? "bad attributes, " : "") + describe(c) + ", seed " + std::to_string(d.seed());
    try {
      const shape_result r = s.infer(c.op(), shapes);
      if (r) {
        ++accepted;
        if (r->rank < 0 || r->rank > max_rank) o.fail("the rule gives rank " + std::to_string(r->rank) + ": " + at);
        for (const int64_t extent : *r)
          if (extent < 0) o.fail("the rule gives a negative extent: " + to_string(*r) + ": " + at);
        c.y = *r;
        if (s.resolve_axes != nullptr) s.resolve_axes(c.attributes.data(), c.in[0]);
        if (!o.red()) run_accepted(s, c);
        continue;
      }
      ++refused;
      const error e = to_error(s.info.name.s, r, shapes);
      if (e.message.find('{') != std::string::npos) o.fail("a number is missing in \"" + e.message + "\": " + at);
      if (e.message.size() < std::strlen(s.info.name.s) + 8) o.fail("the error says nothing: \"" + e.message + '"');
    } catch (const std::exception& e) {
      o.fail(std::string("the shape rule or a run that it allowed threw: ") + e.what() + ": " + at);
    } catch (const char* text) {
      o.fail(std::string("the shape rule threw: ") + text + ": " + at);
    }
  }
  if (accepted < 100 * set.scale) o.fail("only " + std::to_string(accepted) + " shapes were accepted");
  o.figure = std::to_string(refused) + " refused, " + std::to_string(accepted) + " accepted";
  return o;
}

outcome declared_facts(const subject& s, const settings& set) {
  outcome o;
  if (!s.family.pointwise) return o;
  const bool ordered = s.facts.order != monotone::unknown, bent = s.facts.bend != curvature::unknown;
  const std::string edges = s.info.edges.s;
  const bool nan_propagates = edges.find("NaN propagates") != std::string::npos;
  int checked = 0;
  if (s.in.tensors == 1 && (ordered || bent)) {
    for (int number = 0; number < 500 * set.scale; ++number) {
      draw d = case_of(s, set, "declared_facts", number);
      call c = s.draw_call(d);
      c.in = {shape{3}};
      c.y = shape{3};
      const ball a = ordinary_number(d, s, number), b = ordinary_number(d, s, number + d.whole(0, 3));
      const ball least = min(a, b), most = max(a, b);
      tensors<ball> x{entries<ball>(3)};
      x[0][0] = least;
      x[0][1] = (least + most) / ball(2);
      x[0][2] = most;
      const auto y = run_forward(s.balls.forward, c, x);
      if (!y[0].finite() || !y[1].finite() || !y[2].finite()) continue;
      ++checked;
      const auto certainly_negative = [](const ball& v) { return arb_is_negative(v.get()) != 0; };
      const std::string at = " between " + std::to_string(least.midpoint()) + " and " + std::to_string(most.midpoint()) +
                             ", seed " + std::to_string(d.seed());
      const ball rise = y[2] - y[0];
      if (certainly_negative(s.facts.order == monotone::decreasing ? -rise : rise) && ordered)
        o.fail("not in the declared order" + at);
      const ball sag = y[0] + y[2] - ball(2) * y[1];
      if (certainly_negative(s.facts.bend == curvature::concave ? -sag : sag) && bent)
        o.fail("not of the declared curvature" + at);
    }
    if (checked < 100) o.fail("only " + std::to_string(checked) + " points were in the domain");
  }
  if (nan_propagates) {
    draw d = case_of(s, set, "declared_facts", -1);
    call c = s.draw_call(d);
    for (shape& dims : c.in) dims = shape{4};
    c.y = shape{4};
    for (std::size_t k = 0; k < c.in.size(); ++k) {
      auto x = inputs_of<double>(c, [&] { return d.uniform(0.1, 0.9); });
      x[k][1] = std::numeric_limits<double>::quiet_NaN();
      ++checked;
      if (!std::isnan(run_forward(s.f64.plain.forward, c, x)[1]))
        o.fail("a NaN in input " + std::to_string(k) + " does not propagate");
    }
  }
  if (checked > 0) o.figure = std::string(ordered ? "order " : "") + (bent ? "curvature " : "") + (nan_propagates ? "NaN" : "");
  return o;
}

outcome family_laws(const subject& s, const settings& set) {
  outcome o;
  const bool linear = s.family.linear;
  const bool multilinear = s.family.multilinear;
  if (!linear && !multilinear) return o;
  int checked = 0;
  for (int number = 0; number < 200 * set.scale; ++number) {
    draw d = case_of(s, set, "family_laws", number);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 3000) continue;
    const auto random = [&]() -> probe { return {d.residue(), d.normal()}; };
    const auto a = inputs_of<probe>(c, random), b = inputs_of<probe>(c, random);
    auto sum = a;
    const std::size_t moved = static_cast<std::size_t>(d.whole(0, s.in.tensors - 1));
    const bool bias = static_cast<int>(moved) == s.in.optional;
    if (multilinear && (bias || sum[moved].absent())) continue;
    auto other = a;
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (a[k].absent()) continue;
      const bool optional_input = static_cast<int>(k) == s.in.optional;
      if (!(linear || k == moved || optional_input)) continue;  // held fixed
      for (int64_t i = 0; i < a[k].size(); ++i) {
        other[k][i] = b[k][i];
        sum[k][i] = a[k][i] + b[k][i];
      }
    }
    const auto ya = run_forward(s.field.forward, c, a), yb = run_forward(s.field.forward, c, other),
               y = run_forward(s.field.forward, c, sum);
    ++checked;
    for (int64_t i = 0; i < y.size(); ++i)
      if (!(y[i] == ya[i] + yb[i])) {
        o.fail("f(a + b) is not f(a) + f(b) in input " + std::to_string(moved) + ": " + describe(c) + ", seed " +
               std::to_string(d.seed()));
        break;
      }
  }
  o.figure = std::to_string(checked) + (linear ? " linear" : " multilinear");
  return o;
}

}  // namespace axiograd::conformance
