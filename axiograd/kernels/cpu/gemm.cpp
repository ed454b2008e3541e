#include <algorithm>
#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/cpu/k_parts.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <axiograd/kernels/cpu/native_product.hpp>
#include <axiograd/kernels/cpu/packed_product.hpp>
#include <axiograd/kernels/cpu/tile_product.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <utility>

namespace axiograd {
namespace {

/// The same product as y^T = b^T a^T.
template <class T>
gemm_call<T> turned(gemm_call<T> c) {
  std::swap(c.m, c.n);
  std::swap(c.a, c.b);
  c.a.transposed = !c.a.transposed;
  c.b.transposed = !c.b.transposed;
  c.y.transposed = !c.y.transposed;
  return c;
}
/// Whether y and b are columns without gaps: they are rows as well, of which vectors hold more entries.
template <class T>
bool is_column(const gemm_call<T>& c) {
  return c.n == 1 && c.m > 1 && c.y.leading == 1 && c.b.leading == 1 && !c.b.transposed;
}
template <class T>
gemm_call<T> as_row(const gemm_call<T>& column) {
  gemm_call<T> row = turned(column);
  row.a = {row.a.data, row.k};
  row.y = {row.y.data, row.n};
  return row;
}
template <class T>
[[gnu::always_inline]] inline void by_our_kernel(const gemm_call<T>& c) {
  is_column(c) ? product(as_row(c)) : product(c);
}

// Below about 64^3 our own kernel is the faster call, with few rows or columns below 40^3 (docs/decisions/gemm.md).
template <class T>
bool is_small(const gemm_call<T>& c) {
  return c.m * c.n * c.k < (std::min(c.m, c.n) < 8 ? 40 * 40 * 40 : 64 * 64 * 64);
}

// Inlined, as all calls on the way of small products: each costs them a percent.
[[gnu::always_inline]] inline void one_tile(const gemm_call<float>& c) {
  const precision policy = current_precision();
  if (is_small(c) || policy == precision::reproducible_fp32) return by_our_kernel(c);
  switch (available(policy)) {
    case precision::fp32_split6: return tile_product(c, 3);
    case precision::fp32_split3: return tile_product(c, 2);
    case precision::bf16: return tile_product(c, 1);
    default: break;
  }
  if (!library_product(c)) by_our_kernel(c);
}
[[gnu::always_inline]] inline void one_tile(const gemm_call<double>& c) { by_our_kernel(c); }

// Tiles of y, each one call. Large ones, because every call packs its operands anew: of one call's speed for a product of
// 2048, tiles of 1024 x 1024 reach 0.95, of 512 x 1024 0.92. Not as many as there are threads: the library's bits depend on
// the size of a call.
constexpr std::int64_t tile_rows = 1024, tile_columns = 1024;
// From here on a product is worth two threads.
constexpr std::int64_t shared_work = std::int64_t{1} << 23;

/// The length of the parts that `n` is cut into, at most `most` each, whole cache lines.
std::int64_t part_of(std::int64_t n, std::int64_t most) {
  const std::int64_t parts = (n + most - 1) / most;
  return std::min(n, ((n + parts - 1) / parts + 63) / 64 * 64);
}

template <class T>
[[gnu::noinline]] void one_tile_of_long_k(const gemm_call<T>& c) {
  by_parts_of_k(c, [](const gemm_call<T>& part, std::int64_t) { one_tile(part); });
}

/// One tile and what follows it; y is not transposed.
template <class T>
void complete(const gemm_call<T>& c) {
  if (c.k > longest_k)
    one_tile_of_long_k(c);
  else if (c.k > 0)
    one_tile(c);
  if (c.epilogue == nullptr) return;
  if (c.y.leading == c.n) return c.epilogue->run(c.y.data, c.m * c.n);
  for (std::int64_t i = 0; i < c.m; ++i) c.epilogue->run(c.y.data + i * c.y.leading, c.n);
}

bool packed(const gemm_call<float>& c) {
  if (c.b.constant != nullptr) return packed_product(c);
  return c.a.constant != nullptr && is_column(c) && packed_product(as_row(c));
}
bool packed(const gemm_call<double>&) { return false; }

template <class T>
void run(const gemm_call<T>& c) {
  if (c.m == 0 || c.n == 0) return;
  if (c.y.transposed) return run(turned(c));
  if (c.k == 0 && !c.add)
    for (std::int64_t i = 0; i < c.m; ++i) std::fill_n(c.y.data + i * c.y.leading, c.n, T(0));
  if (packed(c)) return;
  if (is_small(c)) return complete(c);  // our own kernel's bits do not depend on tiles
  // How y is cut depends on the sizes only.
  std::int64_t rows = part_of(c.m, tile_rows), columns = part_of(c.n, tile_columns);
  if (rows == c.m && columns == c.n && c.m * c.n * c.k >= shared_work)
    (c.m >= c.n ? rows : columns) = part_of(std::max(c.m, c.n), (std::max(c.m, c.n) + 1) / 2);
  if (rows == c.m && columns == c.n) return complete(c);
  const std::int64_t down = (c.m + rows - 1) / rows, across = (c.n + columns - 1) / columns;
  parallel_for(down * across, [&](std::int64_t t) {
    gemm_call<T> part = c;
    const std::int64_t row = t / across * rows, column = t % across * columns;
    part.m = std::min(rows, c.m - row);
    part.n = std::min(columns, c.n - column);
    part.a.data += c.a.transposed ? row : row * c.a.leading;
    part.b.data += c.b.transposed ? column * c.b.leading : column;
    part.y.data += row * c.y.leading + column;
    complete(part);
  });
}

}  // namespace

void gemm(const gemm_call<float>& call) { run(call); }
void gemm(const gemm_call<double>& call) { run(call); }

}  // namespace axiograd
