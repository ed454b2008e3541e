#pragma once
// Included only by the generated unit of each operator: defines its table, its record and the choice of its kernels.

#include <axiograd/core/reduction.hpp>
#include <axiograd/families/isa_kernels.hpp>
#include <axiograd/operators/operator_of.hpp>
#include <axiograd/operators/record.hpp>
#include <new>
#include <sstream>
#include <string>
#include <vector>

namespace axiograd {

template <class Op, class T>
const operator_table<T>& builtin<Op, T>::table() {
  static constexpr operator_table<T> table = make_table<Op, T, native_kernels<Op, T>>();
  return table;
}

namespace impl {

template <class T>
constexpr const char* type_name = "value";
template <std::integral T>
constexpr const char* type_name<T> = "int";
template <std::floating_point T>
constexpr const char* type_name<T> = "number";
template <>
inline constexpr const char* type_name<bool> = "bool";
template <>
inline constexpr const char* type_name<ratio> = "number";
template <>
inline constexpr const char* type_name<shape> = "shape";
template <>
inline constexpr const char* type_name<reduction> = "mean or sum";
template <class T>
constexpr const char* type_name<required<T>> = type_name<T>;
template <int N>
constexpr const char* type_name<extents<N>> = "ints";

template <class T>
void put(std::ostream& out, const T& value) {
  out << value;
}
inline void put(std::ostream& out, const ratio& r) {
  out << static_cast<double>(r.numerator) / static_cast<double>(r.denominator);
}
inline void put(std::ostream& out, reduction r) { out << to_string(r); }
inline void put(std::ostream& out, const shape& s) { out << to_string(s); }
template <int N>
void put(std::ostream& out, const extents<N>& e) {
  for (int i = 0; i < N; ++i) out << (i > 0 ? "," : "") << e[i];
}

template <class Op>
std::span<const attribute_record> attributes_of() {
  if constexpr (requires { Op::attributes(); }) {
    static const std::vector<attribute_record> list = [] {
      static std::vector<std::string> texts;  // owns the default values
      texts.clear();                          // those of an attempt that lacked memory would let the list grow, and move
      std::vector<attribute_record> records;
      const auto all = Op::attributes();
      texts.reserve(static_cast<std::size_t>(all.size));
      all.for_each([&]<class U>(const attribute<Op, U>& at) {
        const char* value = nullptr;
        if constexpr (std::default_initializable<Op>) {
          std::ostringstream text;
          put(text, Op{}.*at.member);
          if (!text) throw std::bad_alloc();  // a stream swallows it
          value = texts.emplace_back(text.str()).c_str();
        }
        records.push_back({at.name, type_name<U>, value, at.meaning});
      });
      return records;
    }();
    return list;
  } else {
    return {};
  }
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
          impl::test_points_of<Op>(),
          &builtin<Op, float>::table,
          &builtin<Op, double>::table};
}

}  // namespace axiograd
