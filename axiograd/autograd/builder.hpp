#pragma once
// The builder (contract 17): threads a tape and the first error through code that reads like eager code.

#include <axiograd/autograd/var.hpp>
#include <utility>

namespace axiograd {

/// Runs a program over variables. The first error ends it: later operators do nothing, and the error is the result. Nothing
/// throws, and what the program itself throws is an error too (domain_error, unless it is a `failure` or std::bad_alloc); the
/// tape that was given is never touched. A variable that the program returns keeps its number only: the tape is handed over.
template <scalar T>
class tape_builder : public recorder<T> {
 public:
  /// program(builder) -> V or result<V>; gives the value and the tape.
  template <class Program>
  static auto run(tape<T> initial, Program&& program) {
    using answer = std::invoke_result_t<Program&, tape_builder&>;
    using value = typename value_of<answer>::type;
    using both = std::pair<value, tape<T>>;
    tape_builder b(std::move(initial));
    return guarded([&]() -> result<both> {
      result<answer> r = guarded([&]() -> result<answer> { return program(b); });
      if (b.error_) return tl::unexpected(*std::move(b.error_));
      if (!r) return tl::unexpected(std::move(r).error());
      if constexpr (value_of<answer>::is_result) {
        if (!*r) return tl::unexpected((*std::move(r)).error());
        return both(handed_over(**std::move(r)), std::move(b.tape_));
      } else {
        return both(handed_over(*std::move(r)), std::move(b.tape_));
      }
    });
  }
  /// The program's value alone.
  template <class Program>
  static auto eval(tape<T> initial, Program&& program) {
    return run(std::move(initial), std::forward<Program>(program)).map([](auto&& both) { return std::move(both.first); });
  }
  /// The program's tape alone.
  template <class Program>
  static result<tape<T>> exec(tape<T> initial, Program&& program) {
    return run(std::move(initial),
               [&](tape_builder& b) {
                 if constexpr (std::is_void_v<std::invoke_result_t<Program&, tape_builder&>>) {
                   program(b);
                   return true;
                 } else {
                   return program(b);
                 }
               })
        .map([](auto&& both) { return std::move(both.second); });
  }

  var<T> leaf(const tensor<T>& value, std::string_view name = {}, bool requires_grad = true) {
    return {*this, this->error_ ? node_id{0} : this->resolve(this->tape_.leaf(value, name, requires_grad), node_id{0})};
  }
  var<T> constant(const tensor<T>& value) { return leaf(value, {}, false); }
  /// A leaf whose shape is in its type.
  template <shape S>
  var<T, S> input(const tensor<T>& value, std::string_view name = {}) {
    return var<T, S>(leaf(value, name));
  }
  template <operation Op, class... In>
  auto apply(const Op& op, const In&... in) {
    return interpret(op, in...);
  }
  /// A node of the program's own.
  var<T> add_node(node<T> n) {
    return {*this, this->error_ ? node_id{0} : this->resolve(this->tape_.add_node(std::move(n)), node_id{0})};
  }
  /// A node of a tape that the builder continues. Errors: invalid_node_id.
  var<T> at(node_id id) {
    const var<T> x(*this, id);
    return x.usable("at") ? x : var<T>(*this, 0);
  }

  const tape<T>& get_tape() const { return this->tape_; }
  /// Continues another tape. Variables of before are errors from now on; `at` makes new ones.
  void set_tape(tape<T> t) {
    this->tape_ = std::move(t);
    this->begin_generation();
  }

  /// Gradients of a scalar variable on the current tape, which stays as it is.
  template <shape S>
  result<gradient_map<T>> backward_scalar(const var<T, S>& output) const {
    return guarded([&]() -> result<gradient_map<T>> {
      if (auto ok = usable("backward_scalar", output); !ok) return tl::unexpected(std::move(ok).error());
      return this->tape_.backward_scalar(output.id());
    });
  }
  template <shape S>
  result<gradient_map<T>> backward(const var<T, S>& output, const tensor<T>& seed) const {
    return guarded([&]() -> result<gradient_map<T>> {
      if (auto ok = usable("backward", output); !ok) return tl::unexpected(std::move(ok).error());
      return this->tape_.backward(output.id(), seed);
    });
  }

 private:
  template <class R>
  struct value_of {
    using type = R;
    static constexpr bool is_result = false;
  };
  template <class V>
  struct value_of<result<V>> {
    using type = V;
    static constexpr bool is_result = true;
  };
  template <class F>
  static auto guarded(const F& body) -> decltype(body()) {
    return axiograd::guarded("tape_builder", error_kind::domain_error, body);
  }
  template <shape S>
  result<void> usable(std::string_view who, const var<T, S>& output) const {
    if (this->error_) return tl::unexpected(*this->error_);
    return this->check(who, output);
  }
  template <class V>
  static V handed_over(V value) {
    if constexpr (impl::is_var<V>)
      return value.detached();
    else
      return value;
  }

  explicit tape_builder(tape<T> initial) : recorder<T>(false, std::move(initial)) {}
};

}  // namespace axiograd
