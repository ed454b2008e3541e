#pragma once
// What an operator must say of itself, and how one call reaches numbers, tensors, variables and symbols.

#include <array>
#include <axiograd/core/operand.hpp>
#include <axiograd/core/scalar/dual.hpp>
#include <axiograd/core/scalar/scalar.hpp>
#include <axiograd/core/shape.hpp>
#include <axiograd/families/attributes.hpp>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <tuple>
#include <type_traits>
#include <utility>

namespace axiograd {

// ---- what an operator says -----------------------------------------------------------------------------------------------

/// A text that must be given: a schema without it does not compile.
struct text {
  const char* s;
  constexpr text(const char* t) : s(t) {}
};

/// The contract schema of an operator; every field is required.
struct op_info {
  text name;                 ///< the callable's name
  const char* inputs = "x";  ///< their names in the order of a call: "weight, bias, x"; PyTorch's where it has one
  text formula;              ///< the forward map
  text derivative;           ///< the derivative or the VJP
  text edges;                ///< kinks, empty inputs, NaN, singular points
  text source;               ///< where the formula comes from
  text torch;                ///< PyTorch's name for it, and what differs
};

enum class monotone : unsigned char { unknown, increasing, decreasing };
enum class curvature : unsigned char { unknown, convex, concave };

/// Facts that tools may rely on; the conformance suite checks each. Bounds hold for the float kernel: the error is at most
/// `max_ulp` units in the last place, or 2^-24 of the largest derivative beside zeros of the result.
struct op_facts {
  monotone order = monotone::unknown;
  curvature bend = curvature::unknown;
  double max_ulp = 0;             ///< of the value
  double derivative_max_ulp = 0;  ///< of each partial derivative
};

/// How many inputs an operator takes: tensors, one of which may be left out, then side inputs (indices, labels), which are
/// never differentiated.
struct arity {
  int tensors = 1;
  int optional = -1;  ///< the tensor that may be absent, a bias; -1: none
  int side = 0;
};

/// Calls each(k, g) for every tensor that the operator takes: g is its number among the `given` ones, or -1 for the optional
/// one where it is left out.
template <class F>
constexpr void for_each_input(const arity& in, std::size_t given, const F& each) {
  const bool absent = given < static_cast<std::size_t>(in.tensors);
  for (int k = 0, next = 0; k < in.tensors; ++k) each(static_cast<std::size_t>(k), absent && k == in.optional ? -1 : next++);
}

/// Ranks of one sample's inputs; an operator that states them, as a constant or as a function of its attributes and the shape
/// of its first input, accepts any leading axes before the sample (contract G8).
using sample_ranks = std::array<int, 6>;
template <class Op>
concept has_samples = requires { Op::ranks[0]; } || requires(const Op op, const shape s) { op.ranks(s); };
template <has_samples Op>
constexpr sample_ranks ranks_of(const Op& op, const shape& first_input) {
  if constexpr (requires { op.ranks(first_input); })
    return op.ranks(first_input);
  else
    return Op::ranks;
}

/// A set of input numbers.
struct input_set {
  unsigned bits = 0;
  constexpr input_set() = default;
  template <class... Inputs>
  constexpr explicit input_set(Inputs... inputs) : bits(((1u << inputs) | ... | 0u)) {}
  constexpr bool contains(int input) const { return (bits >> input & 1u) != 0; }
};

/// Partial derivatives of an elementwise operator, one per input.
template <class T, int N>
using partials = std::array<T, static_cast<std::size_t>(N)>;

template <class... Ops>
struct type_list {};

template <class Op>
inline constexpr arity arity_of = [] {
  if constexpr (requires { Op::in; }) return arity{Op::in};
  return arity{};
}();

/// The inputs that all samples, or all rows, share.
template <class Op>
inline constexpr input_set shared_of = [] {
  if constexpr (requires { Op::shared; }) return input_set{Op::shared};
  return input_set{};
}();

/// A value struct with a contract schema.
template <class Op>
concept operation = requires {
  { Op::info } -> std::convertible_to<op_info>;
};

// ---- the elementwise family on numbers -----------------------------------------------------------------------------------

namespace impl {
template <class Op, class T, std::size_t... I>
consteval bool has_value(std::index_sequence<I...>) {
  return requires(const Op op, const T x) { op.value(((void)I, x)...); };
}
template <class Op, class T, std::size_t... I>
consteval bool has_derivative(std::index_sequence<I...>) {
  return requires(const Op op, const T x) { op.derivative(((void)I, x)..., x); };
}
template <class Op>
using inputs_of = std::make_index_sequence<static_cast<std::size_t>(arity_of<Op>.tensors)>;
}  // namespace impl

/// Op::value accepts numbers of type T.
template <class Op, class T>
concept elementwise_on = operation<Op> && scalar<T> && impl::has_value<Op, T>(impl::inputs_of<Op>{});
/// Operators that act on each position by itself.
template <class Op>
concept elementwise = elementwise_on<Op, double>;

template <class Op, scalar T, std::same_as<T>... Ts>
AXG_HD constexpr partials<T, 1 + sizeof...(Ts)> differentiate(const Op& op, const T& y, const T& x, const Ts&... xs);

/// The operator's value at numbers. On duals the tangent comes from the operator's own derivative, so that the contract's
/// conventions at kinks hold at every order.
template <class Op, scalar T, std::same_as<T>... Ts>
AXG_HD constexpr T evaluate(const Op& op, const T& x, const Ts&... xs) {
  return op.value(x, xs...);
}
template <class Op, scalar T, std::same_as<dual<T>>... Ts>
AXG_HD constexpr dual<T> evaluate(const Op& op, const dual<T>& x, const Ts&... xs) {
  const T y = evaluate(op, x.v, xs.v...);
  const auto slope = differentiate(op, y, x.v, xs.v...);
  T tangent = slope[0] * x.d;
  std::size_t i = 1;
  ((tangent = tangent + slope[i++] * xs.d), ...);
  return {y, tangent};
}

/// Partial derivatives at numbers: the operator's own, or forward mode through `value` where it states none.
template <class Op, scalar T, std::same_as<T>... Ts>
AXG_HD constexpr partials<T, 1 + sizeof...(Ts)> differentiate(const Op& op, const T& y, const T& x, const Ts&... xs) {
  if constexpr (requires { op.derivative(x, xs..., y); }) {
    return {op.derivative(x, xs..., y)};
  } else {
    constexpr std::size_t n = 1 + sizeof...(Ts);
    const std::array<T, n> at{x, xs...};
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto along = [&](std::size_t seed) { return op.value(dual<T>(at[I], T(I == seed ? 1 : 0))...).d; };
      return partials<T, static_cast<int>(n)>{along(I)...};
    }(std::make_index_sequence<n>{});
  }
}

