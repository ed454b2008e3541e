#pragma once
// The contraction family: products declared by subscripts. The forward product and both VJPs are the same sums under permuted
// subscripts, so the adjoint cannot disagree.

#include <axiograd/families/family.hpp>
#include <axiograd/kernels/products.hpp>
#include <limits>
#include <string_view>

namespace axiograd {

/// A product of two inputs, and an optional third one that is added. A letter names an axis of the sample.
struct contraction {
  int a = 0;                              ///< input that comes first in the subscripts
  int b = 1;                              ///< input that comes second
  std::string_view subscripts;            ///< "mk,kn->mn"
  int bias = -1;                          ///< input that is added to every entry it lines up with; -1: none
  std::string_view bias_subscripts = {};  ///< its axes, a part of the output's

  constexpr std::string_view a_axes() const { return subscripts.substr(0, subscripts.find(',')); }
  constexpr std::string_view b_axes() const {
    const auto comma = subscripts.find(',');
    return subscripts.substr(comma + 1, subscripts.find('-') - comma - 1);
  }
  constexpr std::string_view y_axes() const { return subscripts.substr(subscripts.find('>') + 1); }
};

/// A contraction and the products that follow from it.
struct contraction_products {
  std::size_t a, b;
  int bias;
  impl::product_pattern forward, for_a, for_b, for_bias;

  constexpr explicit contraction_products(const contraction& c)
      : a(static_cast<std::size_t>(c.a)),
        b(static_cast<std::size_t>(c.b)),
        bias(c.bias),
        forward(c.a_axes(), c.b_axes(), c.y_axes()),
        for_a(c.y_axes(), c.b_axes(), c.a_axes()),
        for_b(c.a_axes(), c.y_axes(), c.b_axes()),
        for_bias(c.bias_subscripts, c.bias_subscripts, c.y_axes()) {}
};

template <class Op>
inline constexpr contraction_products products_of{Op::product};

template <class T>
[[gnu::noinline]] void contraction_forward(const contraction_products& c, const forward_run<T>& run) {
  const view<const T> bias = c.bias < 0 ? view<const T>{} : run.in[static_cast<std::size_t>(c.bias)];
  if (bias.data != nullptr)  // the bias goes in first, the product adds to it
    impl::for_each_bias_run(c.for_bias, *bias.dims, *run.y.dims,
                            [&](int64_t from, int64_t to, int64_t n) { std::copy_n(bias.data + from, n, run.y.data + to); });
  impl::constant_operands constant;
  if (run.constant != nullptr) constant = {run.constant[c.a], run.constant[c.b]};
  impl::multiply(c.forward, run.in[c.a], run.in[c.b], run.y, bias.data != nullptr, run.epilogue, constant);
}

template <class T>
[[gnu::noinline]] void contraction_vjp(const contraction_products& c, const vjp_run<T>& run) {
  const view<const T>& a = run.in[c.a];
  const view<const T>& b = run.in[c.b];
  const view<const T> dy{run.dy, run.y.dims};
  if (run.dx[c.a] != nullptr) impl::multiply(c.for_a, dy, b, view<T>{run.dx[c.a], a.dims}, run.adds(c.a));
  if (run.dx[c.b] != nullptr) impl::multiply(c.for_b, a, dy, view<T>{run.dx[c.b], b.dims}, run.adds(c.b));
  if (c.bias < 0) return;
  T* const dbias = run.dx[static_cast<std::size_t>(c.bias)];
  if (dbias == nullptr) return;
  impl::add_row_sums(c.for_bias, *run.in[static_cast<std::size_t>(c.bias)].dims, dy, dbias,
                     run.adds(static_cast<std::size_t>(c.bias)));
}

// Compiled once (contraction.cpp), not in every operator's unit.
extern template void contraction_forward(const contraction_products&, const forward_run<float>&);
extern template void contraction_vjp(const contraction_products&, const vjp_run<float>&);
extern template void contraction_forward(const contraction_products&, const forward_run<double>&);
extern template void contraction_vjp(const contraction_products&, const vjp_run<double>&);

namespace family {
struct contraction {
  static constexpr family_facts facts{.name = "contraction", .multilinear = true};
  template <class Op, class T>
  static constexpr bool runs_on = ring<T>;

  template <class Op>
  static constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
    return infer_by_samples(op, in);
  }

  template <class Op, class T, class Kernels>
  struct on {
    static void forward(const void*, const forward_run<T>& run) { contraction_forward(products_of<Op>, run); }
    static void vjp(const void*, const vjp_run<T>& run) { contraction_vjp(products_of<Op>, run); }
    static constexpr void complete(operator_table<T>& table) {
      // Larger products are completed by parts that do not stay in the second cache: nothing is gained
      // (docs/decisions/fusion.md).
      table.epilogue_limit = int64_t{1} << 18;
    }
  };
};
}  // namespace family

}  // namespace axiograd
