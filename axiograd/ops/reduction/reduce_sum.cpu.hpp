#pragma once
// Along an outer axis the rows are columns of memory and are summed as such, not gathered (docs/decisions/kernels.md).

#include <axiograd/ops/reduction/parts/columns.hpp>
#include <axiograd/ops/reduction/reduce_sum.hpp>

namespace axiograd {

template <std::floating_point T>
struct tuned<reduce_sum_op, T> : reduced_columns<reduce_sum_op, T, false> {};

}  // namespace axiograd
