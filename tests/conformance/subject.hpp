#pragma once
// One operator as the suite sees it: plain functions for every number type that a check uses.

#include <axiograd/core/scalar/interval.hpp>
#include <axiograd/families/elementwise.hpp>
#include <axiograd/families/row.hpp>
#include <axiograd/kernels/cpu/isa.hpp>

#include "ball.hpp"
#include "draw.hpp"
#include "magnitude.hpp"
#include "whole.hpp"

namespace axiograd::conformance {

/// The forward and reverse run on numbers of type T; null where the operator does not run on them.
template <class T>
struct runs {
  void (*forward)(const void* op, const forward_run<T>&) = nullptr;
  void (*vjp)(const void* op, const vjp_run<T>&) = nullptr;
  const span_kernels<T>& (*spans)() = nullptr;                                              ///< of an elementwise operator
  void (*forward_vjp)(const void* op, const forward_run<T>&, const vjp_run<T>&) = nullptr;  ///< of a mean of rows
  explicit operator bool() const { return forward != nullptr; }
};

/// The kernels of the library for one number type.
template <class T>
struct library_runs {
  runs<T> plain;                ///< the specification
  runs<T> chosen;               ///< what users get on this processor
  std::array<runs<T>, 3> sets;  ///< SIMD kernels by instruction set; empty where there are none or not on this processor
};

struct subject {
  op_info info;
  op_facts facts;
  family_facts family;
  arity in;
  bool has_samples;        ///< accepts leading axes
  input_set shared;        ///< inputs that never carry leading axes
  bool algebraic;          ///< runs without exp, log, ...
  bool is_view;            ///< the result is the input under another shape
  int64_t epilogue_limit;  ///< `forward` may be given what follows where the result has at most so many entries
  bool keeps_shape;        ///< inputs of one shape give a result of that shape
  std::uint32_t attribute_bytes;
  std::uint32_t unnamed_bytes;  ///< of its members, those that no attribute names
  std::span<const double> test_points;
  std::span<const double> known;  ///< rows of inputs, value and partial derivatives, from outside

  call (*draw_call)(draw&);
  void (*spoil)(void* op, draw&);  ///< puts hostile numbers into the attributes; null without attributes
  /// What each attribute is, coarsely ("stride >1"), and a mixture of two calls' attributes; null without attributes.
  std::vector<std::string> (*attribute_classes)(const void* op);
  void (*mix_attributes)(void* op, const void* other, draw&);
  /// Counts the axes among the attributes from the end, and resolves them; null where there are none.
  void (*axes_from_the_end)(void* op, const shape& first);
  void (*resolve_axes)(void* op, const shape& first);
  shape_result (*infer)(const void* op, std::span<const shape* const> in);
  /// How many numbers a forward run saves for the reverse run; null for none.
  int64_t (*saved)(const void* op, std::span<const shape* const> in);
  bool (*in_domain)(const void* op, double x);          ///< null where every number is
  bool (*bounded_at)(const void* op, const double* x);  ///< where the declared accuracy holds; null: everywhere
  ball (*period)();                                     ///< null for none

  library_runs<float> f32;
  library_runs<double> f64;
  runs<whole> integers;
  runs<magnitude> magnitudes;
  runs<probe> field;
  runs<ball> balls;
  runs<interval> intervals;
  // Forward runs on duals. For an elementwise operator the first two differentiate its `value`; the last one uses the
  // derivative that it states, as tapes of duals do.
  void (*raw_field)(const void* op, const forward_run<dual<probe>>&);
  void (*raw_balls)(const void* op, const forward_run<dual<ball>>&);
  void (*dual_f64)(const void* op, const forward_run<dual<double>>&);
  // Runs on duals of duals, through the derivative that the operator states: how users get higher derivatives. Three levels
  // for elementwise operators, which have a reference of three orders, two for the others.
  runs<dual<dual<ball>>> twice_balls;
  runs<dual<dual<dual<ball>>>> thrice_balls;
  runs<dual<dual<dual<double>>>> thrice_f64;
  /// Value and stated partial derivatives at a series; elementwise operators only.
  void (*law)(const void* op, const series* x, series& y, series* slope);
};

/// Defined in each operator's generated unit.
template <class Op>
const subject& subject_of();
/// The subjects of ops.hpp, in its order.
std::span<const subject* const> all_subjects();

}  // namespace axiograd::conformance
