#pragma once
// What is done along one strided copy, or back along it.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/repeated_places.hpp>
#include <axiograd/kernels/strided_copy.hpp>
#include <axiograd/kernels/strided_sums.hpp>

namespace axiograd {

namespace impl {
// Compiled once for float and double (strided_copies.cpp), not in every operator's unit.

/// y = x along the box.
template <class T>
[[gnu::noinline]] void copy_box(const strided_copy& m, const T* x, T* y) {
  static work_meter meter;
  const auto run = [&](int64_t from, int64_t to, int64_t n, int64_t from_step, int64_t to_step) {
    if (from_step == 1 && to_step == 1)
      std::copy_n(x + from, n, y + to);
    else if (from_step == 0 && to_step == 1)
      std::fill_n(y + to, n, x[from]);
    else
      for (int64_t i = 0; i < n; ++i) y[to + i * to_step] = x[from + i * from_step];
  };
  for_box_parts(meter, m, m.to_stride, [&](const strided_copy& part) {
    for_each_run(part, run, [&](const transposed_tile& t) {
      transpose_tile(x + t.from, t.from_step, y + t.to, t.to_step, t.columns, t.rows,
                     [](const T&, const T& value) { return value; });
    });
  });
}
/// y += x along the box.
template <class T>
[[gnu::noinline]] void add_box(const strided_copy& m, const T* x, T* y) {
  static work_meter meter;
  const auto run = [&](int64_t from, int64_t to, int64_t n, int64_t from_step, int64_t to_step) {
    for (int64_t i = 0; i < n; ++i) y[to + i * to_step] = y[to + i * to_step] + x[from + i * from_step];
  };
  for_box_parts(meter, m, m.to_stride, [&](const strided_copy& part) {
    for_each_run(part, run, [&](const transposed_tile& t) {
      transpose_tile(x + t.from, t.from_step, y + t.to, t.to_step, t.columns, t.rows,
                     [](const T& before, const T& value) { return before + value; });
    });
  });
}
extern template void copy_box(const strided_copy&, const float*, float*);
extern template void copy_box(const strided_copy&, const double*, double*);
extern template void add_box(const strided_copy&, const float*, float*);
extern template void add_box(const strided_copy&, const double*, double*);
extern template void add_box_back(const strided_copy&, const float*, float*);
extern template void add_box_back(const strided_copy&, const double*, double*);
}  // namespace impl

}  // namespace axiograd