// ---- the algebra an operator needs ---------------------------------------------------------------------------------------

namespace impl {
/// A number type with exactly one level of the lattice; never evaluated.
template <algebra A>
struct archetype {
  archetype();
  explicit(false) archetype(int);
  explicit(false) archetype(double);
};
template <algebra A>
archetype<A> operator+(archetype<A>, archetype<A>);
template <algebra A>
archetype<A> operator-(archetype<A>, archetype<A>);
template <algebra A>
archetype<A> operator*(archetype<A>, archetype<A>);
template <algebra A>
archetype<A> operator-(archetype<A>);
template <algebra A>
  requires(A.division)
archetype<A> operator/(archetype<A>, archetype<A>);
template <algebra A>
  requires(A.ordered)
bool operator>(archetype<A>, archetype<A>);
}  // namespace impl
template <algebra A>
inline constexpr algebra algebra_of<impl::archetype<A>> = A;

/// The weakest concept whose numbers the elementwise operator accepts: "ring", "ordered_ring", "field" or "analytic".
template <elementwise Op>
consteval const char* algebra_needed() {
  if (elementwise_on<Op, impl::archetype<algebra{.ring = true}>>) return "ring";
  if (elementwise_on<Op, impl::archetype<algebra{.ring = true, .ordered = true}>>) return "ordered_ring";
  if (elementwise_on<Op, impl::archetype<algebra{.ring = true, .division = true}>>) return "field";
  if (elementwise_on<Op, impl::archetype<algebra{.ring = true, .ordered = true, .division = true}>>) return "ordered field";
  return "analytic";
}

