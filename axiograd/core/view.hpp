#pragma once

#include <axiograd/core/shape.hpp>

namespace axiograd {

/// Dense row-major numbers and their shape; null data stands for something absent. Without initial values: arrays of views are
/// filled anew for every operator of a tape.
template <class T>
struct view {
  T* data;
  const shape* dims;
};

}  // namespace axiograd
