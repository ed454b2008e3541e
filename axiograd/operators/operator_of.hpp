#pragma once
// kernels_of<Op, T>: an operator for any number type, assembled from its family's machinery.

#include <axiograd/families/elementwise.hpp>
#include <axiograd/families/table.hpp>

namespace axiograd {

/// The shape of the operator's result. `in` holds the tensors' shapes, `dynamic_shape` for an absent one, then the side inputs'
/// shapes.
template <class Op>
constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
  if constexpr (impl::has_axes<Op>) {
    Op resolved = op;
    if (const shape_result axes = resolve_axes(resolved, *in[0]); !axes) return axes;
    return family_of<Op>::infer(resolved, in);
  } else {
    return family_of<Op>::infer(op, in);
  }
}

/// Inputs an operator can have, side inputs among them.
inline constexpr int most_inputs = 8;

namespace impl {
template <class Op, class T, class Kernels>
struct erased {
  static constexpr bool is_tuned =
      !std::same_as<Kernels, plain_kernels<Op, T>> && requires { &tuned<Op, T>::forward, &tuned<Op, T>::vjp; };
  using on = typename family_of<Op>::template on<Op, T, Kernels>;

  static shape_result infer(const void* bytes, std::span<const shape* const> in) {
    return axiograd::infer(attributes_at<Op>(bytes), in);
  }
  static void resolve(void* bytes, const shape& first) { resolve_axes(*static_cast<Op*>(bytes), first); }
  static void forward(const void* bytes, const forward_run<T>& run) {
    if constexpr (is_tuned)
      tuned<Op, T>::forward(attributes_at<Op>(bytes), run);
    else
      on::forward(bytes, run);
  }
  static void vjp(const void* bytes, const vjp_run<T>& run) {
    if constexpr (is_tuned)
      tuned<Op, T>::vjp(attributes_at<Op>(bytes), run);
    else
      on::vjp(bytes, run);
  }
  static std::optional<layout> tuned_layout_rule(const void* bytes, std::span<const shape* const> in,
                                                 std::span<const layout> layouts) {
    return tuned<Op, T>::layout_rule(attributes_at<Op>(bytes), in, layouts);
  }
};
template <class Op>
consteval auto not_available_sentence() {
  if constexpr (elementwise<Op>) {
    return scalar_sentence<Op>();
  } else {
    fixed_text<120> out;
    std::size_t n = 0;
    for (const char* t : {Op::info.name.s, " does not run on this scalar"})
      while (*t != '\0') out.s[n++] = *t++;
    return out;
  }
}
}  // namespace impl

/// The operator's table for T, with the kernels that `Kernels` chooses.
template <class Op, class T, class Kernels>
constexpr operator_table<T> make_table() {
  static_assert(std::is_trivially_copyable_v<Op>, "an operator's attributes must be trivially copyable");
  if constexpr (!runs_on<Op, T>) {
    impl::must<impl::not_available_sentence<Op>()>();
    return {};
  } else {
    using e = impl::erased<Op, T, Kernels>;
    static_assert(impl::shapes_of<Op> <= most_inputs, "an operator has at most 8 inputs");
    constexpr bool is_view = requires { Op::is_view; };
    operator_table<T> table{.name = Op::info.name.s,
                            .in = arity_of<Op>,
                            .attribute_bytes = std::is_empty_v<Op> ? 0 : sizeof(Op),
                            .is_view = is_view,
                            .infer = &e::infer,
                            .forward = &e::forward,
                            .vjp = &e::vjp};
    static_assert(sizeof(Op) <= most_attribute_bytes, "an operator has at most 256 bytes of attributes");
    if constexpr (impl::has_axes<Op>) table.resolve = &e::resolve;
    if constexpr (!e::is_tuned)
      e::on::complete(table);
    else if constexpr (requires { &tuned<Op, T>::layout_rule; })
      table.layout_rule = &e::tuned_layout_rule;
    return table;
  }
}

/// The specification of Op on numbers of type T, for any T.
template <class Op, class T>
inline constexpr operator_table<T> kernels_of = make_table<Op, T, plain_kernels<Op, T>>();

/// The library's own float and double instantiation, with its fast kernels; each operator's unit defines it.
template <class Op, class T>
struct builtin {
  static const operator_table<T>& table();
};
/// The best table there is: the operator's own, the library's for its operators on float and double, else the specification.
template <class Op, class T>
const operator_table<T>& table_of() {
  if constexpr (requires { Op::template table<T>(); })
    return Op::template table<T>();
  else if constexpr (is_builtin<Op> && (std::same_as<T, float> || std::same_as<T, double>))
    return builtin<Op, T>::table();
  else
    return kernels_of<Op, T>;
}

}  // namespace axiograd