// ---- calls ---------------------------------------------------------------------------------------------------------------

/// Whether the numbers of tensors and of side inputs fit the operator.
template <class Op, class... X>
concept calls = sizeof...(X) <= arity_of<Op>.tensors + arity_of<Op>.side &&
                sizeof...(X) + (arity_of<Op>.optional >= 0 ? 1 : 0) >= arity_of<Op>.tensors + arity_of<Op>.side &&
                (operand<X> && ...) && ((is_index_tensor<X> ? 1 : 0) + ... + 0) == arity_of<Op>.side;

/// The same without attributes: the operator has defaults for them. It depends on the operands, so that nobody asks before a
/// call.
template <class Op, class... X>
concept calls_with_defaults = calls<Op, X...> && std::default_initializable<Op>;

/// An operator whose attributes are known to the compiler: `conv2d<conv2d_op{.stride = {2, 2}}>(w, b, x)`.
template <auto Op>
struct fixed {
  using type = std::remove_cvref_t<decltype(Op)>;
};

namespace impl {
template <std::size_t N>
struct fixed_text {
  char s[N]{};
  constexpr const char* data() const { return s; }
  constexpr std::size_t size() const {
    std::size_t n = 0;
    while (s[n] != '\0') ++n;
    return n;
  }
};
/// At most 30 characters from position `from` on; clang prints no longer texts.
template <fixed_text Sentence, std::size_t Piece>
consteval auto piece_of() {
  constexpr std::size_t from = 30 * Piece, left = Sentence.size() - from;
  fixed_text<(left < 30 ? left : 30) + 1> piece;
  for (std::size_t i = 0; i + 1 < sizeof(piece.s); ++i) piece.s[i] = Sentence.s[from + i];
  return piece;
}
template <fixed_text... Pieces>
struct error_text {
  static_assert(sizeof...(Pieces) == 0, "an operator was called on something it does not accept: see error_text<...>");
};
template <fixed_text Sentence, std::size_t... Piece>
consteval auto in_pieces(std::index_sequence<Piece...>) {
  return error_text<piece_of<Sentence, Piece>()...>{};
}
/// Fails to compile with a sentence, which stands in the arguments of error_text.
template <fixed_text Sentence>
consteval void must() {
  (void)in_pieces<Sentence>(std::make_index_sequence<(Sentence.size() + 29) / 30>{});
}
template <class Op>
consteval auto scalar_sentence() {
  fixed_text<120> out;
  std::size_t n = 0;
  const auto add = [&](const char* t) {
    while (*t != '\0') out.s[n++] = *t++;
  };
  const char* const need = algebra_needed<Op>();
  add(Op::info.name.s);
  add(need[0] == 'a' || need[0] == 'o' ? " needs an " : " needs a ");
  add(need);
  add(" scalar");
  return out;
}
}  // namespace impl

/// Calls on plain numbers run the specification.
template <operation Op, scalar T, std::same_as<T>... Ts>
AXG_HD constexpr auto interpret(const Op& op, const T& x, const Ts&... xs) {
  static_assert(elementwise<Op>, "this operator is not elementwise: call it on tensors or variables");
  if constexpr (elementwise_on<Op, T>)
    return evaluate(op, x, xs...);
  else
    return impl::must<impl::scalar_sentence<Op>()>();
}
/// Fixed attributes are ordinary ones unless a handle's type can use them.
template <auto Op, class... X>
AXG_HD constexpr auto interpret(fixed<Op>, const X&... x) {
  return interpret(Op, x...);
}
namespace impl {
template <class Op, class... X>
AXG_HD constexpr auto call_default(const X&... x) {
  return interpret(fixed<Op{}>{}, x...);
}
template <class Op, class... X>
AXG_HD constexpr auto call(const Op& op, const X&... x) {
  return interpret(op, x...);
}
}  // namespace impl

