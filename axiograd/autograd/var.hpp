#pragma once
// Variables: handles to nodes. Operators on them append to the tape that they belong to.

#include <axiograd/autograd/tape.hpp>

namespace axiograd {

template <scalar T, shape Shape = dynamic_shape>
class var;

/// A number that no call gave before.
std::uint64_t next_generation();

/// A tape with a policy for errors: what variables point to. Use `recording` (throws) or `tape_builder` (collects). It must
/// outlive its variables.
template <scalar T>
class recorder {
 public:
  explicit recorder(bool throws, tape<T> initial = {}) : tape_(std::move(initial)), throws_(throws) {}
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;

  const tape<T>& current_tape() const { return tape_; }
  const std::optional<error>& first_error() const { return error_; }
  /// The number that its variables carry: no other recorder has it, and this one until its tape is cleared or replaced.
  std::uint64_t generation() const { return generation_; }
  /// Whether the variable stands for a node of this recorder's tape. Errors: invalid_node_id, in the name of `who`.
  template <shape S>
  result<void> check(std::string_view who, const var<T, S>& x) const {
    if (&x.where() != this)
      return fail(error_kind::invalid_node_id,
                  message({who, ": the variable of node ", x.id(), " belongs to another recorder"}));
    if (x.generation() != generation_)
      return fail(error_kind::invalid_node_id, message({who, ": the variable of node ", x.id(),
                                                        " is from before its recorder's tape was cleared, replaced or handed "
                                                        "over"}));
    if (x.id() >= tape_.size())
      return fail(error_kind::invalid_node_id,
                  message({who, ": node ", x.id(), " is not on the tape of ", tape_.size(), " nodes"}));
    return {};
  }

 protected:
  /// The value; on an error throws, or remembers the first one and gives a value that is never looked at.
  template <class V>
  V resolve(result<V> r, V otherwise) {
    if (r) return *std::move(r);
    if (throws_) throw failure(std::move(r).error());
    if (!error_) error_ = std::move(r).error();
    return otherwise;
  }

  /// From now on all variables made before are errors.
  void begin_generation() { generation_ = next_generation(); }

  std::uint64_t generation_ = next_generation();
  tape<T> tape_;
  std::optional<error> error_;
  bool throws_;
  template <scalar U, shape S>
  friend class var;
  friend struct recorder_access;
};

/// A node of a recorder's tape. `Shape` is what the compiler knows of its shape: all of it, some extents (`any` for the
/// others), or nothing. A variable of another recorder, or from before its own one's tape was cleared, is an error
/// (invalid_node_id) wherever it is used.
template <scalar T, shape Shape>
class var {
 public:
  using value_type = T;
  static constexpr axiograd::shape static_shape = Shape;

  var(recorder<T>& where, node_id id) : where_(&where), id_(id), generation_(where.generation_) {}
  /// Less knowledge is always fine; more is checked, and `failure` (shape_mismatch) reports a difference.
  template <axiograd::shape Other>
    requires(Other != Shape)
  var(const var<T, Other>& other) : where_(&other.where()), id_(other.id()), generation_(other.generation()) {
    require_static_shape();
  }

  node_id id() const { return id_; }
  recorder<T>& where() const { return *where_; }
  std::uint64_t generation() const { return generation_; }
  /// Whether it stands for a value: not where a builder remembers an error. Reports an error of its own in the name of `who`.
  bool usable(std::string_view who) const {
    if (where_->error_) return false;
    if (generation_ == where_->generation_ && id_ < where_->tape_.size()) return true;
    where_->template resolve<int>(where_->check(who, *this).map([] { return 0; }), 0);
    return false;
  }
  axiograd::shape shape() const { return usable("shape") ? where_->tape_.shape_of(id_) : axiograd::shape{}; }
  tensor<T> value() const {
    if (!usable("value")) return {};
    result<tensor<T>> y = where_->tape_.value(id_);
    return y ? *std::move(y) : where_->resolve(std::move(y), tensor<T>());
  }
  /// The entry of a variable that has exactly one.
  T item() const { return value().item(); }
  /// The same node's number without its tape, for when that has been handed over: every use is an error.
  var detached() const {
    static recorder<T> nobody(true);
    var x(nobody, id_);
    x.generation_ = 0;
    return x;
  }

