#pragma once
// An operator's attributes: what each is, its name and meaning, and the one place where axes are resolved.

#include <axiograd/core/scalar/scalar.hpp>
#include <axiograd/core/shape.hpp>
#include <concepts>
#include <initializer_list>
#include <type_traits>

namespace axiograd {

/// An attribute without a default: an operator that has one cannot be called without it.
template <class T>
struct required {
  T value;
  template <std::convertible_to<T> U>
  constexpr required(U v) : value(v) {}
  constexpr required(std::initializer_list<int64_t> list)
    requires std::constructible_from<T, std::initializer_list<int64_t>>
      : value(list) {}
  template <class A, class B>
    requires std::constructible_from<T, A, B>
  constexpr required(A a, B b) : value(a, b) {}
  constexpr operator T() const { return value; }
  friend constexpr bool operator==(const required&, const required&) = default;
};

/// What an attribute's value is. An axis is one of the first input's unless the operator has an `axis_rank`; it is counted from
/// the end where it is negative, and resolved before anything else sees it.
enum class attribute_kind : unsigned char { boolean, integer, axis, axes, number, ratio, extents, list, choice };
constexpr const char* to_string(attribute_kind k) {
  constexpr const char* names[]{"boolean", "integer", "axis", "axes", "number", "ratio", "extents", "list", "choice"};
  return names[static_cast<int>(k)];
}

namespace impl {
template <class T>
struct attribute_value {
  using type = T;
};
template <class T>
struct attribute_value<required<T>> {
  using type = T;
};
template <class T>
constexpr attribute_kind kind_of_value() {
  if constexpr (std::same_as<T, bool>)
    return attribute_kind::boolean;
  else if constexpr (std::integral<T>)
    return attribute_kind::integer;
  else if constexpr (std::floating_point<T>)
    return attribute_kind::number;
  else if constexpr (std::same_as<T, ratio>)
    return attribute_kind::ratio;
  else if constexpr (std::same_as<T, shape>)
    return attribute_kind::list;
  else if constexpr (std::is_enum_v<T>)
    return attribute_kind::choice;
  else
    return attribute_kind::extents;
}
}  // namespace impl

/// Name, member and meaning of an attribute; the kind where the member's type does not say it.
template <class Op, class T>
struct attribute {
  using value_type = typename impl::attribute_value<T>::type;
  static constexpr bool is_required = !std::same_as<T, value_type>;
  const char* name;
  T Op::* member;
  const char* meaning;
  attribute_kind kind = impl::kind_of_value<value_type>();
};
template <class Op, class T>
attribute(const char*, T Op::*, const char*) -> attribute<Op, T>;
template <class Op, class T>
attribute(const char*, T Op::*, const char*, attribute_kind) -> attribute<Op, T>;

/// An operator's attributes in their order. Not std::tuple, whose instantiations were a third of what including all operators
/// cost the compiler.
template <class... A>
struct attribute_list {
  static constexpr int size = 0;
  template <class F>
  constexpr void for_each(const F&) const {}
  /// The list with one more at its end.
  template <class Last>
  constexpr attribute_list<Last> plus(const Last& a) const {
    return {a};
  }
};
template <class First, class... Rest>
struct attribute_list<First, Rest...> {
  static constexpr int size = 1 + static_cast<int>(sizeof...(Rest));
  First first;
  attribute_list<Rest...> rest;

  constexpr attribute_list(const First& a, const Rest&... more) : first(a), rest{more...} {}
  constexpr attribute_list(const First& a, const attribute_list<Rest...>& more)
    requires(sizeof...(Rest) > 0)
      : first(a), rest(more) {}

  template <class F>
  constexpr void for_each(const F& f) const {
    f(first);
    rest.for_each(f);
  }
  template <class Last>
  constexpr attribute_list<First, Rest..., Last> plus(const Last& a) const {
    return {first, rest.plus(a)};
  }
};
template <class... A>
attribute_list(const A&...) -> attribute_list<A...>;

namespace impl {
template <class Op>
inline constexpr bool has_axes = [] {
  bool found = false;
  if constexpr (requires { Op::attributes(); })
    Op::attributes().for_each(
        [&](const auto& a) { found = found || a.kind == attribute_kind::axis || a.kind == attribute_kind::axes; });
  return found;
}();
}  // namespace impl

/// Counts negative axes from the end: -rank <= axis < rank. Error: invalid_axis. Resolved axes stay as they are.
template <class Op>
constexpr shape_result resolve_axes([[maybe_unused]] Op& op, [[maybe_unused]] const shape& first_input) {
  shape_result done{shape{}};
  if constexpr (impl::has_axes<Op>) {
    int rank = first_input.rank;
    if constexpr (requires { op.axis_rank(first_input); }) rank = op.axis_rank(first_input);
    const auto resolve = [&](auto& axis) {
      if (axis < -rank || axis >= rank) {
        if (done) done = {error_kind::invalid_axis, "axis {} is out of range for {} axes", axis, rank};
      } else if (axis < 0) {
        axis += rank;
      }
    };
    Op::attributes().for_each([&]<class A>(const A& a) {
      using value_type = typename A::value_type;
      const auto value = [&]() -> value_type& {
        if constexpr (A::is_required)
          return (op.*a.member).value;
        else
          return op.*a.member;
      };
      if constexpr (std::same_as<value_type, int> || std::same_as<value_type, int64_t>) {
        if (a.kind == attribute_kind::axis) resolve(value());
      } else if constexpr (std::same_as<value_type, shape>) {
        if (a.kind == attribute_kind::axes)
          for (int i = 0; i < value().rank; ++i) resolve(value()[i]);
      }
    });
  }
  return done;
}

}  // namespace axiograd
