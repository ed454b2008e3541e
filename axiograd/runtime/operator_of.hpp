#pragma once
// kernels_of<Op, T>: an operator for any number type, assembled from its family's machinery.

#include <axiograd/kernels/elementwise.hpp>
#include <axiograd/kernels/row_major.hpp>
#include <axiograd/kernels/samples.hpp>
#include <axiograd/runtime/infer.hpp>
#include <limits>

namespace axiograd {

template <class Op>
inline constexpr family family_of = [] {
  if constexpr (elementwise<Op>)
    return family::elementwise;
  else
    return family{Op::kind};
}();

/// Whether the operator accepts numbers of type T.
template <class Op, class T>
inline constexpr bool runs_on = [] {
  if constexpr (family_of<Op> == family::elementwise)
    return elementwise_on<Op, T>;
  else if constexpr (requires { Op::template runs_on<T>; })
    return bool{Op::template runs_on<T>};
  else
    return ring<T>;
}();

/// Fast kernels of one operator on one number type; the specification where there is nothing faster.
template <class Op, class T>
struct plain_kernels {
  static const span_kernels<T>& spans() { return plain_spans<Op, T>; }
  static const row_kernels<T>& rows() { return plain_rows<Op, T>; }
};

/// Kernels written for one operator on the processor: `forward(op, run)` and `vjp(op, run)` of a specialisation in NAME.cpu.hpp
/// beside the operator. The conformance suite holds them to the specification.
template <class Op, class T>
struct tuned {};

/// Inputs an operator can have, side inputs among them.
inline constexpr int most_inputs = 8;

namespace impl {
template <class Op, class T, class Kernels>
struct erased {
  static constexpr bool is_tuned =
      !std::same_as<Kernels, plain_kernels<Op, T>> && requires { &tuned<Op, T>::forward, &tuned<Op, T>::vjp; };
  static const Op& op(const void* bytes) { return *static_cast<const Op*>(bytes); }
  /// Larger products are completed by parts that do not stay in the second cache: nothing is gained (docs/decisions/fusion.md).
  static constexpr int64_t followed = is_tuned                               ? 0
                                      : family_of<Op> == family::contraction ? int64_t{1} << 18
                                      : family_of<Op> == family::convolution ? std::numeric_limits<int64_t>::max()
                                                                             : 0;
  static inline work_meter forward_meter, vjp_meter, together_meter;

