#pragma once
// What a family is: everything that the engine needs to know of operators that are written in one way.
//
// A family is one type, in one header of this folder. No other place lists families; an operator names its own
// (`using kind = family::rowwise;`), one that has a `value` is elementwise. The type has
//
//   facts            family_facts
//   runs_on<Op, T>   whether the operator accepts numbers of type T
//   infer(op, in)    the shape rule (families/infer.hpp)
//   kernels<Op, S>() the innermost kernels over packets S, such as vectors; only where definitions run over packets
//   on<Op, T, Kernels>, the machinery for numbers T, with `op` pointing to the operator's attributes:
//     forward(op, forward_run<T>), vjp(op, vjp_run<T>)
//     complete(operator_table<T>&)   fills in what else the family has of the table's: layouts, epilogues, what is saved

#include <axiograd/families/infer.hpp>
#include <axiograd/families/table.hpp>

namespace axiograd {

/// What tools may ask of a family.
struct family_facts {
  const char* name;
  bool pointwise = false;    ///< each number of the result comes from the numbers at its place
  bool by_rows = false;      ///< each row from the rows at its place
  bool linear = false;       ///< in all inputs together
  bool multilinear = false;  ///< in each input
  bool opaque = false;       ///< nothing of this is known
};

namespace family {
struct elementwise;
}

namespace impl {
template <class Op>
struct kind_of {
  using type = family::elementwise;
};
template <class Op>
  requires requires { typename Op::kind; }
struct kind_of<Op> {
  using type = typename Op::kind;
};
}  // namespace impl
/// The family of an operator.
template <class Op>
using family_of = typename impl::kind_of<Op>::type;

/// Whether the operator accepts numbers of type T.
template <class Op, class T>
inline constexpr bool runs_on = [] {
  if constexpr (requires { Op::template runs_on<T>; })
    return bool{Op::template runs_on<T>};
  else
    return bool{family_of<Op>::template runs_on<Op, T>};
}();

/// What the instantiation for each instruction set gives where there is nothing to instantiate.
struct no_kernels {};
/// The kernels of an operator's definition over packets S: S = T for the specification, vectors of numbers for the processor.
template <class Op, class S>
constexpr auto kernels_by() {
  if constexpr (requires { family_of<Op>::template kernels<Op, S>(); })
    return family_of<Op>::template kernels<Op, S>();
  else
    return no_kernels{};
}
/// Their type, for numbers T.
template <class Op, class T>
using kernels_type = decltype(kernels_by<Op, T>());

/// The specification's, where there is nothing faster.
template <class Op, class T>
struct plain_kernels {
  static const kernels_type<Op, T>& get() {
    static constexpr kernels_type<Op, T> kernels = kernels_by<Op, T>();
    return kernels;
  }
};

/// Kernels written for one operator on the processor: `forward(op, run)` and `vjp(op, run)` of a specialisation in NAME.cpu.hpp
/// beside the operator. The conformance suite holds them to the specification.
template <class Op, class T>
struct tuned {};

namespace impl {
template <class Op>
const Op& attributes_at(const void* op) {
  return *static_cast<const Op*>(op);
}
}  // namespace impl

}  // namespace axiograd
