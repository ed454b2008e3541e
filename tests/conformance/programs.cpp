#include "programs.hpp"

#include <algorithm>
#include <axiograd/autograd/tape.hpp>
#include <axiograd/core/floating_point.hpp>
#include <axiograd/core/floating_point.test.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <cmath>
#include <map>

namespace axiograd::conformance {
namespace {

/// An operator's input: a node of its shape, or entries start, start + stride, ... (modulo the size) of a node of any shape.
struct source {
  node_id node;
  bool whole;
  std::uint64_t start, stride;
  std::uint64_t entry(std::uint64_t i, std::int64_t size) const {
    return (start + stride * i) % static_cast<std::uint64_t>(size);
  }
};
struct step {
  const subject* s;
  call c;
  std::vector<source> in;  ///< of the tensors that are there
};
/// Leaves, then steps; node ids are those of a program without the nodes that gather entries.
struct program {
  std::vector<shape> leaves;
  std::vector<step> steps;

  const shape& shape_of(node_id id) const { return id < leaves.size() ? leaves[id] : steps[id - leaves.size()].c.y; }
  std::size_t size() const { return leaves.size() + steps.size(); }
  std::string text() const {
    std::string t;
    for (const step& one : steps) {
      t += std::string(t.empty() ? "" : "; ") + "%" +
           std::to_string(leaves.size() + static_cast<std::size_t>(&one - steps.data())) + " = " + one.s->info.name.s + "(";
      for (const source& from : one.in)
        t += (&from == one.in.data() ? "%" : ", %") + std::to_string(from.node) + (from.whole ? "" : "[..]");
      t += ") " + to_string(one.c.y);
    }
    return t;
  }
};

step draw_step(const program& p, const subject& s, const call& c, draw& d) {
  step one{&s, c, {}};
  for (const shape& dims : c.in) {
    if (dims.rank < 0) continue;
    std::vector<node_id> same;
    for (node_id id = 0; id < p.size(); ++id)
      if (p.shape_of(id) == dims) same.push_back(id);
    if (!same.empty() && !d.chance(3)) {
      one.in.push_back({same[d.bits() % same.size()], true, 0, 1});
      continue;
    }
    node_id from = d.bits() % p.size();
    while (p.shape_of(from).size() == 0) --from;  // the first leaf has entries
    one.in.push_back({from, false, d.bits() % 64, 1 + d.bits() % 7});
  }
  return one;
}

/// Runs on the tape from the operator's erased functions.
template <class T>
operator_table<T> table_for(const subject& s, const runs<T>& kernels) {
  return {.name = s.info.name.s,
          .in = s.in,
          .attribute_bytes = s.attribute_bytes,
          .is_view = s.is_view,
          .infer = s.infer,
          .forward = kernels.forward,
          .vjp = kernels.vjp,
          .keeps_shape = s.keeps_shape,
          .epilogue_limit = s.epilogue_limit,
          .forward_vjp = kernels.forward_vjp,
          .spans = kernels.spans,
          .saved = s.saved};
}

/// The gathering node on a tape; `entry(number, i)` makes an entry from what was gathered.
template <class T, class Entry>
node_id gather(tape<T>& t, node_id from, const source& how, const shape& dims, const Entry& entry) {
  const tensor<T> x = ok_or_throw(t.value(from));
  tensor<T> y(dims);
  for (std::int64_t i = 0; i < y.size(); ++i)
    y.mutable_values()[static_cast<std::size_t>(i)] = entry(x.data()[how.entry(static_cast<std::uint64_t>(i), x.size())], i);
  const shape of_x = x.shape();
  return ok_or_throw(t.add_node(
      {.name = "gather", .value = y, .parents = {from}, .backward = [=](const tensor<T>& dy) -> result<contributions<T>> {
         tensor<T> dx(of_x);
         const std::span<T> into = dx.mutable_values();
         for (std::int64_t i = 0; i < dy.size(); ++i) {
           T& sum = into[how.entry(static_cast<std::uint64_t>(i), of_x.size())];
           sum = sum + dy.data()[i];
         }
         return contributions<T>{{from, dx}};
       }}));
}

/// Appends a step to a tape and gives the node of its result; `nodes` maps the program's ids to the tape's.
template <class T, class Entry>
node_id append(tape<T>& t, const std::vector<node_id>& nodes, const step& one, const operator_table<T>& table,
               const Entry& entry) {
  std::vector<node_id> in;
  auto from = one.in.begin();
  for (const shape& dims : one.c.in) {
    if (dims.rank < 0) continue;
    in.push_back(from->whole ? nodes[from->node] : gather(t, nodes[from->node], *from, dims, entry));
    ++from;
  }
  return ok_or_throw(t.append(table, one.c.op(), in, one.c.side));
}

// ---- over the prime field

/// A gathered entry gets a shadow of its own, so that no comparison meets a tie, where forward and reverse may choose
/// differently.
probe with_new_shadow(const probe& x, std::int64_t i) {
  draw d(x.residue().value() ^ mix(static_cast<std::uint64_t>(i)));
  return {x.residue(), d.normal()};
}

struct exact_run {
  program p;
  std::vector<entries<dual<probe>>> values;  ///< by forward mode
  bool met_kink = false;  ///< a step took equal numbers of different tangents: a maximum of them has no derivative
};

/// Finite shadows, different from each other and from 0.
bool without_ties(const std::vector<const entries<dual<probe>>*>& all) {
  std::vector<double> shadows{0};
  for (const auto* x : all)
    for (std::int64_t i = 0; i < x->size(); ++i) {
      if (!std::isfinite((*x)[i].v.shadow())) return false;
      shadows.push_back((*x)[i].v.shadow());
    }
  std::sort(shadows.begin(), shadows.end());
  return std::adjacent_find(shadows.begin(), shadows.end()) == shadows.end();
}

/// Adds a step by forward mode.
void run_step(exact_run& r, step one, draw& d) {
  std::vector<const entries<dual<probe>>*> taken;
  for (source& from : one.in) {
    if (!from.whole) continue;
    taken.push_back(&r.values[from.node]);
    if (without_ties(taken)) continue;
    taken.pop_back();
    from = {from.node, false, d.bits() % 64, 1 + d.bits() % 7};
  }
  tensors<dual<probe>> x;
  std::map<std::uint64_t, std::uint64_t> tangents;  // of each number that the step takes
  auto from = one.in.begin();
  for (const shape& dims : one.c.in) {
    entries<dual<probe>>& in = x.emplace_back();
    if (dims.rank < 0) continue;
    const entries<dual<probe>>& all = r.values[from->node];
    in = entries<dual<probe>>(dims.size());
    for (std::int64_t i = 0; i < in.size(); ++i) {
      if (from->whole) {
        in[i] = all[i];
      } else {
        const dual<probe>& e = all[static_cast<std::int64_t>(from->entry(static_cast<std::uint64_t>(i), all.size()))];
        in[i] = {with_new_shadow(e.v, i), e.d};
      }
      const std::uint64_t tangent = in[i].d.residue().value();
      r.met_kink |= tangents.try_emplace(in[i].v.residue().value(), tangent).first->second != tangent;
    }
    ++from;
  }
  r.values.push_back(run_forward(one.s->raw_field, one.c, x));
  r.p.steps.push_back(std::move(one));
}

enum class answer : unsigned char { equal, different, undecided };

/// One program: `pick(draw)` chooses operators.
template <class Pick>
answer adjoint_trial(draw& d, int steps, const Pick& pick, std::string& text) {
  probe::met_non_square = false;
  exact_run r;
  tape<probe> t;
  std::vector<node_id> nodes;
  const auto residue = [&]() -> probe { return {d.residue(), d.normal()}; };
  for (int leaf = d.whole(1, 4); leaf > 0; --leaf) {
    const shape dims = d.positive_shape();
    const bool wanted = nodes.empty() || !d.chance(5);
    r.p.leaves.push_back(dims);
    entries<dual<probe>>& x = r.values.emplace_back(dims.size());
    tensor<probe> value(dims);
    for (std::int64_t i = 0; i < x.size(); ++i) {
      x[i] = {residue(), wanted ? residue() : probe(0)};
      value.mutable_values()[static_cast<std::size_t>(i)] = x[i].v;
    }
    nodes.push_back(ok_or_throw(t.leaf(value, {}, wanted)));
  }
  std::vector<operator_table<probe>> tables;
  tables.reserve(static_cast<std::size_t>(steps));  // the tape keeps their addresses
  for (int number = 0; number < steps; ++number) {
    const subject& s = pick(d);
    call c = draw_call(s, d);
    if (c.entries() > 400) continue;
    run_step(r, draw_step(r.p, s, c, d), d);
    nodes.push_back(append(t, nodes, r.p.steps.back(), tables.emplace_back(table_for(s, s.field)), with_new_shadow));
  }
  const node_id out = r.p.size() - 1;
  tensor<probe> v(r.p.shape_of(out));
  for (probe& x : v.mutable_values()) x = residue();
  const auto gradients = ok_or_throw(t.backward_dense(nodes[out], v));
  probe forward_side(0), reverse_side(0);
  for (std::int64_t i = 0; i < v.size(); ++i) forward_side = forward_side + v.data()[i] * r.values[out][i].d;
  for (node_id leaf = 0; leaf < r.p.leaves.size(); ++leaf)
    if (gradients[nodes[leaf]])
      for (std::int64_t i = 0; i < r.values[leaf].size(); ++i)
        reverse_side = reverse_side + gradients[nodes[leaf]]->data()[i] * r.values[leaf][i].d;
  bool same_value = true;
  const tensor<probe> y = ok_or_throw(t.value(nodes[out]));
  for (std::int64_t i = 0; i < y.size(); ++i) same_value = same_value && y.data()[i] == r.values[out][i].v;
  if (same_value && forward_side == reverse_side) return answer::equal;
  if (probe::met_non_square || r.met_kink) return answer::undecided;
  text = r.p.text();
  return answer::different;
}

draw draw_of(const settings& set, std::uint64_t kind, int number, size_class sizes = size_class::small) {
  return draw(mix(mix(set.seed ^ kind) ^ static_cast<std::uint64_t>(number)), sizes);
}

}  // namespace

outcome adjoint_programs(std::span<const subject* const> operators, const settings& set, int programs) {
  outcome o;
  // Operators whose identity holds by a relation between functions (sinh^2 = cosh^2 - 1) have rung 2 in balls instead.
  std::vector<const subject*> exact;
  for (const subject* s : operators) {
    if (!s->field || s->raw_field == nullptr) continue;
    bool holds = true;
    for (int number = 0; number < 8 && !s->algebraic; ++number) {
      draw d = draw_of(set, 1, number);
      std::string text;
      holds = holds && adjoint_trial(d, 1, [&](draw&) -> const subject& { return *s; }, text) != answer::different;
    }
    if (holds) exact.push_back(s);
  }
  int equal = 0, undecided = 0;
  for (int number = 0; number < programs; ++number) {
    std::string text;
    draw d = draw_of(set, 2, number);
    const int steps = d.whole(2, 9);
    const answer a =
        adjoint_trial(d, steps, [&](draw& from) -> const subject& { return *exact[from.bits() % exact.size()]; }, text);
    equal += a == answer::equal ? 1 : 0;
    undecided += a == answer::undecided ? 1 : 0;
    if (a == answer::different)
      o.fail("<v, J u> and <J^T v, u> differ: program " + std::to_string(number) + ", seed " + std::to_string(set.seed) + ": " +
             text);
    if (o.failures.size() >= 5) break;
  }
  if (!o.red() && equal < programs / 2) o.fail("only " + std::to_string(equal) + " programs were decided");
  o.figure = std::to_string(equal) + " programs of " + std::to_string(exact.size()) + " operators, " +
             std::to_string(undecided) + " undecided";
  return o;
}

// ---- floats

namespace {

/// Keeps numbers near 1, whatever the operator before gave.
float tame(float x, std::int64_t i) {
  const floating_point_scope standard;  // a function of the caller's own computes in the caller's mode
  return std::isfinite(x) ? x / (1 + std::abs(x)) : 0.25F * static_cast<float>(i % 9 - 4);
}

struct bits {
  std::vector<tensor<float>> values;
  optional_gradients<float> gradients;
};

template <class Table>
bits run_program(const program& p, const std::vector<tensor<float>>& leaves, const tensor<float>& seed, const Table& table) {
  tape<float> t;
  std::vector<node_id> nodes;
  std::vector<operator_table<float>> tables;
  tables.reserve(p.steps.size());
  for (const tensor<float>& x : leaves) nodes.push_back(ok_or_throw(t.leaf(x)));
  for (const step& one : p.steps)
    nodes.push_back(append(t, nodes, one, tables.emplace_back(table_for<float>(*one.s, table(*one.s))), tame));
  bits b;
  for (const node_id id : nodes) b.values.push_back(ok_or_throw(t.value(id)));
  b.gradients = ok_or_throw(t.backward_dense(nodes.back(), seed));
  return b;
}

bool same(const tensor<float>& a, const tensor<float>& b) {
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const float x = a.data()[i], y = b.data()[i];
    if (std::isnan(x) && std::isnan(y)) continue;
    if (std::memcmp(&x, &y, sizeof x) != 0) return false;
  }
  return true;
}
/// What differs first; empty if nothing.
std::string difference(const program& p, const bits& a, const bits& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i)
    if (!same(a.values[i], b.values[i])) return "the value of %" + std::to_string(i) + " differs: " + p.text();
  for (std::size_t i = 0; i < a.gradients.size(); ++i)
    if (a.gradients[i] && !same(*a.gradients[i], *b.gradients[i])) return "a gradient differs: " + p.text();
  return {};
}

}  // namespace

