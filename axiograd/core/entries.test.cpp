// Entries of a tensor by their indices, and who shares them.

#include <axiograd/core/tensor.hpp>
#include <gtest/gtest.h>
#include <vector>

namespace axiograd {
namespace {

const tensor<int> counted = tensor<int>::from({2, 3, 4}, [] {
  std::vector<int> all;
  for (int i = 0; i < 24; ++i) all.push_back(i);
  return all;
}());

TEST(entries, lie_row_by_row) {
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) {
        EXPECT_EQ(counted(i, j, k), (i * 3 + j) * 4 + k);
        EXPECT_EQ(counted.at(i, j, k), counted[(i * 3 + j) * 4 + k]);
      }
  tensor<int> x = counted;
  x.set(100, 1, 0, 2);
  EXPECT_EQ(x[14], 100);
  EXPECT_EQ(counted[14], 14);
}

TEST(entries, that_are_not_there_are_refused) {
  for (int axis = 0; axis < 3; ++axis)
    for (const int64_t outside : {int64_t{-1}, counted.shape()[axis], counted.shape()[axis] + 1}) {
      std::array<int64_t, 3> at{0, 0, 0};
      at[static_cast<std::size_t>(axis)] = outside;
      EXPECT_THROW(counted(at[0], at[1], at[2]), failure) << axis << ": " << outside;
      tensor<int> x = counted;
      EXPECT_THROW(x.set(1, at[0], at[1], at[2]), failure);
      EXPECT_EQ(x, counted);
    }
  EXPECT_THROW(counted(0, 0), failure);
  EXPECT_THROW(counted(0, 0, 0, 0), failure);
  EXPECT_THROW(counted(), failure);
  EXPECT_EQ(tensor<int>::scalar(5)(), 5);
}

TEST(entries, keep_their_number_under_another_shape) {
  EXPECT_EQ(counted.reshaped({4, 6})(3, 5), 23);
  EXPECT_EQ(counted.reshaped({24}).shape(), (shape{24}));
  for (const shape& dims : {shape{23}, shape{25}, shape{}, shape{0}, shape{2, 3}})
    EXPECT_THROW(counted.reshaped(dims), failure);
  EXPECT_THROW(tensor<int>::from({2, 2}, {1, 2, 3}), failure);
  EXPECT_THROW(counted.item(), failure);
  EXPECT_THROW(tensor<int>::zeros({0}).item(), failure);
  EXPECT_THROW(tensor<int>({int64_t{1} << 40, int64_t{1} << 40}), failure);
}

TEST(entries, are_copied_by_the_one_who_writes) {
  tensor<int> x = counted, y = x;
  EXPECT_EQ(x.data(), y.data());
  y.mutable_data()[0] = 7;
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(y[0], 7);
  const int* const own = y.data();
  y.mutable_data()[1] = 8;
  EXPECT_EQ(y.data(), own) << "nobody shares it any more";
  tensor<int> view = x.reshaped({24});
  view.mutable_data()[5] = -1;
  EXPECT_EQ(x[5], 5);
  const tensor<double> other = x.cast<double>();
  EXPECT_EQ(other(1, 2, 3), 23.0);
}

TEST(entries, outlive_the_tensor_they_were_a_view_of) {
  tensor<int> view;
  {
    const tensor<int> x = tensor<int>::full({1000}, 3);
    view = tensor<int>::view(x.owner(), const_cast<int*>(x.data()) + 10, {5});
  }
  const tensor<int> more = tensor<int>::full({1000}, 9);  // would take the memory
  EXPECT_EQ(view, tensor<int>::full({5}, 3));
}

TEST(shapes, parts_and_axes) {
  constexpr shape s{2, 3, 4, 5};
  static_assert(s.first(2) == shape{2, 3} && s.from(2) == shape{4, 5} && s.last(1) == shape{5} &&
                s.without(1) == shape{2, 4, 5});
  EXPECT_EQ(s.stride(0), 60);
  EXPECT_EQ(s.stride(3), 1);
  EXPECT_EQ(concat(s.first(1), s.last(2)), (shape{2, 4, 5}));
  for (const int axis : {-1, 4}) EXPECT_FALSE(s.valid_axis(axis));
  for (int axis = 0; axis < 4; ++axis) EXPECT_TRUE(s.valid_axis(axis));
  const shape empty{2, 0, 3};
  EXPECT_TRUE(empty.valid_axis(0));
  EXPECT_FALSE(empty.valid_axis(1)) << "an empty axis";
  EXPECT_FALSE(empty.valid_axis(2)) << "behind an empty axis";
  EXPECT_FALSE(empty.well_formed());
  EXPECT_EQ(empty.size(), 0);
  EXPECT_EQ((shape{int64_t{1} << 31, int64_t{1} << 31, 4}).size(), shape::overflow);
  EXPECT_EQ((shape{int64_t{1} << 31, 0, int64_t{1} << 31, 4}).size(), 0);
  EXPECT_EQ(list_of(extents<3>{7, 8, 9}), (axis_list{7, 8, 9}));
  EXPECT_EQ(list_of(extents<2>{6}), (axis_list{6, 6}));
}

TEST(shapes, a_ninth_axis_does_not_fit) {
  shape s{1, 2, 3, 4, 5, 6, 7};
  s.append(8);
  EXPECT_EQ(s.rank, 8);
  EXPECT_EQ(s[7], 8);
  EXPECT_ANY_THROW(s.append(9));
  EXPECT_ANY_THROW(concat(s, shape{1}));
}

}  // namespace
}  // namespace axiograd
