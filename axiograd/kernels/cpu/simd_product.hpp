#pragma once
// Included only by the units of one instruction set: the matrix product in registers.

#include <axiograd/core/scalar/simd.hpp>
#include <axiograd/core/scratch.hpp>
#include <axiograd/kernels/cpu/native_product.hpp>
#include <cstring>
#include <hwy/cache_control.h>

namespace axiograd::impl {

/// Tiles of `rows` x (2 vectors) of y stay in registers while k runs.
template <class S>
struct product_tiles {
  using T = typename S::element;
  static constexpr int columns = 2 * S::lanes;
  static constexpr int rows = HWY_TARGET <= HWY_AVX3 ? 12 : HWY_TARGET <= HWY_AVX2 ? 6 : 4;
  // Rows of a that are packed side by side, and columns of a transposed b that are moved together.
  static constexpr int group = rows % 4 == 0 ? 4 : 2, chunk = 16 / sizeof(T);
  // Blocks of k, of rows and of columns: a panel of b stays in the first cache, a block of a in the second.
  static constexpr int64_t depth = 256, tall = rows * 16, wide = columns * 64;

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
    put<Rows>(sum, y, Rows);
  }
  /// The same for groups of packed rows; the first `count` rows exist.
  template <int Groups>
  static void run_packed(const T* a, const T* b, int64_t k, const target& y, int count) {
    constexpr int height = Groups * group;
    S sum[height][2];
#pragma GCC unroll 16
    for (int i = 0; i < height; ++i) sum[i][0] = sum[i][1] = S(0);
    for (int i = 0; i < count; ++i) {
      hwy::Prefetch(y.data + i * y.row);
      hwy::Prefetch(y.data + i * y.row + S::lanes);
    }
    for (int64_t l = 0; l < k; ++l, a += group, b += columns) {
      const S low = S::load(b), high = S::load(b + S::lanes);
#pragma GCC unroll 16
      for (int i = 0; i < height; ++i) {
        const S x = hn::Set(typename S::tag(), a[i / group * (group * depth) + i % group]);
        sum[i][0] = mul_add(x, low, sum[i][0]);
        sum[i][1] = mul_add(x, high, sum[i][1]);
      }
    }
    put<height>(sum, y, count);
  }
  /// The first `count` rows of a tile to y.
  template <int Rows>
  HWY_INLINE static void put(const S (&sum)[Rows][2], const target& y, int count) {
    const S scale = hn::Set(typename S::tag(), y.scale);
    const int low = y.width < S::lanes ? y.width : S::lanes, high = y.width - low;
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      if (i == count) return;
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

  /// Entry l of N vectors side by side, for each l.
  template <int N>
  static void interleave(const S (&v)[N], T* to) {
    const typename S::tag d;
    if constexpr (N == 2)
      hn::StoreInterleaved2(v[0].v, v[1].v, d, to);
    else
      hn::StoreInterleaved4(v[0].v, v[1].v, v[2].v, v[3].v, d, to);
  }

  /// A panel of b, filled up with zeros.
  static void pack(const matrix_operand<const T>& b, int64_t l0, int64_t k, int64_t j0, int64_t width, T* to) {
    const int low = width < S::lanes ? static_cast<int>(width) : S::lanes, high = static_cast<int>(width) - low;
    if (!b.transposed) {
      for (int64_t l = 0; l < k; ++l, to += columns) {
        const T* const from = b.data + (l0 + l) * b.leading + j0;
        (low == S::lanes ? S::load(from) : S::load_first(from, low)).store(to);
        (high == S::lanes ? S::load(from + S::lanes) : S::load_first(from + low, high)).store(to + S::lanes);
      }
      return;
    }
    if (width < columns)
      for (int64_t l = 0; l < k; ++l)
        for (const int half : {0, S::lanes}) S(0).store(to + l * columns + half);
    int64_t j = 0;
    for (; j + chunk <= width; j += chunk) {
      const T* const from = b.data + (j0 + j) * b.leading + l0;
      int64_t l = 0;
      for (; l + S::lanes <= k; l += S::lanes) {
        S v[chunk];
        for (int q = 0; q < chunk; ++q) v[q] = S::load(from + q * b.leading + l);
        alignas(64) T side_by_side[static_cast<std::size_t>(chunk * S::lanes)];
        interleave(v, side_by_side);
        for (int t = 0; t < S::lanes; ++t)
          std::memcpy(to + (l + t) * columns + j, side_by_side + t * chunk, sizeof(T) * static_cast<std::size_t>(chunk));
      }
      for (; l < k; ++l)
        for (int q = 0; q < chunk; ++q) to[l * columns + j + q] = from[q * b.leading + l];
    }
    for (; j < width; ++j) {
      const T* const from = b.data + (j0 + j) * b.leading + l0;
      for (int64_t l = 0; l < k; ++l) to[l * columns + j] = from[l];
    }
  }

  /// A group of rows of a side by side for each l; rows beyond `count` are zeros.
  static void pack_left(const left& a, int64_t k, int64_t count, T* to) {
    int64_t l = 0;
    if (a.column == 1) {
      for (; l + S::lanes <= k; l += S::lanes) {
        S v[group];
        for (int r = 0; r < group; ++r) v[r] = r < count ? S::load(a.data + r * a.row + l) : S(0);
        interleave(v, to + l * group);
      }
    } else if (count == group) {
      for (; l < k; ++l) std::memcpy(to + l * group, a.data + l * a.column, sizeof(T) * static_cast<std::size_t>(group));
    }
    for (; l < k; ++l)
      for (int r = 0; r < group; ++r) to[l * group + r] = r < count ? a.data[r * a.row + l * a.column] : T(0);
  }

  static void multiply(const gemm_call<T>& c) {
    const int64_t row = c.a.transposed ? 1 : c.a.leading, column = c.a.transposed ? c.a.leading : 1;
    const bool packs_left = c.n > 4 * columns && c.m >= rows, packs_right = packs_left || c.b.transposed || c.m > 2 * rows;
    const int64_t deep = smaller(c.k, depth);  // rows of a panel of b
    scratch_memory<T> right(deep * (packs_right ? smaller(c.n + columns, wide) : columns));
    scratch_memory<T> packed(packs_left ? depth * smaller(c.m + rows, tall) : 0);
    for (int64_t l0 = 0; l0 < c.k; l0 += depth) {
      const int64_t k = smaller(c.k - l0, depth);
      const auto left_at = [&](int64_t i) { return left{c.a.data + i * row + l0 * column, row, column}; };
      for (int64_t j0 = 0; j0 < c.n; j0 += wide) {
        const int64_t j1 = smaller(j0 + wide, c.n);
        if (packs_right)
          for (int64_t j = j0; j < j1; j += columns)
            pack(c.b, l0, k, j, smaller(columns, j1 - j), right.data() + (j - j0) * deep);
        for (int64_t i0 = 0; i0 < c.m; i0 += tall) {
          const int64_t i1 = smaller(i0 + tall, c.m);
          if (packs_left)
            for (int64_t i = i0; i < i1; i += group)
              pack_left(left_at(i), k, smaller(group, i1 - i), packed.data() + (i - i0) * depth);
          for (int64_t j = j0; j < j1; j += columns) {
            const int64_t width = smaller(columns, j1 - j);
            panel b{c.b.data + l0 * c.b.leading + j, c.b.leading};
            if (packs_right) {
              b = {right.data() + (j - j0) * deep, columns};
            } else if (width < columns) {
              pack(c.b, l0, k, j, width, right.data());
              b = {right.data(), columns};
            }
            for (int64_t i = i0; i < i1; i += rows) {
              const int64_t count = smaller(rows, i1 - i);
              const target y{c.y.data + i * c.y.leading + j, c.y.leading, static_cast<int>(width), c.add || l0 > 0, c.scale};
              if (packs_left)
                packed_tile(packed.data() + (i - i0) * depth, b.data, k, y, static_cast<int>(count));
              else
                kernel_for(count, std::make_index_sequence<static_cast<std::size_t>(rows)>{})(left_at(i), b, k, y);
            }
          }
        }
      }
    }
  }
  static void packed_tile(const T* a, const T* b, int64_t k, const target& y, int count) {
    if (count <= group) return run_packed<1>(a, b, k, y, count);
    if (count <= 2 * group) return run_packed<2>(a, b, k, y, count);
    run_packed<3>(a, b, k, y, count);
  }
};

}  // namespace axiograd::impl

namespace axiograd {

template <class T, isa Set>
void native_product<T, Set>::run(const gemm_call<T>& c) {
  impl::product_tiles<simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>>::multiply(c);
}

}  // namespace axiograd
