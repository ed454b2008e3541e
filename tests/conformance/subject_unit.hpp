#pragma once
// Included by the generated unit of each operator and by the planted faults: makes a subject from an operator.

#include <axiograd/families/isa_kernels.hpp>
#include <axiograd/operators/operator_of.hpp>

#include "subject.hpp"

namespace axiograd::conformance {

namespace impl {

/// An elementwise operator whose forward run on duals differentiates `value`, whatever derivative it states.
template <class Op, class T>
struct raw_kernels : plain_kernels<Op, T> {
  static const span_kernels<T>& get() {
    static constexpr span_kernels<T> run{&forward, nullptr};
    return run;
  }
  static void forward(const void* op, const T* const* in, T* y, int64_t n) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      for (int64_t i = 0; i < n; ++i) y[i] = static_cast<const Op*>(op)->value(in[I][i]...);
    }(axiograd::impl::inputs_of<Op>{});
  }
};

template <class Op, class T, isa Set>
struct set_kernels {
  static const kernels_type<Op, T>& get() {
    static const kernels_type<Op, T> made = isa_kernels<Op, T, Set>::make();
    return made;
  }
};

template <class Op, class T, class Kernels = plain_kernels<Op, T>>
runs<T> runs_of() {
  if constexpr (axiograd::runs_on<Op, T>) {
    constexpr operator_table<T> table = make_table<Op, T, Kernels>();
    return {table.forward, table.vjp, table.spans, table.forward_vjp};
  } else {
    return {};
  }
}
template <class Op, class T, class Kernels = plain_kernels<Op, T>>
auto forward_of() -> void (*)(const void*, const forward_run<T>&) {
  if constexpr (axiograd::runs_on<Op, T>)
    return &axiograd::impl::erased<Op, T, Kernels>::forward;
  else
    return nullptr;
}

template <class Op>
inline constexpr bool is_view = requires { Op::is_view; };

/// Operators that branch on `a > b` themselves cannot run where the answer may be "maybe".
template <class Op>
runs<interval> interval_runs_of() {
  if constexpr (family_of<Op>::facts.opaque && !axiograd::runs_on<Op, prime_field>)
    return {};
  else
    return runs_of<Op, interval>();
}

/// Sums have sizes where nothing is compared; elementwise operators have declared bounds instead.
template <class Op>
runs<magnitude> magnitude_runs_of() {
  if constexpr (elementwise<Op>)
    return {};
  else
    return runs_of<Op, magnitude>();
}

template <class Op, class T>
library_runs<T> library_runs_of() {
  const operator_table<T>& table = table_of<Op, T>();
  library_runs<T> r{
      .plain = runs_of<Op, T>(), .chosen = {table.forward, table.vjp, table.spans, table.forward_vjp}, .sets = {}};
  if constexpr (is_builtin<Op> && !std::same_as<kernels_type<Op, T>, no_kernels>) {
    r.sets[0] = runs_of<Op, T, set_kernels<Op, T, isa::baseline>>();
#ifdef __x86_64__
    if (best_isa() >= isa::avx2) r.sets[1] = runs_of<Op, T, set_kernels<Op, T, isa::avx2>>();
    if (best_isa() >= isa::avx512) r.sets[2] = runs_of<Op, T, set_kernels<Op, T, isa::avx512>>();
#endif
  }
  return r;
}

template <class Op>
call draw_test_case(draw& d) {
  if constexpr (requires { Op::test_case(d); }) {
    return Op::test_case(d);
  } else {
    static_assert(elementwise<Op> && std::default_initializable<Op>, "the operator needs `test_case(draw)`");
    const shape s = d.any_shape();
    call c = d.test_case(Op{});
    c.in.assign(static_cast<std::size_t>(arity_of<Op>.tensors), s);
    return c;
  }
}
// A ratio is a small positive constant beside which nothing else matters: samples need not say how to draw it.
inline void vary_epsilon(ratio& x, draw& d) {
  if (d.chance(3)) x = {d.whole(1, 64), 512};
}
template <class T>
void vary_epsilon(T&, draw&) {}
template <class Op>
call draw_call(draw& d) {
  call c = draw_test_case<Op>(d);
  if constexpr (axiograd::impl::has_axes<Op>) resolve_axes(*reinterpret_cast<Op*>(c.attributes.data()), c.in[0]);
  if constexpr (requires { Op::attributes(); })
    if (d.varies_epsilons()) {
      Op& op = *reinterpret_cast<Op*>(c.attributes.data());
      Op::attributes().for_each([&](const auto& a) { vary_epsilon(op.*a.member, d); });
    }
  return c;
}

