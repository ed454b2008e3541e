#pragma once
// Included only by the generated unit of each operator: defines its table, its record and the choice of its kernels.

#include <axiograd/core/reduction.hpp>
#include <axiograd/families/isa_kernels.hpp>
#include <axiograd/operators/operator_of.hpp>
#include <axiograd/operators/record.hpp>
#include <string>
#include <string_view>

namespace axiograd {

template <class Op, class T>
const operator_table<T>& builtin<Op, T>::table() {
  static constexpr operator_table<T> table = make_table<Op, T, native_kernels<Op, T>>();
  return table;
}

namespace impl {

/// Stands for the value of a required attribute.
struct any_value {
  template <class T>
  constexpr operator required<T>() const {
    return T{};
  }
};
/// The operator with its defaults; attributes without one, which its struct states first, are zero.
template <class Op, class... Required>
constexpr Op with_defaults(const Required&... given) {
  if constexpr (requires { Op{given...}; })
    return Op{given...};
  else
    return with_defaults<Op>(given..., any_value());
}

template <class T>
std::span<const char* const> choices_of() {
  if constexpr (std::is_enum_v<T>)
    return words(T{});
  else
    return {};
}
template <class T>
constexpr int count_of = 1;
template <int N>
constexpr int count_of<extents<N>> = N;

template <class Op>
std::span<const attribute_record> attributes_of() {
  if constexpr (requires { Op::attributes(); }) {
    static const auto list = [] {
      constexpr std::size_t n = static_cast<std::size_t>(decltype(Op::attributes())::size);
      std::array<attribute_record, n> records{};
      std::size_t next = 0;
      const Op op = with_defaults<Op>();
      Op::attributes().for_each([&]<class A>(const A& at) {
        using value_type = typename A::value_type;
        const auto offset = reinterpret_cast<const std::byte*>(&(op.*at.member)) - reinterpret_cast<const std::byte*>(&op);
        records[next++] = {at.name,
                           at.meaning,
                           at.kind,
                           count_of<value_type>,
                           A::is_required,
                           static_cast<std::uint32_t>(offset),
                           sizeof(value_type),
                           choices_of<value_type>()};
      });
      return records;
    }();
    return list;
  } else {
    return {};
  }
}
template <class Op>
std::span<const std::byte> defaults_of() {
  if constexpr (std::is_empty_v<Op>) {
    return {};
  } else {
    static const Op op = with_defaults<Op>();
    return {reinterpret_cast<const std::byte*>(&op), sizeof op};
  }
}

/// The input that carries the batch: the first that samples do not share.
template <class Op>
constexpr int batch_input() {
  int k = 0;
  while (k + 1 < arity_of<Op>.tensors && (shared_of<Op>.contains(k) || k == arity_of<Op>.optional)) ++k;
  return k;
}
template <class Op>
std::span<const input_record> inputs_of_record() {
  static const auto list = [] {
    std::array<input_record, static_cast<std::size_t>(shapes_of<Op>)> inputs;
    std::string_view names = Op::info.inputs;
    for (int k = 0; k < shapes_of<Op>; ++k) {
      const auto comma = names.find(',');
      inputs[static_cast<std::size_t>(k)] = {std::string(names.substr(0, comma)), k == arity_of<Op>.optional,
                                             k >= arity_of<Op>.tensors, k == batch_input<Op>()};
      names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 2);
    }
    return inputs;
  }();
  return list;
}

template <class Op>
constexpr const char* scalars_of() {
  if constexpr (elementwise<Op>)
    return algebra_needed<Op>();
  else if constexpr (runs_on<Op, archetype<algebra{.ring = true}>>)
    return "ring";
  else if constexpr (runs_on<Op, archetype<algebra{.ring = true, .ordered = true}>>)
    return "ordered_ring";
  else if constexpr (runs_on<Op, archetype<algebra{.ring = true, .division = true}>>)
    return "field";
  else
    return "analytic";
}
template <class Op>
std::span<const double> test_points_of() {
  if constexpr (requires { Op::test_points; })
    return Op::test_points;
  else
    return {};
}
}  // namespace impl

/// Everything the library holds of an operator that lies in ops/`folder`, after the comment `doc`.
template <class Op>
op_record make_record(const char* folder, const char* doc) {
  return {Op::info,
          Op::facts,
          family_of<Op>::facts,
          arity_of<Op>,
          folder,
          doc,
          impl::scalars_of<Op>(),
          impl::attributes_of<Op>(),
          impl::defaults_of<Op>(),
          alignof(Op),
          impl::inputs_of_record<Op>(),
          impl::test_points_of<Op>(),
          &builtin<Op, float>::table,
          &builtin<Op, double>::table};
}

}  // namespace axiograd