outcome same_bits_programs(std::span<const subject* const> operators, const settings& set, int programs) {
  outcome o;
  int runs_compared = 0;
  std::int64_t finite = 0, all = 0;
  for (int number = 0; number < programs && !o.red(); ++number) {
    const bool large = number % 8 == 0;
    draw d = draw_of(set, 3, number, large ? size_class::threads : size_class::vectors);
    program p;
    std::vector<tensor<float>> leaves;
    for (int leaf = d.whole(1, 3); leaf > 0; --leaf) {
      p.leaves.push_back(d.positive_shape());
      leaves.emplace_back(p.leaves.back());
      for (float& x : leaves.back().mutable_values()) x = static_cast<float>(d.normal());
    }
    for (int steps = d.whole(2, large ? 4 : 9); steps > 0; --steps) {
      const subject& s = *operators[d.bits() % operators.size()];
      call c = draw_call(s, d, large && s.has_samples && std::string_view(s.family.name) != "contraction" ? 40 : 0);
      if (c.entries() > (large ? 1'000'000 : 20'000)) continue;
      p.steps.push_back(draw_step(p, s, c, d));
    }
    tensor<float> seed(p.shape_of(p.size() - 1));
    for (float& x : seed.mutable_values()) x = static_cast<float>(d.normal());
    const auto compare = [&](const bits& expected, const bits& got, const std::string& what) {
      ++runs_compared;
      if (const std::string at = difference(p, expected, got); !at.empty())
        o.fail(what + ": " + at + "; program " + std::to_string(number) + ", seed " + std::to_string(set.seed));
    };
    const auto chosen = [](const subject& s) { return s.f32.chosen; };
    set_num_threads(1);
    const bits expected = run_program(p, leaves, seed, chosen);
    for (const tensor<float>& y : expected.values)
      for (const float x : y.values()) finite += std::isfinite(x) ? 1 : 0, ++all;
    for (const int threads : {2, 3, 7}) {
      set_num_threads(threads);
      compare(expected, run_program(p, leaves, seed, chosen), "1 and " + std::to_string(threads) + " threads");
    }
    set_num_threads(1);
    for (const rounding& mode : foreign_roundings) {
      const auto rounded_otherwise = [&] {
        const rounding_scope foreign(mode);
        return run_program(p, leaves, seed, chosen);
      };
      compare(expected, rounded_otherwise(), "to nearest and " + mode.text());
    }
    const auto on = [&](isa set_of) {
      return run_program(p, leaves, seed, [set_of](const subject& s) {
        const runs<float>& there = s.f32.sets[static_cast<std::size_t>(set_of)];
        return there ? there : s.f32.chosen;
      });
    };
    compare(on(isa::avx2), on(isa::avx512), "AVX2 and AVX-512");
  }
  if (!o.red() && 4 * finite < 3 * all) o.fail("most numbers are not finite");
  o.figure = std::to_string(runs_compared) + " runs compared";
  return o;
}

}  // namespace axiograd::conformance
