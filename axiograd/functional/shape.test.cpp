// Moving axes and cutting: what is refused, and pieces of every length.

#include <axiograd/autograd/builder.hpp>
#include <axiograd/functional/order.hpp>
#include <axiograd/functional/random.hpp>
#include <axiograd/functional/reduce.hpp>
#include <axiograd/functional/shape.hpp>
#include <axiograd/ops/infix.hpp>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using numbers = tensor<double>;

numbers counted(const shape& dims) {
  numbers x(dims);
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<double>(i);
  return x;
}
/// The kind of what f refuses by that name.
template <class F>
error_kind refused(const F& f, const std::string& name = "") {
  try {
    f();
  } catch (const failure& e) {
    EXPECT_TRUE(std::string(e.what()).starts_with(name)) << e.what();
    return e.kind();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

TEST(moving_axes, transpose_exchanges_any_two) {
  const numbers x = counted({2, 3, 4});
  const numbers y = transpose(x, 0, 2), z = transpose(x, 2, 1);
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < 3; ++j)
      for (int64_t k = 0; k < 4; ++k) {
        EXPECT_EQ(y(k, j, i), x(i, j, k));
        EXPECT_EQ(z(i, k, j), x(i, j, k));
      }
  EXPECT_EQ(transpose(x, 1, 1), x);
  for (const auto& pair : {std::pair{-4, 0}, {0, -4}, {3, 0}, {0, 3}})
    EXPECT_EQ(refused([&] { transpose(x, pair.first, pair.second); }, "transpose: axes"), error_kind::invalid_axis);
}

TEST(moving_axes, new_axes_anywhere_but_not_a_ninth) {
  const numbers x = counted({2, 3});
  for (int axis = 0; axis <= 2; ++axis) {
    const numbers y = unsqueeze(x, axis);
    EXPECT_EQ(y.shape()[axis], 1);
    EXPECT_EQ(squeeze(y, axis), x);
  }
  for (const int axis : {-4, 3}) EXPECT_EQ(refused([&] { unsqueeze(x, axis); }, "unsqueeze"), error_kind::invalid_axis);
  for (const int axis : {-3, -1, 0, 2}) EXPECT_EQ(refused([&] { squeeze(x, axis); }, "squeeze"), error_kind::invalid_axis);
  const numbers eight = numbers::zeros({1, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_EQ(refused([&] { unsqueeze(eight, 0); }), error_kind::rank_limit);
}

TEST(moving_axes, pieces_of_every_length_and_number) {
  const numbers x = counted({3, 7});
  for (int64_t length = 1; length <= 8; ++length) {
    const auto pieces = split(x, length, 1);
    EXPECT_EQ(static_cast<int64_t>(pieces.size()), (7 + length - 1) / length);
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) EXPECT_EQ(pieces[i].shape()[1], length);
    EXPECT_EQ(cat(pieces, 1), x);
  }
  for (int64_t count = 1; count <= 9; ++count) {
    const auto pieces = chunk(x, count, 1);
    EXPECT_LE(static_cast<int64_t>(pieces.size()), count);
    EXPECT_EQ(pieces[0].shape()[1], (7 + count - 1) / count);
    EXPECT_EQ(cat(pieces, 1), x);
  }
  EXPECT_EQ(chunk(counted({0, 2}), 3, 0).size(), 1u);
  for (const int64_t none : {0, -1}) {
    EXPECT_EQ(refused([&] { split(x, none, 1); }), error_kind::invalid_parameter);
    EXPECT_EQ(refused([&] { chunk(x, none, 1); }), error_kind::invalid_parameter);
  }
  for (const int axis : {-3, 2}) {
    EXPECT_EQ(refused([&] { split(x, 1, axis); }), error_kind::invalid_axis);
    EXPECT_EQ(refused([&] { chunk(x, 1, axis); }), error_kind::invalid_axis);
  }
}

TEST(moving_axes, reductions_over_every_set_of_axes) {
  const numbers x = counted({2, 3, 4});
  for (unsigned set = 1; set < 8; ++set)
    for (const bool keepdim : {false, true}) {
      over where{{}, keepdim};
      shape dims;
      for (int axis = 0; axis < 3; ++axis)
        if ((set >> axis & 1u) != 0) {
          where.axes.append(axis);
          if (keepdim) dims.append(1);
        } else {
          dims.append(x.shape()[axis]);
        }
      std::vector<double> sums(static_cast<std::size_t>(dims.size()));
      for (int64_t i = 0; i < x.size(); ++i) {
        const std::array<int64_t, 3> at{i / 12, i / 4 % 3, i % 4};
        std::size_t to = 0;
        for (std::size_t axis = 0; axis < 3; ++axis)
          if ((set >> axis & 1u) == 0)
            to = to * static_cast<std::size_t>(x.shape()[static_cast<int>(axis)]) + static_cast<std::size_t>(at[axis]);
        sums[to] += x[i];
      }
      const numbers y = reduce_sum(x, where);
      ASSERT_EQ(y.shape(), dims) << set;
      for (int64_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], sums[static_cast<std::size_t>(i)]) << set;
    }
  EXPECT_EQ(refused([&] { reduce_sum(x, over{{3}}); }), error_kind::invalid_axis);
  EXPECT_EQ(refused([&] { reduce_sum(x, over{{-4}}); }), error_kind::invalid_axis);
  EXPECT_EQ(refused([&] { reduce_sum(x, over{{1, 1}}); }), error_kind::invalid_axis);
}

// A builder keeps the first error; what follows it does nothing.
TEST(moving_axes, every_function_tells_a_builder) {
  const numbers x = counted({2, 3});
  const auto kind_of = [&](const auto& program) {
    const auto r = tape_builder<double>::eval({}, [&](auto& b) { return program(b.leaf(x)); });
    EXPECT_FALSE(r.has_value());
    return r ? error_kind{} : r.error().kind;
  };
  EXPECT_EQ(kind_of([](auto v) { return squeeze(v, 0); }), error_kind::invalid_axis);
  EXPECT_EQ(kind_of([](auto v) { return unsqueeze(v, 7); }), error_kind::invalid_axis);
  EXPECT_EQ(kind_of([](auto v) { return transpose(v, 0, 2); }), error_kind::invalid_axis);
  EXPECT_EQ(kind_of([](auto v) { return split(v, 0)[0]; }), error_kind::invalid_parameter);
  EXPECT_EQ(kind_of([](auto v) { return chunk(v, 0)[0]; }), error_kind::invalid_parameter);
  EXPECT_EQ(kind_of([](auto v) { return reduce_sum(transpose(v, 0, 5), over{{7}}); }), error_kind::invalid_axis);
}

TEST(shape_functions, negative_axes_count_from_the_end) {
  const tensor<float> x = tensor<float>::from({2, 1, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(squeeze(x, -2), squeeze(x, 1));
  EXPECT_EQ(unsqueeze(x, -1).shape(), (shape{2, 1, 3, 1}));
  EXPECT_EQ(unsqueeze(x, -4).shape(), (shape{1, 2, 1, 3}));
  EXPECT_EQ(transpose(x, -1, 0), transpose(x, 2, 0));
  EXPECT_EQ(cat({x, x}, -1), cat({x, x}, 2));
  EXPECT_EQ(stack({x, x}, -1), stack({x, x}, 3));
  EXPECT_EQ(split(x, 2, -1)[1], split(x, 2, 2)[1]);
  EXPECT_EQ(chunk(x, 3, -1).size(), 3u);
  EXPECT_EQ(select_index(x, -3, 1), select_index(x, 0, 1));
  EXPECT_EQ(reduce_sum(x, over{{-1, 0}}), reduce_sum(x, over{{2, 0}}));
  EXPECT_EQ(argmax(x, -1), argmax(x, 2));
  EXPECT_EQ(topk(x, 2, -1).values, topk(x, 2, 2).values);
  EXPECT_THROW(squeeze(x, -4), failure);
  EXPECT_THROW(unsqueeze(x, -5), failure);
  EXPECT_THROW(reduce_sum(x, over{{2, -1}}), failure) << "one axis twice";
  EXPECT_THROW(argmin(x, -4), failure);
}

}  // namespace
}  // namespace axiograd
