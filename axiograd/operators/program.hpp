#pragma once
// Elementwise programs: what a lambda becomes when it is run once on symbols. A block interpreter runs them through the
// operators' own fast kernels, forwards and backwards.

#include <axiograd/operators/operator_of.hpp>
#include <cstring>
#include <vector>

namespace axiograd {

/// A sequence of elementwise operators over registers. Registers are numbered: inputs, then one for each step.
class program {
 public:
  /// One step: a constant, or an operator with its attributes.
  struct step {
    const operator_table<float>& (*f32)() = nullptr;  ///< null for a constant
    const operator_table<double>& (*f64)() = nullptr;
    double constant = 0;
    int arguments = 0;
    std::array<int, 4> argument{};
    alignas(16) std::array<std::byte, 64> attributes{};

    friend bool operator==(const step&, const step&) = default;
  };

  explicit program(int inputs) : inputs_(inputs) {}
  int inputs() const { return inputs_; }
  const std::vector<step>& steps() const { return steps_; }
  /// Adds a step and gives its register; a step that is there already is not repeated.
  int add(const step& s);
  /// The register that holds the result.
  int result() const { return result_; }
  void set_result(int reg) { result_ = reg; }

  /// y[i] = program(in[0][i], ...) for n positions.
  template <class T>
  void forward(const T* const* in, T* y, int64_t n) const;
  /// Adds the derivatives at `in`, where the value is y, times dy to each dx that is not null; writes those whose bit in
  /// `fresh` is set.
  template <class T>
  void vjp(const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n) const;

 private:
  int inputs_;
  int result_ = 0;
  std::vector<step> steps_;
};

/// A number that records what is done to it: operators on symbols append steps to their program.
class symbol {
 public:
  symbol(program& where, int reg) : where_(&where), register_(reg) {}
  symbol(double constant) : constant_(constant) {}

  bool is_constant() const { return where_ == nullptr; }
  program* where() const { return where_; }
  double constant() const { return constant_; }
  /// The register in `p`; a constant becomes a step.
  int register_in(program& p) const { return is_constant() ? p.add({.constant = constant_}) : register_; }

 private:
  program* where_ = nullptr;
  int register_ = 0;
  double constant_ = 0;
};

template <>
inline constexpr bool is_operand<symbol> = true;
inline symbol constant_like(const symbol&, double value) { return symbol(value); }

/// Operators on symbols are recorded; on constants they are computed.
template <operation Op, std::same_as<symbol>... Rest>
symbol interpret(const Op& op, const symbol& x, const Rest&... rest) {
  static_assert(elementwise<Op>, "map: only elementwise operators can be used inside a fused lambda");
  static_assert(sizeof(Op) <= 64 && sizeof...(Rest) < 4, "map: the operator has too many attributes or inputs");
  program* where = nullptr;
  for (const symbol* s : {&x, &rest...})
    if (!s->is_constant()) where = s->where();
  if (where == nullptr) return symbol(evaluate(op, x.constant(), rest.constant()...));
  program::step s;
  s.f32 = +[]() -> const operator_table<float>& { return table_of<Op, float>(); };
  s.f64 = +[]() -> const operator_table<double>& { return table_of<Op, double>(); };
  s.arguments = 1 + static_cast<int>(sizeof...(Rest));
  s.argument = {x.register_in(*where), rest.register_in(*where)...};
  if constexpr (!std::is_empty_v<Op>) std::memcpy(s.attributes.data(), &op, sizeof(Op));
  return symbol(*where, where->add(s));
}

/// What a lambda does, recorded once.
template <class F, int Inputs>
const program& program_of() {
  static const program recorded = [] {
    program p(Inputs);
    const symbol y = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return symbol(F{}(symbol(p, static_cast<int>(I))...));
    }(std::make_index_sequence<static_cast<std::size_t>(Inputs)>{});
    p.set_result(y.register_in(p));
    return p;
  }();
  return recorded;
}

/// A lambda as an elementwise operator: on float and double it runs its program, on every other number the lambda itself.
template <class F, int Inputs>
struct map_op {
  static_assert(std::is_empty_v<F> && std::default_initializable<F>,
                "map: the lambda must not capture anything; pass values as further inputs");
  static constexpr op_info info{.name = "map",
                                .formula = "f(x, ...)",
                                .derivative = "by the operators that f is made of",
                                .edges = "those of the operators in f",
                                .source = "the caller",
                                .torch = "torch.compile of an elementwise function"};
  static constexpr op_facts facts{};
  static constexpr arity in{.tensors = Inputs};

  template <scalar T, std::same_as<T>... Ts>
  constexpr T value(const T& x, const Ts&... xs) const {
    return T(F{}(x, xs...));
  }
  /// The table that runs the program.
  template <class T>
    requires(std::same_as<T, float> || std::same_as<T, double>)
  static const operator_table<T>& table() {
    struct kernels {
      static const span_kernels<T>& get() {
        static constexpr span_kernels<T> run{
            [](const void*, const T* const* x, T* y, int64_t n) { program_of<F, Inputs>().forward(x, y, n); },
            [](const void*, const T* const* x, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n) {
              program_of<F, Inputs>().vjp(x, y, dy, dx, fresh, n);
            }};
        return run;
      }
    };
    static constexpr operator_table<T> made = make_table<map_op, T, kernels>();
    return made;
  }
};

/// A fused elementwise operator from one generic lambda that captures nothing:
/// `map([](auto x, auto a) { return gelu(x * a) * tanh(x); }, x, a)`.
///
/// Shapes: all inputs alike. The lambda may use + - * /, `select(a > b, x, y)`, numbers, and every elementwise operator.
template <class F, operand X, operand... Xs>
  requires(!operand<F>)
auto map(F, const X& x, const Xs&... xs) {
  return interpret(fixed<map_op<F, 1 + static_cast<int>(sizeof...(Xs))>{}>{}, x, xs...);
}

}  // namespace axiograd