/// Whether the library itself instantiates the operator on float and double, with fast kernels.
template <class Op>
inline constexpr bool is_builtin = false;

/// Makes the callable of NAME_op: inputs first, attributes last (`softmax(x, {.axis = 0})`) or as a template argument.
/// Attributes last follow at most three inputs; few operators have more, and AXG_CALLABLE_OF_MORE is for them.
#define AXG_CALLABLE(name)                                                              \
  template <class... X>                                                                 \
    requires axiograd::calls_with_defaults<name##_op, X...>                             \
  AXG_HD constexpr auto name(const X&... x) {                                           \
    return axiograd::impl::call_default<name##_op>(x...);                               \
  }                                                                                     \
  template <class A>                                                                    \
    requires axiograd::calls<name##_op, A>                                              \
  AXG_HD constexpr auto name(const A& a, const name##_op& op) {                         \
    return axiograd::impl::call(op, a);                                                 \
  }                                                                                     \
  template <class A, class B>                                                           \
    requires axiograd::calls<name##_op, A, B>                                           \
  AXG_HD constexpr auto name(const A& a, const B& b, const name##_op& op) {             \
    return axiograd::impl::call(op, a, b);                                              \
  }                                                                                     \
  template <class A, class B, class C>                                                  \
    requires axiograd::calls<name##_op, A, B, C>                                        \
  AXG_HD constexpr auto name(const A& a, const B& b, const C& c, const name##_op& op) { \
    return axiograd::impl::call(op, a, b, c);                                           \
  }                                                                                     \
  template <name##_op Op, class... X>                                                   \
    requires axiograd::calls<name##_op, X...>                                           \
  AXG_HD constexpr auto name(const X&... x) {                                           \
    return axiograd::impl::call(axiograd::fixed<Op>{}, x...);                           \
  }

/// The calls with attributes last for an operator of four to six inputs, beside AXG_CALLABLE or AXG_OPERATOR.
#define AXG_CALLABLE_OF_MORE(name)                                                                                          \
  template <class A, class B, class C, class D>                                                                             \
    requires axiograd::calls<name##_op, A, B, C, D>                                                                         \
  AXG_HD constexpr auto name(const A& a, const B& b, const C& c, const D& d, const name##_op& op) {                         \
    return axiograd::impl::call(op, a, b, c, d);                                                                            \
  }                                                                                                                         \
  template <class A, class B, class C, class D, class E>                                                                    \
    requires axiograd::calls<name##_op, A, B, C, D, E>                                                                      \
  AXG_HD constexpr auto name(const A& a, const B& b, const C& c, const D& d, const E& e, const name##_op& op) {             \
    return axiograd::impl::call(op, a, b, c, d, e);                                                                         \
  }                                                                                                                         \
  template <class A, class B, class C, class D, class E, class F>                                                           \
    requires axiograd::calls<name##_op, A, B, C, D, E, F>                                                                   \
  AXG_HD constexpr auto name(const A& a, const B& b, const C& c, const D& d, const E& e, const F& f, const name##_op& op) { \
    return axiograd::impl::call(op, a, b, c, d, e, f);                                                                      \
  }

/// An operator of the library: its callable, and the mark that its own unit instantiates it. Use inside namespace axiograd.
#define AXG_OPERATOR(name) \
  AXG_CALLABLE(name)       \
  template <>              \
  inline constexpr bool is_builtin<name##_op> = true;

}  // namespace axiograd
