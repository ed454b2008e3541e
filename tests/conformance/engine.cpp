// What a tape relies on: VJPs add, unwanted gradients are skipped, leading axes mean a loop over samples.

#include "check.hpp"

namespace axiograd::conformance {
namespace {

struct exact_case {
  tensors<probe> x, start;
  entries<probe> y, dy;
  tensors<probe> gradient;  ///< from zero
};
exact_case run_case(const subject& s, const call& c, draw& d) {
  const auto random = [&]() -> probe { return {d.residue(), d.normal()}; };
  exact_case e{.x = inputs_of<probe>(c, random), .start = inputs_of<probe>(c, random), .y = {}, .dy = {}, .gradient = {}};
  e.y = run_forward(s.field.forward, c, e.x);
  e.dy = entries_of<probe>(c.y.size(), random);
  e.gradient = zeros_like(e.x);
  run_vjp(s.field.vjp, c, e.x, e.y, e.dy, e.gradient);
  return e;
}

/// The reverse run gives the same bits whether the forward run saved numbers for it or not.
template <class T>
void check_saved(const subject& s, const runs<T>& run, const call& c, draw& d, const std::string& at, outcome& o) {
  if (s.saved == nullptr) return;
  const auto shapes = c.shapes();
  const auto x = inputs_of<T>(c, [&] { return static_cast<T>(d.normal()); });
  const auto views = views_of(c, x);
  entries<T> saved = entries_of<T>(s.saved(c.op(), shapes), [] { return std::numeric_limits<T>::quiet_NaN(); });
  entries<T> y(c.y.size());
  run.forward(c.op(), {views, c.side, {y.data(), &c.y}, saved.data()});
  const auto dy = entries_of<T>(c.y.size(), [&] { return static_cast<T>(d.normal()); });
  tensors<T> without = zeros_like(x), with = zeros_like(x);
  run_vjp(run.vjp, c, x, y, dy, without);
  std::vector<T*> targets;
  for (auto& t : with) targets.push_back(t.data());
  run.vjp(c.op(), {views, c.side, {y.data(), &c.y}, dy.data(), targets, 0, saved.data()});
  for (std::size_t k = 0; k < x.size(); ++k)
    for (int64_t i = 0; i < x[k].size(); ++i)
      if (std::memcmp(&with[k][i], &without[k][i], sizeof(T)) != 0 && without[k][i] == without[k][i])
        return o.fail("the gradient of input " + std::to_string(k) + " differs where the forward run saved numbers: " + at);
  if (!saved.margins_intact()) o.fail("the forward run saves more numbers than it says: " + at);
}

/// One pass over the rows gives the bits of the forward run and of the reverse run after it, whichever gradients are wanted and
/// whatever they hold.
template <class T>
void check_together(const subject& s, const runs<T>& run, const call& c, draw& d, const std::string& at, outcome& o) {
  if (run.forward_vjp == nullptr) return;
  const auto x = inputs_of<T>(c, [&] { return static_cast<T>(d.normal()); });
  const auto views = views_of(c, x);
  const auto shapes = c.shapes();
  const auto dy = entries_of<T>(c.y.size(), [&] { return static_cast<T>(d.normal()); });
  const auto start = inputs_of<T>(c, [&] { return static_cast<T>(d.normal()); });
  for (unsigned wanted = 0; wanted < (1u << x.size()); ++wanted) {
    const auto fresh = static_cast<unsigned>(d.bits());
    const auto results = [&](bool forward_vjp) {
      tensors<T> all = start;
      std::vector<T*> targets;
      for (std::size_t k = 0; k < all.size(); ++k) targets.push_back((wanted >> k & 1u) != 0 ? all[k].data() : nullptr);
      all.push_back(entries_of<T>(c.y.size(), [] { return T(-777); }));
      T* const y = all.back().data();
      all.push_back(entries_of<T>(s.saved == nullptr ? 0 : s.saved(c.op(), shapes), [] { return T(-777); }));
      T* const saved = s.saved == nullptr ? nullptr : all.back().data();
      const forward_run<T> forward{views, c.side, {y, &c.y}, saved};
      const vjp_run<T> vjp{views, c.side, {y, &c.y}, dy.data(), targets, fresh, saved};
      if (forward_vjp) {
        run.forward_vjp(c.op(), forward, vjp);
      } else {
        run.forward(c.op(), forward);
        run.vjp(c.op(), vjp);
      }
      return all;
    };
    const tensors<T> one = results(true), two = results(false);
    for (std::size_t k = 0; k < one.size(); ++k) {
      if (!one[k].margins_intact()) return o.fail("one pass writes beside its results: " + at);
      for (int64_t i = 0; i < one[k].size(); ++i)
        if (std::memcmp(&one[k][i], &two[k][i], sizeof(T)) != 0 && two[k][i] == two[k][i])
          return o.fail("one pass differs from forward and reverse runs in result " + std::to_string(k) + ": " + at);
    }
  }
}

/// The library's kernels: gradients must not depend on which others are wanted, nor on what lies where nothing is held yet,
/// and must not write where none is wanted.
template <class T>
void check_wanted(const runs<T>& run, const call& c, draw& d, const std::string& at, outcome& o) {
  const auto random = [&] { return static_cast<T>(d.normal()); };
  const auto x = inputs_of<T>(c, random);
  const auto y = run_forward(run.forward, c, x);
  const auto dy = entries_of<T>(c.y.size(), random);
  const auto start = inputs_of<T>(c, random);
  tensors<T> all = start;
  run_vjp(run.vjp, c, x, y, dy, all);
  tensors<T> from_zero = zeros_like(x);
  run_vjp(run.vjp, c, x, y, dy, from_zero);
  for (unsigned wanted = 0; wanted < (1u << x.size()); ++wanted) {
    tensors<T> written = converted<T>(x, [](const T&) { return std::numeric_limits<T>::quiet_NaN(); });
    run_vjp(run.vjp, c, x, y, dy, written, wanted, wanted);
    for (const auto& t : written)
      if (!t.absent() && !t.margins_intact()) return o.fail("a fresh gradient is written beside: " + at);
    for (std::size_t k = 0; k < x.size(); ++k)
      for (int64_t i = 0; i < x[k].size() && (wanted >> k & 1u) != 0; ++i)
        if (!(written[k][i] == from_zero[k][i]) && from_zero[k][i] == from_zero[k][i]) {
          o.fail("the fresh gradient of input " + std::to_string(k) + " is not the one from zero: " + at);
          return;
        }
    tensors<T> some = start;
    run_vjp(run.vjp, c, x, y, dy, some, wanted);
    for (std::size_t k = 0; k < x.size(); ++k)
      for (int64_t i = 0; i < x[k].size(); ++i) {
        const T expected = (wanted >> k & 1u) != 0 ? all[k][i] : start[k][i];
        if (std::memcmp(&expected, &some[k][i], sizeof(T)) != 0 && expected == expected) {
          o.fail("the gradient of input " + std::to_string(k) + " depends on which gradients are wanted: " + at);
          return;
        }
      }
  }
}

}  // namespace

outcome gradients_add(const subject& s, const settings& set) {
  outcome o;
  int checked = 0;
  for (int number = 0; number < 60 * set.scale; ++number) {
    draw d = case_of(s, set, "gradients_add", number);
    const call c = call_of(s, set, d, number);
    if (c.entries() > 3000) continue;
    const std::string at = describe(c) + ", seed " + std::to_string(d.seed());
    const exact_case e = run_case(s, c, d);
    ++checked;
    for (unsigned wanted = 0; wanted < (1u << e.x.size()); ++wanted) {
      tensors<probe> dx = e.start;
      const auto fresh = static_cast<unsigned>(d.bits());  // what holds nothing yet is written, whatever lies there
      run_vjp(s.field.vjp, c, e.x, e.y, e.dy, dx, wanted, fresh);
      for (std::size_t k = 0; k < dx.size(); ++k)
        for (int64_t i = 0; i < dx[k].size(); ++i) {
          const bool is_wanted = (wanted >> k & 1u) != 0, adds = (fresh >> k & 1u) == 0;
          const probe expected = !is_wanted ? e.start[k][i] : adds ? e.start[k][i] + e.gradient[k][i] : e.gradient[k][i];
          if (!(dx[k][i] == expected))
            o.fail(std::string(!is_wanted ? "the VJP writes an unwanted"
                               : adds     ? "the VJP does not add to"
                                          : "the VJP does not write the fresh") +
                   " gradient " + std::to_string(k) + ": " + at);
          if (o.red()) return o;
        }
    }
    check_wanted(s.f32.chosen, c, d, "float, " + at, o);
    check_wanted(s.f64.chosen, c, d, "double, " + at, o);
    check_saved(s, s.f32.chosen, c, d, "float, " + at, o);
    check_saved(s, s.f64.chosen, c, d, "double, " + at, o);
    check_together(s, s.f32.plain, c, d, "float, specification, " + at, o);
    check_together(s, s.f32.chosen, c, d, "float, " + at, o);
    check_together(s, s.f64.chosen, c, d, "double, " + at, o);
    if (o.red()) break;
  }
  o.figure = std::to_string(checked) + " cases";
  return o;
}

namespace {

/// One batched run against a loop over samples, on numbers whose arithmetic is exact.
template <class T, class Reference, class Number>
void compare_loop(const runs<T>& batched, const runs<Reference>& single, const call& sample, const call& batch,
                  const leading& l, const Number& number, const std::string& what, outcome& o) {
  const auto x = inputs_of<Reference>(batch, number);
  const auto dy = entries_of<Reference>(batch.y.size(), number);
  const auto to_batch = [](const Reference& r) {
    if constexpr (std::same_as<T, Reference>)
      return r;
    else
      return static_cast<T>(r.to_double());
  };
  const auto bx = converted<T>(x, to_batch);
  const auto y = run_forward(batched.forward, batch, bx);
  tensors<T> dx = zeros_like(bx);
  run_vjp(batched.vjp, batch, bx, y, converted<T>(dy, to_batch), dx);

  tensors<Reference> expected_dx = zeros_like(x);
  const int64_t samples = l.dims.size(), y_size = sample.y.size();
  for (int64_t i = 0; i < samples; ++i) {
    const auto offset = [&](std::size_t k) { return (l.inputs >> k & 1u) != 0 ? i * sample.in[k].size() : 0; };
    std::size_t k = 0;
    tensors<Reference> xi, dxi;
    for (const shape& dims : sample.in) {
      entries<Reference>& part = xi.emplace_back();
      if (dims.rank >= 0) part = entries<Reference>(dims.size());
      for (int64_t j = 0; j < part.size(); ++j) part[j] = x[k][offset(k) + j];
      ++k;
    }
    entries<Reference> dyi(y_size);
    for (int64_t j = 0; j < y_size; ++j) dyi[j] = dy[i * y_size + j];
    const auto yi = run_forward(single.forward, sample, xi);
    dxi = zeros_like(xi);
    run_vjp(single.vjp, sample, xi, yi, dyi, dxi);
    for (int64_t j = 0; j < y_size; ++j)
      if (!(y[i * y_size + j] == to_batch(yi[j])))
        return o.fail("sample " + std::to_string(i) + " of the batch differs: " + what);
    for (k = 0; k < xi.size(); ++k)
      for (int64_t j = 0; j < xi[k].size(); ++j) {
        Reference& sum = expected_dx[k][offset(k) + j];
        sum = sum + dxi[k][j];
      }
  }
  for (std::size_t k = 0; k < x.size(); ++k)
    for (int64_t j = 0; j < x[k].size(); ++j)
      if (!(dx[k][j] == to_batch(expected_dx[k][j])))
        return o.fail("the gradient of input " + std::to_string(k) + " is not the sum over samples: " + what);
}

}  // namespace

outcome leading_axes(const subject& s, const settings& set) {
  outcome o;
  if (!s.has_samples) return o;
  int checked = 0;
  for (int number = 0; number < 400 * set.scale && checked < 100 * set.scale; ++number) {
    draw d = case_of(s, set, "leading_axes", number, size_class::small, true);
    call sample = s.draw_call(d);
    call batch = sample;
    const leading l = draw_leading(s, sample, d);
    add_leading(batch, l);
    if (l.inputs == 0) continue;
    std::string refused = infer_result(s, sample);
    if (refused.empty()) refused = infer_result(s, batch);
    if (!refused.empty()) {
      o.fail("leading axes are refused: " + refused);
      return o;
    }
    const std::string at = describe(batch) + ", seed " + std::to_string(d.seed());
    if (batch.y != concat(l.dims, sample.y)) o.fail("the result lacks the leading axes: " + at);
    if (batch.entries() > 5000) continue;
    ++checked;
    compare_loop(s.field, s.field, sample, batch, l, [&]() -> probe { return {d.residue(), d.normal()}; }, "exact, " + at, o);
    if (s.integers) {
      const auto small = [&]() -> whole { return d.whole(-4, 4); };
      compare_loop(s.f32.chosen, s.integers, sample, batch, l, small, "float, " + at, o);
      compare_loop(s.f64.chosen, s.integers, sample, batch, l, small, "double, " + at, o);
    }
    if (o.red()) break;
  }
  o.figure = std::to_string(checked) + " batches";
  return o;
}

}  // namespace axiograd::conformance
