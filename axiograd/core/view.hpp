#pragma once

#include <axiograd/core/shape.hpp>

namespace axiograd {

/// Dense row-major numbers and their shape; null data stands for something absent.
template <class T>
struct view {
  T* data = nullptr;
  const shape* dims = nullptr;
};

}  // namespace axiograd
