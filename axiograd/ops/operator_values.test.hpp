#pragma once
// What the tests of the operators compute with: values and gradients through the tape, central differences.

#include <axiograd/axiograd.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace axiograd {

using numbers = tensor<double>;
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

inline numbers vector_of(std::initializer_list<double> values) {
  return numbers::from({static_cast<int64_t>(values.size())}, values);
}
/// Different numbers in about (-1, 1), none of them near another.
inline numbers spread(const shape& dims, double start = 0.3) {
  numbers x(dims);
  double phase = start;
  for (double& v : x.mutable_values()) {
    phase = std::fmod(phase + 0.6180339887498949, 1.0);
    v = 2 * phase - 1;
  }
  return x;
}
/// Small whole numbers: sums of products of them are exact in any order.
template <class T = double>
tensor<T> whole(const shape& dims, int start = 1) {
  tensor<T> x(dims);
  int64_t n = start;
  for (T& v : x.mutable_values()) v = static_cast<T>((n = n * 7 % 23) - 11);
  return x;
}

template <class T, class Op>
result<tensor<T>> run(const Op& op, const std::vector<tensor<T>>& in, const std::vector<index_tensor>& side = {}) {
  std::vector<const tensor<T>*> pointers;
  for (const auto& x : in) pointers.push_back(&x);
  return evaluate_tensors<T>(table_of<Op, T>(), &op, pointers, side);
}
template <class T>
struct outcome {
  tensor<T> y;
  std::vector<tensor<T>> dx;
};
/// Value and gradients on a tape; the output's cotangent is dy.
template <class T, class Op>
outcome<T> on_tape(const Op& op, const std::vector<tensor<T>>& in, const tensor<T>& dy,
                   const std::vector<index_tensor>& side = {}) {
  tape<T> t;
  std::vector<node_id> ids;
  for (const auto& x : in) ids.push_back(*t.leaf(x));
  const auto y = t.append(table_of<Op, T>(), &op, ids, side);
  if (!y) throw failure(y.error());
  const auto gradients = t.backward_dense_all(*y, dy).value();
  outcome<T> out{*t.get_value(*y), {}};
  for (const node_id id : ids) out.dx.push_back(gradients[id]);
  return out;
}
template <class T, class Op>
outcome<T> on_tape(const Op& op, const std::vector<tensor<T>>& in) {
  return on_tape(op, in, tensor<T>::ones(run(op, in)->shape()));
}
template <class Op>
error_kind error_of(const Op& op, const std::vector<numbers>& in, const std::vector<index_tensor>& side = {}) {
  const auto y = run(op, in, side);
  EXPECT_FALSE(y) << op.info.name.s << " accepts it";
  return y ? error_kind::io : y.error().kind;
}

inline void expect_near(const numbers& got, const numbers& want, double tolerance, const char* what) {
  ASSERT_EQ(got.shape(), want.shape()) << what;
  for (int64_t i = 0; i < got.size(); ++i)
    EXPECT_LE(std::abs(got[i] - want[i]), tolerance * std::max(1.0, std::abs(want[i])))
        << what << " at " << i << ": " << got[i] << ", expected " << want[i];
}
/// Gradients on the tape against central differences; the fast kernel against the specification, in both precisions.
template <class Op>
void expect_gradients(const Op& op, const std::vector<numbers>& in, const std::vector<index_tensor>& side = {}) {
  const char* const name = op.info.name.s;
  const auto y = run(op, in, side);
  ASSERT_TRUE(y) << name << ": " << y.error().message;
  const numbers dy = spread(y->shape(), 0.7);
  const outcome<double> got = on_tape(op, in, dy, side);
  expect_near(got.y, *y, 0, name);
  for (std::size_t k = 0; k < in.size(); ++k)
    for (int64_t i = 0; i < in[k].size(); ++i) {
      const double h = 1e-5;
      double difference = 0;
      for (const double side_of : {1.0, -1.0}) {
        std::vector<numbers> moved = in;
        moved[k].mutable_data()[i] += side_of * h;
        const numbers at = *run(op, moved, side);
        for (int64_t j = 0; j < at.size(); ++j) difference += side_of * at[j] * dy[j];
      }
      EXPECT_NEAR(got.dx[k][i], difference / (2 * h), 1e-8 * std::max(1.0, std::abs(got.dx[k][i])))
          << name << ", input " << k << ", entry " << i;
    }
  const auto specification = [&]<class T>(const std::vector<tensor<T>>& x) {
    std::vector<const tensor<T>*> pointers;
    for (const auto& each : x) pointers.push_back(&each);
    return *evaluate_tensors<T>(kernels_of<Op, T>, &op, pointers, side);
  };
  expect_near(*y, specification(in), 1e-14, name);
  std::vector<tensor<float>> single;
  for (const numbers& x : in) single.push_back(x.cast<float>());
  expect_near(run(op, single, side)->template cast<double>(), specification(single).template cast<double>(), 2e-6, name);
}

}  // namespace axiograd
