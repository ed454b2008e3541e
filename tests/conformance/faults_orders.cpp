// Derivatives whose first order is right and whose higher orders are not: |x| within functions that are smooth at 0, in the
// words in which they once stood in the library.

#include <axiograd/ops/activation/elu.hpp>
#include <axiograd/ops/activation/gelu.hpp>
#include <axiograd/ops/activation/mish.hpp>
#include <axiograd/ops/activation/safe_log.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/silu.hpp>
#include <axiograd/ops/activation/softplus.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/abs.hpp>
#include <axiograd/ops/arithmetic/cosh.hpp>
#include <axiograd/ops/arithmetic/erf.hpp>
#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/expm1.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/pow.hpp>
#include <axiograd/ops/arithmetic/sinh.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/loss/huber_loss.hpp>
#include <axiograd/ops/reduction/sum.hpp>

#include "faults.hpp"
#include "subject_unit.hpp"

namespace axiograd::conformance {
namespace {

struct cosh_by_sign : cosh_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T a = abs(x), m = expm1(a), y = T(0.5) * (m + m / (m + T(1)));
    return select(x > T(0), y, -y);
  }
};
struct sinh_by_abs : sinh_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T half = exp(abs(x) / T(2));
    return T(0.5) * half * half + T(0.5) / half / half;
  }
};
struct tanh_by_abs : tanh_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T e = exp(T(-2) * abs(x)), z = T(2) * e / (T(1) + e);
    return z * (T(2) - z);
  }
};
struct sigmoid_by_abs : sigmoid_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T e = exp(-abs(x)), c = T(1) + e;
    return e / (c * c);
  }
};
template <analytic T>
T sigmoid_of_minus_abs(const T& x) {
  const T e = exp(-abs(x));
  return e / (T(1) + e);
}
template <analytic T>
T sigmoid_by_branch(const T& x) {
  const T smaller = sigmoid_of_minus_abs(x);
  return select(x > T(0), T(1) - smaller, smaller);
}
struct softplus_by_abs : softplus_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    return sigmoid_by_branch(x);
  }
};
struct silu_by_abs : silu_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T smaller = sigmoid_of_minus_abs(x), larger = T(1) - smaller;
    return select(x > T(0), larger, smaller) * (T(1) + x * select(x > T(0), smaller, larger));
  }
};
struct gelu_by_abs : gelu_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T cubic = ratio{44'715, 1'000'000}.as<T>(), linear = T(4) / sqrt(T(2) * pi<T>());
    const T v = linear * (x + cubic * x * x * x), smaller = sigmoid_of_minus_abs(v), larger = T(1) - smaller;
    return select(x > T(0), larger, smaller) + smaller * larger * x * linear * (T(1) + T(3) * cubic * x * x);
  }
};
struct gelu_that_multiplies_by_infinity : gelu_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T cubic = ratio{44'715, 1'000'000}.as<T>(), linear = T(4) / sqrt(T(2) * pi<T>());
    const T v = linear * (x + cubic * x * x * x), s = sigmoid(v), rest = s * sigmoid(-v);
    return s + select(rest > T(0), rest * x * linear * (T(1) + T(3) * cubic * x * x), T(0));
  }
};
struct mish_by_abs : mish_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    const T e = exp(-abs(x)), square = e * e;
    const T above = e + e + select(x > T(0), T(1), square);
    const T below = e + e + select(x > T(0), T(1), T(2)) + select(x > T(0), square + square, square);
    return above / below + T(4) * x * select(x > T(0), square, e) * (T(1) + e) / (below * below);
  }
};
struct safe_log_by_abs : safe_log_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    return sigmoid_by_branch(x) / (softplus(x) + epsilon.as<T>());
  }
};
struct erf_of_a_large_square : erf_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    return T(2) / sqrt(pi<T>()) * exp(-(T(1) * (x * x)));
  }
};
struct elu_flat_at_zero : elu_op {
  template <analytic T>
  constexpr T derivative(const T& x, const T&) const {
    return select(x > T(0), T(1), T(alpha.value) * exp(T(2) * min(x, T(0))));
  }
};
struct pow_constant_at_zero : pow_op {
  template <analytic T>
  constexpr partials<T, 2> derivative(const T& x, const T& y, const T& z) const {
    return {select(abs(y) > T(0), y * pow(x, y - T(1)), T(0)), select(abs(x) > T(0), z * log(x), T(0))};
  }
};
struct huber_loss_by_abs : huber_loss_op {
  template <field_row X>
  auto forward(const X& x, const X& t, auto&) const {
    using T = lane_of<X>;
    const double wide = delta;
    const auto term = [=](const T& a, const T& b) {
      const T d = abs(a - b), w = T(wide);
      return select(w > d, d * d / T(2), w * (d - w / T(2)));
    };
    const double n = x.size() > 0 && reduction == axiograd::reduction::mean ? static_cast<double>(x.size()) : 1.0;
    return sum(make_row<T>(x.size(), [=](auto... i) { return term(x.at(i...), t.at(i...)); })) / T(n);
  }
};
struct huber_loss_with_a_hidden_attribute : huber_loss_op {
  static constexpr auto attributes() {
    return attribute_list{
        attribute<huber_loss_op, axiograd::reduction>{"reduction", &huber_loss_op::reduction, "of the terms"}};
  }
};

}  // namespace

std::vector<fault> higher_order_faults() {
  constexpr const char* rung = "higher_orders";
  std::vector<fault> all{
      {"cosh: the derivative takes |x| apart", rung, make_subject<cosh_by_sign>()},
      {"sinh: the derivative takes |x| apart", rung, make_subject<sinh_by_abs>()},
      {"tanh: the derivative takes |x| apart", rung, make_subject<tanh_by_abs>()},
      {"sigmoid: the derivative takes |x| apart", rung, make_subject<sigmoid_by_abs>()},
      {"softplus: the derivative takes |x| apart", rung, make_subject<softplus_by_abs>()},
      {"silu: the derivative takes |x| apart", rung, make_subject<silu_by_abs>()},
      {"gelu: the derivative takes |x| apart", rung, make_subject<gelu_by_abs>()},
      {"gelu: the second derivative is 0 times infinity", rung, make_subject<gelu_that_multiplies_by_infinity>()},
      {"mish: the derivative takes |x| apart", rung, make_subject<mish_by_abs>()},
      {"safe_log: the derivative takes |x| apart", rung, make_subject<safe_log_by_abs>()},
      {"erf: the second derivative is 0 times infinity", rung, make_subject<erf_of_a_large_square>()},
      {"elu: the second derivative is not between those beside 0", rung, make_subject<elu_flat_at_zero>()},
      {"pow: the mixed derivative at y = 0 is 0", rung, make_subject<pow_constant_at_zero>()},
      {"huber_loss: the value takes |x - t| apart", rung, make_subject<huber_loss_by_abs>()}};
#if __has_builtin(__builtin_clear_padding)  // without it, as in clang 19, the schema cannot tell a member from padding
  all.push_back({"huber_loss: an attribute has no name", "schema", make_subject<huber_loss_with_a_hidden_attribute>()});
#endif
  return all;
}

}  // namespace axiograd::conformance