template <class Op>
void count_axes_from_the_end(Op& op, const shape& first) {
  int rank = first.rank;
  if constexpr (requires { op.axis_rank(first); }) rank = op.axis_rank(first);
  Op::attributes().for_each([&](const auto& a) {
    const auto minus_rank = [&](auto& value) {
      if constexpr (requires { value.value; } && !std::same_as<std::remove_cvref_t<decltype(value)>, shape>) {
        auto& inner = value.value;
        if constexpr (std::same_as<std::remove_cvref_t<decltype(inner)>, shape>)
          for (int i = 0; i < inner.rank; ++i) inner[i] -= rank;
        else
          inner -= static_cast<std::remove_cvref_t<decltype(inner)>>(rank);
      } else if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, shape>) {
        for (int i = 0; i < value.rank; ++i) value[i] -= rank;
      } else {
        value -= rank;
      }
    };
    using member = std::remove_cvref_t<decltype(op.*a.member)>;
    if constexpr (std::same_as<member, int> || std::same_as<member, required<int>> || std::same_as<member, shape> ||
                  std::same_as<member, required<shape>>)
      if (a.kind == attribute_kind::axis || a.kind == attribute_kind::axes) minus_rank(op.*a.member);
  });
}

// ---- hostile attributes

inline void spoil(bool& x, draw& d) { x = d.chance(2); }
template <std::integral T>
void spoil(T& x, draw& d) {
  constexpr int64_t hostile[]{-2147483647, -3, -2, -1, 0, 1, 2, 7, 8, 9, 100, 2147483647};
  x = static_cast<T>(hostile[d.whole(0, 11)]);
}
template <std::floating_point T>
void spoil(T& x, draw& d) {
  constexpr double hostile[]{
      0, -1, 1e300, -1e-300, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()};
  x = static_cast<T>(hostile[d.whole(0, 5)]);
}
template <int N>
void spoil(extents<N>& x, draw& d) {
  for (int64_t& extent : x.values)
    if (d.chance(2)) spoil(extent, d);
}
inline void spoil(shape& s, draw& d) {
  s = shape{};
  for (int rank = d.whole(0, max_rank); rank > 0; --rank) s.append(d.whole(-1, 4));
}
template <class T>
void spoil(required<T>& x, draw& d) {
  spoil(x.value, d);
}
template <class T>
void spoil(T&, draw&) {}  // a value that cannot be wrong, or that says itself what it may be

template <class Op>
void spoil_attributes(void* bytes, draw& d) {
  Op& op = *static_cast<Op*>(bytes);
  Op::attributes().for_each([&](const auto& a) {
    if (d.chance(2)) spoil(op.*a.member, d);
  });
}

// ---- classes of attributes, for pairs of them

inline std::string class_of(std::int64_t x) { return x < -1 ? "<-1" : x > 1 ? ">1" : std::to_string(x); }
template <class T>
std::string class_of(const T& x);
template <class List>
std::string class_of_list(const List& l) {
  const auto begin = l.begin(), end = l.end();
  if (begin == end) return "()";
  const bool equal = std::all_of(begin, end, [&](const auto& one) { return one == *begin; });
  return equal ? "all " + class_of(*begin) : "mixed";
}
template <class T>
std::string class_of(const T& x) {
  if constexpr (requires { x.value; })
    return class_of(x.value);
  else if constexpr (requires { x.values; })
    return class_of_list(x.values);
  else if constexpr (requires { x.begin(); })
    return class_of_list(x);
  else if constexpr (std::is_enum_v<T> || std::integral<T>)
    return class_of(static_cast<std::int64_t>(x));
  else {
    const double number = [&] {
      if constexpr (std::floating_point<T>)
        return static_cast<double>(x);
      else
        return x.template as<double>();
    }();
    return number == 0 ? "0" : number == 1 ? "1" : number < 0 ? "<0" : number < 1e-3 ? "tiny" : number < 1 ? "<1" : ">1";
  }
}
template <class Op>
std::vector<std::string> attribute_classes(const void* bytes) {
  const Op& op = *static_cast<const Op*>(bytes);
  std::vector<std::string> all;
  Op::attributes().for_each([&](const auto& a) { all.push_back(a.name + (' ' + class_of(op.*a.member))); });
  return all;
}
template <class Op>
void mix_attributes(void* bytes, const void* others, draw& d) {
  Op& op = *static_cast<Op*>(bytes);
  const Op& other = *static_cast<const Op*>(others);
  Op::attributes().for_each([&](const auto& a) {
    if (d.chance(2)) op.*a.member = other.*a.member;
  });
}

/// How many bytes of the operator's members belong to no attribute, padding aside: all bytes but those are set, and looked for.
/// Where the compiler cannot tell what padding is, none.
template <class Op>
std::uint32_t unnamed_bytes() {
#if __has_builtin(__builtin_clear_padding)
  if constexpr (!std::is_empty_v<Op>) {
    alignas(Op) std::array<unsigned char, sizeof(Op)> bytes;
    bytes.fill(0xff);
    Op& op = *reinterpret_cast<Op*>(bytes.data());
    __builtin_clear_padding(&op);
    if constexpr (requires { Op::attributes(); })
      Op::attributes().for_each(
          [&](const auto& a) { std::memset(static_cast<void*>(&(op.*a.member)), 0, sizeof(op.*a.member)); });
    return static_cast<std::uint32_t>(std::count_if(bytes.begin(), bytes.end(), [](unsigned char b) { return b != 0; }));
  }
#endif
  return 0;
}