 private:
  void require_static_shape() const {
    if constexpr (Shape != dynamic_shape) {
      if (!usable("var")) return;
      const axiograd::shape s = where_->tape_.shape_of(id_);
      bool fits = s.rank == Shape.rank;
      for (int axis = 0; fits && axis < s.rank; ++axis) fits = Shape[axis] == any || Shape[axis] == s[axis];
      if (!fits)
        where_->template resolve<node_id>(
            fail(error_kind::shape_mismatch, message({"var: the value has shape ", s, ", the type says ", Shape})), node_id{0});
    }
  }
  recorder<T>* where_;
  node_id id_;
  std::uint64_t generation_;
};

template <scalar T, shape S>
inline constexpr bool is_operand<var<T, S>> = true;

/// What the layers above use of a recorder.
struct recorder_access {
  template <class T>
  static tape<T>& tape_of(recorder<T>& r) {
    return r.tape_;
  }
  template <class T, class V>
  static V resolve(recorder<T>& r, result<V> v, V otherwise) {
    return r.resolve(std::move(v), std::move(otherwise));
  }
};

/// The same number at every position of a variable like x, as a constant of its tape.
template <scalar T, shape S>
var<T, S> constant_like(const var<T, S>& x, double value) {
  auto& where = x.where();
  if (!x.usable("constant_like")) return x;
  return {where, recorder_access::resolve(
                     where, recorder_access::tape_of(where).leaf(tensor<T>::full(x.shape(), T(value)), {}, false), node_id{0})};
}

namespace impl {
template <class X>
inline constexpr bool is_var = false;
template <class T, shape S>
inline constexpr bool is_var<var<T, S>> = true;
template <class X, class T>
inline constexpr bool is_var_over = false;
template <class T, shape S>
inline constexpr bool is_var_over<var<T, S>, T> = true;
template <class T, class X>
concept recordable = is_var_over<X, T> || std::same_as<X, tensor<T>> || std::same_as<X, index_tensor>;

template <class X, class... Rest>
auto& recorder_of(const X& x, const Rest&... rest) {
  if constexpr (is_var<X>)
    return x.where();
  else
    return recorder_of(rest...);
}

/// Whether an operand is no variable, or one that the recorder made since its tape was last cleared.
template <class T, class X>
bool belongs_to(const recorder<T>& where, const X& x) {
  if constexpr (is_var<X>)
    return x.generation() == where.generation();
  else
    return true;
}
/// The error of the first operand that does not belong to the recorder.
template <class T, class... X>
[[gnu::cold, gnu::noinline]] node_id refuse_foreign(recorder<T>& where, const char* who, const X&... x) {
  result<node_id> r = node_id{0};
  const auto check = [&](const auto& operand) {
    if constexpr (is_var<std::remove_cvref_t<decltype(operand)>>)
      if (r)
        if (auto ok = where.check(who, operand); !ok) r = tl::unexpected(std::move(ok).error());
  };
  (check(x), ...);
  return recorder_access::resolve(where, std::move(r), node_id{0});
}

/// Ids of variables, constants made of tensors, indices as they are.
template <class T, class X>
auto as_input(recorder<T>& where, const X& x) {
  if constexpr (is_var<X>) {
    return x.id();
  } else if constexpr (std::same_as<X, tensor<T>>) {
    auto& t = recorder_access::tape_of(where);
    return recorder_access::resolve(where, t.leaf(x, {}, false), node_id{0});
  } else {
    return x;
  }
}

// ---- shapes in types -----------------------------------------------------------------------------------------------------

/// The sentence of a failed shape rule: "matmul: inner sizes differ: 2 and 4, shapes (4,2) and (4,2)".
template <std::size_t N>
struct sentence_writer {
  fixed_text<N> out;
  std::size_t n = 0;
  constexpr void put(char c) {
    if (n + 1 < N) out.s[n++] = c;
  }
  constexpr void put(const char* t) {
    while (*t != '\0') put(*t++);
  }
  constexpr void put(int64_t value) {
    if (value == any) return put("any");
    if (value < 0) put('-');
    char digits[20]{};
    int count = 0;
    uint64_t rest = value < 0 ? uint64_t(0) - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    do {
      digits[count++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    while (count > 0) put(digits[--count]);
  }
  constexpr void put(const shape& s) {
    put('(');
    for (int axis = 0; axis < s.rank; ++axis) {
      if (axis > 0) put(',');
      put(s[axis]);
    }
    put(')');
  }
  template <std::size_t M>
  constexpr void put(const std::array<const shape*, M>& shapes) {
    for (std::size_t i = 0; i < M; ++i) {
      if (i > 0) put(i + 1 == M ? " and " : ", ");
      put(*shapes[i]);
    }
  }
};

template <auto Op, shape... S>
consteval auto shape_sentence() {
  constexpr std::array<shape, sizeof...(S)> in{S...};
  std::array<const shape*, sizeof...(S)> pointers{};
  for (std::size_t i = 0; i < in.size(); ++i) pointers[i] = &in[i];
  const shape_result r = infer(Op, in_order<decltype(Op)>(pointers));
  sentence_writer<200> w;
  w.put(decltype(Op)::info.name.s);
  w.put(": ");
  std::size_t next = 0;
  bool told_shapes = false;
  for (const char* c = r.text; *c != '\0'; ++c) {
    if (c[0] == '{' && c[1] == '}') {
      w.put(r.numbers[next++]);
      ++c;
    } else if (c[0] == '{') {
      w.put(pointers);
      told_shapes = true;
      while (*c != '}') ++c;
    } else {
      w.put(*c);
    }
  }
  if (!told_shapes) {
    w.put(", shapes ");
    w.put(pointers);
  }
  return w.out;
}

template <shape S>
inline constexpr bool fully_known = S.rank >= 0 && [] {
  for (const int64_t extent : S)
    if (extent == any) return false;
  return true;
}();

/// Extents that are `any` are tried as two different sizes: where the answers differ, the result's extent is `any` too.
template <auto Op, shape... S>
consteval shape_result infer_static() {
  const auto with = [](int64_t stand_in) {
    std::array<shape, sizeof...(S)> in{S...};
    std::array<const shape*, sizeof...(S)> pointers{};
    for (std::size_t i = 0; i < in.size(); ++i) {
      for (int axis = 0; axis < in[i].rank; ++axis)
        if (in[i][axis] == any) in[i][axis] = stand_in;
      pointers[i] = &in[i];
    }
    return infer(Op, in_order<decltype(Op)>(pointers));
  };
  if constexpr ((fully_known<S> && ...)) {
    return with(1);
  } else {
    const shape_result a = with(97), b = with(101);  // two primes: extents that depend on `any` come out different
    if (!a || !b || a->rank != b->rank) return dynamic_shape;
    shape s = *a;
    for (int axis = 0; axis < s.rank; ++axis)
      if ((*a)[axis] != (*b)[axis]) s[axis] = any;
    return s;
  }
}

template <auto Op, shape... S>
consteval shape result_shape() {
  if constexpr (((S.rank < 0) || ...)) {
    return dynamic_shape;
  } else {
    constexpr shape_result r = infer_static<Op, S...>();
    if constexpr (!r) must<shape_sentence<Op, S...>()>();
    return r.value;
  }
}
template <class X>
consteval shape static_shape_of() {
  if constexpr (is_var<X>)
    return X::static_shape;
  else
    return dynamic_shape;
}

template <class T, shape S, class Op, class... X>
var<T, S> record(const Op& op, const X&... x) {
  static_assert((recordable<T, X> && ...), "operands of one call are variables and tensors over one number type");
  recorder<T>& where = recorder_of(x...);
  if (where.first_error()) return {where, 0};
  if (!(belongs_to(where, x) && ...)) return {where, refuse_foreign(where, Op::info.name.s, x...)};
  auto& t = recorder_access::tape_of(where);
  const auto append = [&](const auto&... in) { return t.apply(op, in...); };
  return {where, recorder_access::resolve(where, append(as_input(where, x)...), node_id{0})};
}
}  // namespace impl

/// Operators on variables append a node; with attributes known at run time only, the result's shape is known there too.
template <operation Op, class A, class... X>
  requires(impl::is_var<A> || (impl::is_var<X> || ...))
auto interpret(const Op& op, const A& a, const X&... x) {
  using T = typename std::remove_cvref_t<decltype(impl::recorder_of(a, x...).current_tape())>::value_type;
  return impl::record<T, dynamic_shape>(op, a, x...);
}
/// With attributes known to the compiler, shapes are checked and derived there.
template <auto Op, class A, class... X>
  requires(impl::is_var<A> || (impl::is_var<X> || ...))
auto interpret(fixed<Op>, const A& a, const X&... x) {
  using T = typename std::remove_cvref_t<decltype(impl::recorder_of(a, x...).current_tape())>::value_type;
  return impl::record<T, impl::result_shape<Op, impl::static_shape_of<A>(), impl::static_shape_of<X>()...>()>(Op, a, x...);
}

// ---- front ends ----------------------------------------------------------------------------------------------------------

/// Eager recording: operators on its variables compute at once; errors are thrown as `failure`.
template <scalar T>
class recording : public recorder<T> {
 public:
  recording() : recorder<T>(true) {}

