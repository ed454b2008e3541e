// Rung 10: what an operator does on a tape where memory is short. Every allocation of appending it and of its reverse pass
// fails in turn, alone and with all that follow: an error out_of_memory, the tape as it was, the same bits when it is tried
// again.

#include <axiograd/autograd/tape.hpp>
#include <axiograd/kernels/precision.hpp>
#include <axiograd/operators/record.hpp>
#include <cstring>

#include "../memory/failing_memory.hpp"
#include "check.hpp"

namespace axiograd::conformance {
namespace {

using bits = std::vector<float>;

/// One call of an operator on a tape, whose inputs are leaves.
struct recorded_call {
  const operator_table<float>& op;
  const call& c;
  tape<float> t{};
  std::vector<node_id> in{};
  tensor<float> seed{};
  gradient_workspace<float> gradients{};

  recorded_call(const operator_table<float>& table, const call& made, const std::vector<tensor<float>>& values)
      : op(table), c(made), seed(tensor<float>::ones(made.y)) {
    for (const tensor<float>& x : values) in.push_back(t.leaf(x).value());
  }
  result<node_id> append() { return t.append(op, c.op(), in, c.side); }
  result<void> reverse() { return t.backward_dense_into(gradients, in.size(), seed); }
  bits outcome() const {
    const tensor<float> y = t.value(in.size()).value();
    bits all(y.begin(), y.end());
    for (const node_id id : in)
      if (const auto g = gradients.at(id)) all.insert(all.end(), g->begin(), g->end());
    return all;
  }
};
bool same(const bits& a, const bits& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// What goes wrong where allocation n fails; sets `struck` if so many are asked for.
std::string try_short(recorded_call& r, const bits& expected, std::int64_t n, shortage reach, bool& struck) {
  memory_chunk::trim_pool();
  std::string problem;
  {
    failing_memory heap(n, reach);
    const auto attempt = [&](const auto& step, const char* what) {
      auto done = step();
      if (done) return true;
      heap.pause();
      if (done.error().kind != error_kind::out_of_memory) problem = std::string(what) + " reports " + done.error().message;
      if (r.t.size() != r.in.size() + (what[0] == 'r' ? 1 : 0)) problem = std::string(what) + " failed and changed the tape";
      if (!step()) problem = std::string(what) + " fails again with memory";
      heap.go_on();
      return problem.empty();
    };
    try {
      if (attempt([&] { return r.append(); }, "append")) attempt([&] { return r.reverse(); }, "reverse pass");
    } catch (const std::exception& e) {
      heap.pause();
      problem = std::string("threw ") + e.what();
    }
    heap.pause();
    struck = failing_memory::struck();
  }
  if (problem.empty() && !same(r.outcome(), expected)) problem = "gives other bits";
  return problem;
}

std::vector<tensor<float>> inputs_of_tape(const call& c, const subject& s, draw& d, int kind) {
  std::vector<tensor<float>> values;
  for (const shape& dims : c.in) {
    if (dims.rank < 0) continue;
    tensor<float> x = tensor<float>::uninitialised(dims);
    for (float& entry : x.mutable_values()) entry = static_cast<float>(ordinary_number(d, s, kind));
    values.push_back(std::move(x));
  }
  return values;
}

}  // namespace

outcome short_memory(const subject& s, const settings& set) {
  outcome o;
  const op_record* const record = find_record(s.info.name.s);
  if (record == nullptr || !failing_memory::works()) return o;
  const precision_scope ours(precision::reproducible_fp32);  // oneDNN ends the program (TRUST.md)
  std::int64_t failed = 0;
  for (int number = 0; number < 20 * set.scale; ++number) {
    draw d = case_of(s, set, "short_memory", number);
    const call c = draw_call(s, d);
    const std::vector<tensor<float>> values = inputs_of_tape(c, s, d, number);
    recorded_call whole(record->f32(), c, values);
    if (!whole.append()) continue;  // outside its domain
    if (!whole.reverse()) return o.fail("the reverse pass fails with all the memory"), o;
    const bits expected = whole.outcome();
    for (const shortage reach : {shortage::one, shortage::rest}) {
      bool struck = true;
      for (std::int64_t n = 1; struck; ++n) {
        recorded_call r(record->f32(), c, values);
        const std::string problem = try_short(r, expected, n, reach, struck);
        failed += struck ? 1 : 0;
        if (problem.empty()) continue;
        o.fail("allocation " + std::to_string(n) + (reach == shortage::rest ? " and all later: " : ": ") + problem);
        if (o.failures.size() >= 5) return o;
      }
    }
  }
  if (failed > 0) o.figure = std::to_string(failed) + " allocations";
  return o;
}

}  // namespace axiograd::conformance