  static shape_result infer(const void* bytes, std::span<const shape* const> in) { return axiograd::infer(op(bytes), in); }
  static void forward(const void* bytes, const forward_run<T>& run) {
    if constexpr (is_tuned)
      tuned<Op, T>::forward(op(bytes), run);
    else if constexpr (family_of<Op> == family::elementwise)
      elementwise_forward<arity_of<Op>.tensors>(Kernels::spans(), forward_meter, bytes, run);
    else if constexpr (family_of<Op> == family::rowwise)
      rowwise_forward<Op>(Kernels::rows(), forward_meter, bytes, run);
    else if constexpr (family_of<Op> == family::contraction)
      contraction_forward(products_of<Op>, run);
    else if constexpr (family_of<Op> == family::index)
      run_boxes_forward(op(bytes), run);
    else if constexpr (family_of<Op> == family::convolution)
      run_patches_forward(op(bytes), run);
    else
      run_sample_forward(op(bytes), run);
  }
  static void vjp(const void* bytes, const vjp_run<T>& run) {
    if constexpr (is_tuned) {
      tuned<Op, T>::vjp(op(bytes), run);
    } else if constexpr (family_of<Op> == family::elementwise) {
      if (!run.lies_alike()) return vjp_in_row_major(run, [&](const vjp_run<T>& plain) { vjp(bytes, plain); });
      elementwise_vjp<arity_of<Op>.tensors>(Kernels::spans(), vjp_meter, bytes, run);
    } else if constexpr (family_of<Op> == family::rowwise) {
      rowwise_vjp<Op>(Kernels::rows(), vjp_meter, bytes, run);
    } else if constexpr (family_of<Op> == family::contraction) {
      contraction_vjp(products_of<Op>, run);
    } else if constexpr (family_of<Op> == family::index) {
      run_boxes_vjp(op(bytes), run);
    } else if constexpr (family_of<Op> == family::convolution) {
      run_patches_vjp(op(bytes), run);
    } else {
      run_sample_vjp(op(bytes), run);
    }
  }
  static std::optional<layout> lays_out(const void* bytes, std::span<const shape* const> in, std::span<const layout> lie) {
    if constexpr (is_tuned)
      return tuned<Op, T>::lays_out(op(bytes), in, lie);
    else if constexpr (family_of<Op> == family::convolution)
      return patches_lay_out<T>(op(bytes), in, *infer(bytes, in), lie);
    else
      return std::all_of(lie.begin(), lie.end(), [&](layout l) { return l == lie[0]; }) ? std::optional(lie[0]) : std::nullopt;
  }
  static void together(const void* bytes, const forward_run<T>& run, const vjp_run<T>& back) {
    rowwise_together<Op>(Kernels::rows(), together_meter, bytes, run, back);
  }
  static int64_t saved(const void* bytes, std::span<const shape* const> in) { return rowwise_saved(op(bytes), *in[0]); }
  static bool in_domain(const void* bytes, std::span<const view<const T>> in) {
    const Op& f = op(bytes);
    const T* const x = in[0].data;
    for (int64_t i = 0, n = in[0].dims->size(); i < n; ++i)
      if (!f.in_domain(x[i])) return false;
    return true;
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
    constexpr bool relabels = requires { Op::relabels; };
    constexpr bool keeps_shape = family_of<Op> == family::elementwise && !requires { &Op::infer_shape; };
    operator_table<T> table{.name = Op::info.name.s,
                            .in = arity_of<Op>,
                            .attribute_bytes = std::is_empty_v<Op> ? 0 : sizeof(Op),
                            .relabels = relabels,
                            .keeps_shape = keeps_shape,
                            .followed = e::followed,
                            .lays_out = nullptr,
                            .infer = &e::infer,
                            .forward = &e::forward,
                            .vjp = &e::vjp,
                            .together = nullptr,
                            .spans = nullptr,
                            .saved = nullptr,
                            .in_domain = nullptr};
    if constexpr (family_of<Op> == family::elementwise) {
      static_assert(!e::is_tuned, "kernels of an elementwise operator follow from its definition");
      table.spans = &Kernels::spans;
    }
    if constexpr (family_of<Op> == family::rowwise && !e::is_tuned)
      if constexpr (result_of<Op> == row_result::mean) table.together = &e::together;
    if constexpr (e::is_tuned) {
      if constexpr (requires { &tuned<Op, T>::lays_out; }) table.lays_out = &e::lays_out;
    } else if constexpr (keeps_shape || (family_of<Op> == family::convolution && std::same_as<T, float>)) {
      table.lays_out = &e::lays_out;
    }
    if constexpr (saved_of<Op> > 0) table.saved = &e::saved;
    if constexpr (requires(const Op op, const T x) { op.in_domain(x); }) table.in_domain = &e::in_domain;
    return table;
  }
}

/// The specification of Op on numbers of type T, for any T.
template <class Op, class T>
inline constexpr operator_table<T> kernels_of = make_table<Op, T, plain_kernels<Op, T>>();

/// The library's own float and double instantiation, with its fast kernels; each operator's unit defines it.
template <class Op, class T>
struct library {
  static const operator_table<T>& table();
};
/// The best table there is: the operator's own, the library's for its operators on float and double, else the specification.
template <class Op, class T>
const operator_table<T>& table_of() {
  if constexpr (requires { Op::template table<T>(); })
    return Op::template table<T>();
  else if constexpr (in_library<Op> && (std::same_as<T, float> || std::same_as<T, double>))
    return library<Op, T>::table();
  else
    return kernels_of<Op, T>;
}

}  // namespace axiograd