  /// A variable that gradients are wanted for.
  var<T> leaf(const tensor<T>& value, std::string_view name = {}) { return add<dynamic_shape>(value, name, true); }
  /// A variable that no gradient flows into.
  var<T> constant(const tensor<T>& value) { return add<dynamic_shape>(value, {}, false); }
  /// A leaf whose shape is in its type; a value of another shape is a `failure`.
  template <shape S>
  var<T, S> input(const tensor<T>& value, std::string_view name = {}) {
    if (impl::fully_known<S> && value.shape() != S)
      throw failure(
          {error_kind::shape_mismatch, message({"input: the value has shape ", value.shape(), ", the type says ", S})});
    return var<T, S>(add<dynamic_shape>(value, name, true));
  }
  /// Forgets every node and keeps the memory. Variables of before are errors from now on.
  void clear() {
    this->tape_.clear();
    this->begin_generation();
  }

 private:
  template <shape S>
  var<T, S> add(const tensor<T>& value, std::string_view name, bool requires_grad) {
    return {*this, ok_or_throw(this->tape_.leaf(value, name, requires_grad))};
  }
};

/// The gradient of a scalar variable with respect to each of `wrt`; zeros where it does not depend on one.
///
/// Errors: throws `failure`: invalid_node_id for variables of several recorders or of before a `clear`; seed_shape_mismatch
/// unless the output is a scalar; a builder's first error.
template <scalar T, shape S>
std::vector<tensor<T>> grad(const var<T, S>& output, std::type_identity_t<std::span<const var<T>>> wrt) {
  if (output.where().first_error()) throw failure(*output.where().first_error());
  ok_or_throw(output.where().check("grad", output));
  for (const var<T>& x : wrt) ok_or_throw(output.where().check("grad", x));
  const tape<T>& t = output.where().current_tape();
  gradient_workspace<T> workspace;
  const bool leaves =
      std::all_of(wrt.begin(), wrt.end(), [&](const var<T>& x) { return t.is_leaf(x.id()) || x.id() == output.id(); });
  ok_or_throw(t.backward_dense_into(workspace, output.id(), tensor<T>::scalar(T(1)),
                                    leaves ? kept_gradients::leaves : kept_gradients::all));
  std::vector<tensor<T>> gradients;
  for (const var<T>& x : wrt) {
    auto g = workspace.at(x.id());
    gradients.push_back(g ? *g : tensor<T>::zeros(x.shape()));
  }
  return gradients;
}
template <scalar T, shape S>
std::vector<tensor<T>> grad(const var<T, S>& output, std::initializer_list<std::type_identity_t<var<T>>> wrt) {
  return grad(output, std::span<const var<T>>(wrt.begin(), wrt.size()));
}

}  // namespace axiograd
