#pragma once
// The one seam to matrix products: oneDNN for large ones of floats, our own kernel for all others
// (docs/decisions/gemm.md).

#include <axiograd/kernels/epilogue.hpp>
#include <concepts>
#include <cstdint>

namespace axiograd {

class memory_chunk;

/// A matrix in memory of which one of the two strides is 1.
template <class T>
struct matrix_operand {
  T* data = nullptr;
  std::int64_t leading = 1;  ///< distance between rows, or between columns when transposed
  bool transposed = false;
  memory_chunk* constant = nullptr;  ///< where the entries lie, if they never change

  /// Takes the layout of a rows x columns matrix; false if neither stride is 1.
  bool set(std::int64_t rows, std::int64_t row_stride, std::int64_t columns, std::int64_t column_stride) {
    if (column_stride == 1 || columns <= 1) {
      transposed = false;
      leading = rows <= 1 ? (columns > 1 ? columns : 1) : row_stride;
      return leading >= columns && leading >= 1;
    }
    if (row_stride == 1 || rows <= 1) {
      transposed = true;
      leading = column_stride;
      return leading >= rows && leading >= 1;
    }
    return false;
  }
};

/// y (m,n) = scale a (m,k) b (k,n), or y += scale a b.
template <class T>
struct gemm_call {
  std::int64_t m = 0, n = 0, k = 0;
  matrix_operand<const T> a, b;
  matrix_operand<T> y;
  bool add = false;
  T scale = T(1);
  const epilogue_chain<T>* epilogue = nullptr;
};

template <class T>
inline constexpr bool has_gemm = std::same_as<T, float> || std::same_as<T, double>;

/// Results do not depend on the number of threads: tiles are fixed by the sizes, each computed by one library call.
void gemm(const gemm_call<float>& call);
void gemm(const gemm_call<double>& call);

}  // namespace axiograd
