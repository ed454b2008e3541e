// A family is one header and its operators: this file plays both, and touches nothing else.

#include <axiograd/axiograd.hpp>
#include <axiograd/core/scalar/rational.hpp>
#include <axiograd/families/samples.hpp>
#include <gtest/gtest.h>

namespace axiograd {

// ---- the header -----------------------------------------------------------------------------------------------------------

namespace family {
/// Linear recurrences along the last axis: y_i = rate y_(i-1) + x_i.
struct scan {
  static constexpr family_facts facts{.name = "scan", .linear = true};
  template <class Op, class T>
  static constexpr bool runs_on = ring<T>;
  template <class Op>
  static constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
    return infer_by_samples(op, in);
  }
  template <class Op, class T, class Kernels>
  struct on {
    static void forward(const void* op, const forward_run<T>& run) {
      const T carry = static_cast<T>(impl::attributes_at<Op>(op).rate);
      each(*run.y.dims, [&](int64_t first, int64_t n) {
        T state(0);
        for (int64_t i = first; i < first + n; ++i) run.y.data[i] = state = carry * state + run.in[0].data[i];
      });
    }
    static void vjp(const void* op, const vjp_run<T>& run) {
      if (run.dx[0] == nullptr) return;
      const T carry = static_cast<T>(impl::attributes_at<Op>(op).rate);
      each(*run.y.dims, [&](int64_t first, int64_t n) {
        T state(0);
        for (int64_t i = first + n; i-- > first;) {
          state = carry * state + run.dy[i];
          run.dx[0][i] = run.adds(0) ? run.dx[0][i] + state : state;
        }
      });
    }
    static constexpr void complete(operator_table<T>& table) { table.keeps_shape = false; }

   private:
    template <class F>
    static void each(const shape& dims, const F& row) {
      const int64_t n = dims[dims.rank - 1];
      for (int64_t first = 0; first < dims.size(); first += n) row(first, n);
    }
  };
};
}  // namespace family

// ---- an operator ----------------------------------------------------------------------------------------------------------

struct toy_decay_op {
  static constexpr op_info info{
      .name = "toy_decay", .formula = "y_i = rate y_(i-1) + x_i", .derivative = "", .edges = "", .source = "", .torch = ""};
  static constexpr op_facts facts{};
  using kind = family::scan;
  static constexpr sample_ranks ranks{1};
  double rate = 2;
  constexpr shape_result infer_shape(const shape& x) const { return x; }
};
AXG_CALLABLE(toy_decay)

namespace {

TEST(toy_family, runs_on_tensors_and_takes_leading_axes) {
  const tensor<float> x = tensor<float>::from({2, 3}, {1, 2, 3, 4, 5, 6});
  const tensor<float> y = toy_decay(x);
  EXPECT_EQ(std::vector<float>(y.begin(), y.end()), (std::vector<float>{1, 4, 11, 4, 13, 32}));
  EXPECT_THROW(toy_decay(tensor<float>::ones({})), failure);
}

TEST(toy_family, is_differentiated_on_tapes_of_any_number) {
  recording<float> r;
  const auto x = r.leaf(tensor<float>::from({3}, {1, 2, 3}));
  const auto g = grad(sum(mul(toy_decay(x, {.rate = 3}), x)), {x})[0];  // x (A + A^T) x, A_ij = 3^(i-j)
  EXPECT_EQ(std::vector<float>(g.begin(), g.end()),
            (std::vector<float>{2 * 1 + 3 * 2 + 9 * 3, 3 * 1 + 2 * 2 + 3 * 3, 9 * 1 + 3 * 2 + 2 * 3}));

  recording<rational> exact;
  const auto q = exact.leaf(tensor<rational>::from({2}, {rational(1, 3), rational(1, 2)}));
  EXPECT_EQ(toy_decay(q).value().data()[1], rational(7, 6));

  recording<dual<double>> twice;
  const auto d = twice.leaf(tensor<dual<double>>::from({2}, {{1.0, 1.0}, {2.0, 0.0}}));
  const auto y = toy_decay(d);
  const tensor<dual<double>> hv = grad(sum(mul(mul(y, y), y)), {d})[0];  // H e_0 of sum y^3
  EXPECT_EQ(hv.data()[0].d, 6.0 * 1 + 2 * 6 * 4 * 2);
  EXPECT_EQ(hv.data()[1].d, 6.0 * 4 * 2);
}

TEST(toy_family, says_its_name) { EXPECT_STREQ(family_of<toy_decay_op>::facts.name, "scan"); }

}  // namespace
}  // namespace axiograd
