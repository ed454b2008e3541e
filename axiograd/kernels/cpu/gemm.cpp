#include <algorithm>
#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>
#include <utility>

// libgomp's, which oneDNN uses even where we do not: a call sets its own thread's count.
extern "C" void omp_set_num_threads(int);
extern "C" int omp_get_max_threads();

namespace axiograd {
namespace {

CBLAS_TRANSPOSE flag(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

// OpenBLAS has the cheaper call, oneDNN the faster kernels on every processor (docs/decisions/gemm.md).
void library_call(const gemm_call<float>& c) {
  if (c.m * c.n * c.k < 16 * 16 * 16) {
    cblas_sgemm(CblasRowMajor, flag(c.a.transposed), flag(c.b.transposed), static_cast<int>(c.m), static_cast<int>(c.n),
                static_cast<int>(c.k), 1.0F, c.a.data, static_cast<int>(c.a.leading), c.b.data, static_cast<int>(c.b.leading),
                c.add ? 1.0F : 0.0F, c.y.data, static_cast<int>(c.y.leading));
    return;
  }
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  dnnl_sgemm(c.a.transposed ? 'T' : 'N', c.b.transposed ? 'T' : 'N', c.m, c.n, c.k, 1.0F, c.a.data, c.a.leading, c.b.data,
             c.b.leading, c.add ? 1.0F : 0.0F, c.y.data, c.y.leading);
  omp_set_num_threads(threads);
}
void library_call(const gemm_call<double>& c) {
  cblas_dgemm(CblasRowMajor, flag(c.a.transposed), flag(c.b.transposed), static_cast<int>(c.m), static_cast<int>(c.n),
              static_cast<int>(c.k), 1.0, c.a.data, static_cast<int>(c.a.leading), c.b.data, static_cast<int>(c.b.leading),
              c.add ? 1.0 : 0.0, c.y.data, static_cast<int>(c.y.leading));
}

// Rows of y that one library call computes; enough work to be worth a thread (about 50 us at 100 GFLOP/s).
constexpr std::int64_t tile_flops = 1 << 22;

template <class T>
void run(gemm_call<T> c) {
  [[maybe_unused]] static const bool single_threaded = (openblas_set_num_threads(1), true);
  if (c.m == 0 || c.n == 0) return;
  if (c.k == 0) {
    if (!c.add)
      for (std::int64_t i = 0; i < c.m; ++i)
        for (std::int64_t j = 0; j < c.n; ++j) c.y.data[c.y.transposed ? j * c.y.leading + i : i * c.y.leading + j] = T(0);
    return;
  }
  if (c.y.transposed) {  // y^T = b^T a^T
    std::swap(c.m, c.n);
    std::swap(c.a, c.b);
    c.a.transposed = !c.a.transposed;
    c.b.transposed = !c.b.transposed;
    c.y.transposed = false;
  }
  // Tiles are cut along the longer side of y; their number depends on the sizes only.
  const bool by_rows = c.m >= c.n;
  const std::int64_t length = by_rows ? c.m : c.n;
  const std::int64_t line_flops = 2 * c.k * (by_rows ? c.n : c.m);
  const std::int64_t tile = std::max<std::int64_t>(64, (tile_flops / std::max<std::int64_t>(1, line_flops) + 63) / 64 * 64);
  if (length <= tile) return library_call(c);
  parallel_for((length + tile - 1) / tile, [&](std::int64_t t) {
    gemm_call<T> part = c;
    const std::int64_t first = t * tile;
    const std::int64_t count = std::min(tile, length - first);
    if (by_rows) {
      part.m = count;
      part.a.data += c.a.transposed ? first : first * c.a.leading;
      part.y.data += first * c.y.leading;
    } else {
      part.n = count;
      part.b.data += c.b.transposed ? first * c.b.leading : first;
      part.y.data += first;
    }
    library_call(part);
  });
}

}  // namespace

void gemm(const gemm_call<float>& call) { run(call); }
void gemm(const gemm_call<double>& call) { run(call); }

}  // namespace axiograd
