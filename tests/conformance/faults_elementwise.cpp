#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/relu.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/silu.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/maximum.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/neg.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>

#include "faults.hpp"
#include "subject_unit.hpp"

namespace axiograd::conformance {
namespace {

struct softplus_with_flipped_sign : softplus_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    return -sigmoid(x);
  }
};
struct silu_without_its_second_term : silu_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    return sigmoid(x);
  }
};
struct exp_off_by_a_trillionth : exp_op {
  template <analytic T>
  constexpr T derivative(const T&, const T& y) const {
    return y + T(1e-12);
  }
};
struct mul_with_swapped_partials : mul_op {
  template <ring T>
  constexpr partials<T, 2> derivative(const T& a, const T& b, const T&) const {
    return {a, b};
  }
};
struct tanh_that_cancels : tanh_op {
  template <analytic T>
  constexpr T derivative(const T&, const T& y) const {
    return T(1) - y * y;
  }
};
struct relu_that_drops_nan : relu_op {
  template <ordered_ring T>
  constexpr T value(const T& x) const {
    return select(x > T(0), x, T(0));
  }
};
struct relu_too_steep_at_its_kink : relu_op {
  template <ordered_ring T>
  constexpr T derivative(const T& x, const T&) const {
    return select(x > T(0), T(1), select(T(0) > x, T(0), T(2)));
  }
};
struct maximum_that_counts_ties_twice : maximum_op {
  template <ordered_ring T>
  constexpr partials<T, 2> derivative(const T& a, const T& b, const T&) const {
    return {select(a > b, T(1), select(b > a, T(0), T(-1))), select(a > b, T(0), T(1))};
  }
};
struct gelu_of_claimed_precision : gelu_op {
  static constexpr op_facts facts{.max_ulp = 0.5, .derivative_max_ulp = 0.5};
};
struct abs_called_increasing : abs_op {
  static constexpr op_facts facts{.order = monotone::increasing};
};
struct log_called_convex : log_op {
  static constexpr op_facts facts{
      .order = monotone::increasing, .bend = curvature::convex, .max_ulp = 1, .derivative_max_ulp = 1};
};
struct neg_without_a_source : neg_op {
  static constexpr op_info info{
      .name = "neg", .formula = "-x", .derivative = "-1", .edges = "total", .source = "", .torch = "torch.neg"};
};
struct sub_with_one_named_input : sub_op {
  static constexpr op_info info = [] {
    op_info i = sub_op::info;
    i.inputs = "a";
    return i;
  }();
};

}  // namespace

std::vector<fault> elementwise_faults() {
  return {{"softplus: the derivative's sign is flipped", "exact_adjoint", make_subject<softplus_with_flipped_sign>()},
          {"silu: the derivative lacks a term", "exact_adjoint", make_subject<silu_without_its_second_term>()},
          {"silu: the derivative lacks a term", "derivative_laws", make_subject<silu_without_its_second_term>()},
          {"exp: the derivative is off by 1e-12", "derivative_laws", make_subject<exp_off_by_a_trillionth>()},
          {"mul: the partial derivatives are swapped", "exact_adjoint", make_subject<mul_with_swapped_partials>()},
          {"tanh: the derivative 1 - y^2 cancels", "accuracy", make_subject<tanh_that_cancels>()},
          {"relu: the derivative at 0 is 2", "kinks", make_subject<relu_too_steep_at_its_kink>()},
          {"maximum: the partial derivative at a tie is -1", "kinks", make_subject<maximum_that_counts_ties_twice>()},
          {"gelu: the declared precision is too good", "accuracy", make_subject<gelu_of_claimed_precision>()},
          {"relu: a NaN becomes 0", "declared_facts", make_subject<relu_that_drops_nan>()},
          {"abs: declared increasing", "declared_facts", make_subject<abs_called_increasing>()},
          {"log: declared convex", "declared_facts", make_subject<log_called_convex>()},
          {"neg: the schema names no source", "schema", make_subject<neg_without_a_source>()},
          {"sub: an input has no name", "schema", make_subject<sub_with_one_named_input>()}};
}

}  // namespace axiograd::conformance
