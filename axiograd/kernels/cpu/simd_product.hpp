#pragma once
// Included only by the units of one instruction set: the matrix product in registers.

#include <axiograd/core/scalar/simd.hpp>
#include <axiograd/core/scratch.hpp>
#include <axiograd/kernels/cpu/native_product.hpp>

namespace axiograd::impl {

/// Tiles of `rows` x (2 vectors) of y stay in registers while k runs.
template <class S>
struct product_tiles {
  using T = typename S::element;
  static constexpr int columns = 2 * S::lanes;
  static constexpr int rows = HWY_TARGET <= HWY_AVX3 ? 12 : HWY_TARGET <= HWY_AVX2 ? 6 : 4;
  // Blocks of k, of rows and of columns: a panel of b stays in the first cache, a block of a and one of b in the second.
  static constexpr int64_t depth = 256, tall = rows * 8, wide = columns * 16;

  struct panel {  // `depth` rows of b, `columns` wide
    const T* data;
    int64_t step;
  };
  struct left {  // where a[i][l] lies
    const T* data;
    int64_t row, column;
  };
  struct target {
    T* data;
    int64_t row;
    int width;  ///< columns that exist
    bool add;
    T scale;
  };
  using kernel = void (*)(const left&, const panel&, int64_t, const target&);

  template <int Rows>
  static void run(const left& a, const panel& b, int64_t k, const target& y) {
    S sum[Rows][2];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) sum[i][0] = sum[i][1] = S(0);
    const T* from[Rows];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) from[i] = a.data + i * a.row;
    const T* right = b.data;
    for (int64_t l = 0; l < k; ++l, right += b.step) {
      const S low = S::load(right), high = S::load(right + S::lanes);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
        const S x = hn::Set(typename S::tag(), from[i][l * a.column]);
        sum[i][0] = mul_add(x, low, sum[i][0]);
        sum[i][1] = mul_add(x, high, sum[i][1]);
      }
    }
    const S scale = hn::Set(typename S::tag(), y.scale);
    const int low = y.width < S::lanes ? y.width : S::lanes, high = y.width - low;
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      T* const to = y.data + i * y.row;
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const int n = half == 0 ? low : high;
        if (n == S::lanes) {
          const S value = sum[i][half] * scale;
          (y.add ? S::load(to + half * S::lanes) + value : value).store(to + half * S::lanes);
        } else if (n > 0) {
          const S value = sum[i][half] * scale;
          (y.add ? S::load_first(to + half * S::lanes, n) + value : value).store_first(to + half * S::lanes, n);
        }
      }
    }
  }

  template <std::size_t... R>
  static kernel kernel_for(int64_t count, std::index_sequence<R...>) {
    static constexpr kernel all[]{&run<static_cast<int>(R) + 1>...};
    return all[count - 1];
  }

  static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

  /// A panel of b, filled up with zeros.
  static void pack(const matrix_operand<const T>& b, int64_t l0, int64_t k, int64_t j0, int64_t width, T* to) {
    for (int64_t l = 0; l < k; ++l)
      for (int64_t j = width; j < columns; ++j) to[l * columns + j] = T(0);
    if (!b.transposed) {
      for (int64_t l = 0; l < k; ++l) {
        const T* const from = b.data + (l0 + l) * b.leading + j0;
        for (int64_t j = 0; j < width; ++j) to[l * columns + j] = from[j];
      }
    } else {
      for (int64_t j = 0; j < width; ++j) {
        const T* const from = b.data + (j0 + j) * b.leading + l0;
        for (int64_t l = 0; l < k; ++l) to[l * columns + j] = from[l];
      }
    }
  }

  /// Rows of a side by side for each l, so that a tile reads one stream.
  static void pack_left(const left& a, int64_t k, int64_t count, T* to) {
    for (int64_t i = 0; i < count; ++i) {
      const T* const from = a.data + i * a.row;
      for (int64_t l = 0; l < k; ++l) to[l * count + i] = from[l * a.column];
    }
  }

  static void multiply(const gemm_call<T>& c) {
    const int64_t row = c.a.transposed ? 1 : c.a.leading, column = c.a.transposed ? c.a.leading : 1;
    const bool packs_right = c.b.transposed || c.m > 2 * rows, packs_left = c.n > 4 * columns && c.m >= rows;
    scratch_memory<T> right(depth * (packs_right ? smaller(c.n + columns, wide) : columns));
    scratch_memory<T> packed(packs_left ? depth * smaller(c.m, tall) : 1);
    for (int64_t l0 = 0; l0 < c.k; l0 += depth) {
      const int64_t k = smaller(c.k - l0, depth);
      for (int64_t j0 = 0; j0 < c.n; j0 += wide) {
        const int64_t j1 = smaller(j0 + wide, c.n);
        if (packs_right)
          for (int64_t j = j0; j < j1; j += columns)
            pack(c.b, l0, k, j, smaller(columns, j1 - j), right.data() + (j - j0) * depth);
        for (int64_t i0 = 0; i0 < c.m; i0 += tall) {
          const int64_t i1 = smaller(i0 + tall, c.m);
          const auto left_at = [&](int64_t i) { return left{c.a.data + i * row + l0 * column, row, column}; };
          if (packs_left)
            for (int64_t i = i0; i < i1; i += rows)
              pack_left(left_at(i), k, smaller(rows, i1 - i), packed.data() + (i - i0) * depth);
          for (int64_t j = j0; j < j1; j += columns) {
            const int64_t width = smaller(columns, j1 - j);
            panel b{c.b.data + l0 * c.b.leading + j, c.b.leading};
            if (packs_right) {
              b = {right.data() + (j - j0) * depth, columns};
            } else if (width < columns) {
              pack(c.b, l0, k, j, width, right.data());
              b = {right.data(), columns};
            }
            for (int64_t i = i0; i < i1; i += rows) {
              const int64_t count = smaller(rows, i1 - i);
              const left a = packs_left ? left{packed.data() + (i - i0) * depth, 1, count} : left_at(i);
              kernel_for(count, std::make_index_sequence<static_cast<std::size_t>(rows)>{})(
                  a, b, k, {c.y.data + i * c.y.leading + j, c.y.leading, static_cast<int>(width), c.add || l0 > 0, c.scale});
            }
          }
        }
      }
    }
  }
};

}  // namespace axiograd::impl

namespace axiograd {

template <class T, isa Set>
void native_product<T, Set>::run(const gemm_call<T>& c) {
  impl::product_tiles<simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>>::multiply(c);
}

}  // namespace axiograd