template <class Op>
void law(const void* bytes, const series* x, series& y, series* slope) {
  const Op& op = *static_cast<const Op*>(bytes);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    y = op.value(x[I]...);
    const auto stated = differentiate(op, y, x[I]...);
    ((slope[I] = stated[I]), ...);
  }(axiograd::impl::inputs_of<Op>{});
}

}  // namespace impl

template <class Op>
subject make_subject() {
  namespace core = axiograd::impl;
  constexpr algebra no_functions{.ring = true, .ordered = true, .division = true};
  subject s{.info = Op::info,
            .facts = Op::facts,
            .family = family_of<Op>::facts,
            .in = arity_of<Op>,
            .has_samples = has_samples<Op>,
            .shared = shared_of<Op>,
            .algebraic = axiograd::runs_on<Op, core::archetype<no_functions>>,
            .is_view = impl::is_view<Op>,
            .epilogue_limit = table_of<Op, double>().epilogue_limit,
            .keeps_shape = table_of<Op, double>().keeps_shape,
            .attribute_bytes = std::is_empty_v<Op> ? 0 : sizeof(Op),
            .unnamed_bytes = impl::unnamed_bytes<Op>(),
            .test_points = {},
            .known = {},
            .draw_call = &impl::draw_call<Op>,
            .spoil = nullptr,
            .attribute_classes = nullptr,
            .mix_attributes = nullptr,
            .axes_from_the_end = nullptr,
            .resolve_axes = nullptr,
            .infer = [](const void* op, std::span<const shape* const> in) { return infer(*static_cast<const Op*>(op), in); },
            .saved = nullptr,
            .in_domain = nullptr,
            .bounded_at = nullptr,
            .period = nullptr,
            .f32 = impl::library_runs_of<Op, float>(),
            .f64 = impl::library_runs_of<Op, double>(),
            .integers = impl::runs_of<Op, whole>(),
            .magnitudes = impl::magnitude_runs_of<Op>(),
            .field = impl::runs_of<Op, probe>(),
            .balls = impl::runs_of<Op, ball>(),
            .intervals = impl::interval_runs_of<Op>(),
            .raw_field = nullptr,
            .raw_balls = nullptr,
            .dual_f64 = impl::forward_of<Op, dual<double>>(),
            .twice_balls = {},
            .thrice_balls = {},
            .thrice_f64 = {},
            .law = nullptr};
  if constexpr (axiograd::impl::has_axes<Op>) {
    s.axes_from_the_end = [](void* op, const shape& first) { impl::count_axes_from_the_end(*static_cast<Op*>(op), first); };
    s.resolve_axes = [](void* op, const shape& first) { axiograd::resolve_axes(*static_cast<Op*>(op), first); };
  }
  if constexpr (requires { Op::test_points; }) s.test_points = Op::test_points;
  if constexpr (requires { Op::known; }) {
    constexpr std::size_t row = 2 * static_cast<std::size_t>(arity_of<Op>.tensors) + 1;
    static_assert(std::size(Op::known[0]) == row, "a row of `known` is the inputs, the value and each partial derivative");
    static_assert(
        std::default_initializable<Op> && !requires(draw& d) { Op::test_case(d); }, "`known` is for default attributes");
    s.known = {&Op::known[0][0], std::size(Op::known) * row};
  }
  if constexpr (requires { Op::attributes(); }) {
    s.spoil = &impl::spoil_attributes<Op>;
    s.attribute_classes = &impl::attribute_classes<Op>;
    s.mix_attributes = &impl::mix_attributes<Op>;
  }
  if constexpr (axiograd::runs_on<Op, double>) s.saved = table_of<Op, double>().saved;
  if constexpr (elementwise<Op>) {
    s.raw_field = impl::forward_of<Op, dual<probe>, impl::raw_kernels<Op, dual<probe>>>();
    s.raw_balls = impl::forward_of<Op, dual<ball>, impl::raw_kernels<Op, dual<ball>>>();
    s.law = &impl::law<Op>;
    s.thrice_balls = impl::runs_of<Op, dual<dual<dual<ball>>>>();
    s.thrice_f64 = impl::runs_of<Op, dual<dual<dual<double>>>>();
    if constexpr (requires { &Op::bounded_at; })
      s.bounded_at = [](const void* op, const double* x) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
          return static_cast<const Op*>(op)->bounded_at(x[I]...);
        }(axiograd::impl::inputs_of<Op>{});
      };
    if constexpr (requires { Op::template period<ball>(); }) s.period = &Op::template period<ball>;
    if constexpr (requires(const Op op) { op.in_domain(1.0); })
      s.in_domain = [](const void* op, double x) { return static_cast<const Op*>(op)->in_domain(x); };
  } else {
    s.twice_balls = impl::runs_of<Op, dual<dual<ball>>>();
    s.raw_field = impl::forward_of<Op, dual<probe>>();
    s.raw_balls = impl::forward_of<Op, dual<ball>>();
  }
  return s;
}

}  // namespace axiograd::conformance
