// Compiled for AVX-512 and AMX; nothing here is called on other processors.

#include <axiograd/kernels/cpu/tile_product.hpp>

#if defined(__AMX_BF16__) && defined(__linux__)
#include <axiograd/core/scratch.hpp>
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace axiograd {
namespace {

using bf16 = std::uint16_t;

// A tile holds 16 rows of 64 bytes: 16 x 32 numbers of a, 16 pairs of rows x 16 columns of b, 16 x 16 sums.
constexpr std::int64_t rows = 16, depth = 32;
// Two tiles of a times two of b make a step; blocks of k of this length are packed at a time.
constexpr std::int64_t step = 2 * rows, block = 256;

struct tile_configuration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t tile_rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(tile_configuration) == 64);

/// The nearest bf16 of each number, in the upper half of its bits; where that would be infinite for a finite number, the
/// largest. NaN stays NaN.
__m512i rounded(__m512 x) {
  const __m512i u = _mm512_castps_si512(x), upper = _mm512_set1_epi32(static_cast<int>(0xffff0000U));
  const __m512i exponent = _mm512_set1_epi32(0x7f800000);
  const __m512i magnitude = _mm512_and_si512(u, _mm512_set1_epi32(0x7fffffff));
  const __m512i even = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  const __m512i up = _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), even);
  const __mmask16 not_finite = _mm512_cmpge_epu32_mask(magnitude, exponent);
  const __mmask16 overflows = _mm512_cmpeq_epi32_mask(_mm512_and_si512(up, exponent), exponent);
  __m512i kept = _mm512_mask_mov_epi32(up, static_cast<__mmask16>(not_finite | overflows), u);
  kept = _mm512_mask_or_epi32(kept, _mm512_cmpgt_epu32_mask(magnitude, exponent), kept, _mm512_set1_epi32(0x400000));
  return _mm512_and_si512(kept, upper);
}
/// What x = part + rest leaves; nothing of what is not finite.
__m512 rest_of(__m512 x, __m512i part) {
  const __m512i exponent = _mm512_set1_epi32(0x7f800000);
  const __mmask16 finite = _mm512_cmpneq_epi32_mask(_mm512_and_si512(_mm512_castps_si512(x), exponent), exponent);
  return _mm512_maskz_sub_ps(finite, x, _mm512_castsi512_ps(part));
}
__mmask16 first_lanes(std::int64_t n) { return static_cast<__mmask16>(n >= 16 ? 0xffffU : n <= 0 ? 0U : (1U << n) - 1); }

std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
std::int64_t steps_of(std::int64_t n, std::int64_t length) { return (n + length - 1) / length; }

/// Where the tiles of one operand lie: [strip of 32 rows or columns][32 entries of k][part][half of the strip].
struct packed_operand {
  bf16* data;
  std::int64_t k_steps;
  int parts;
  bf16* tile(std::int64_t strip, std::int64_t k, int part, int half) const {
    return data + (((strip * k_steps + k) * parts + part) * 2 + half) * rows * depth;
  }
};

/// 16 lines (rows of a, columns of b) of 32 entries each, as 16 x 16 pairs of bf16 for every part: pair (line, l / 2) stands at
/// [line][l / 2] if `by_lines`, else at [l / 2][line].
struct pair_block {
  static constexpr std::int64_t size = rows * depth;

  /// Entry (line, l) is from[line * ld + l] if `k_is_contiguous`, else from[l * ld + line]; what is outside counts as 0.
  static void cut(const float* from, std::int64_t ld, bool k_is_contiguous, std::int64_t lines, std::int64_t length,
                  bool by_lines, int parts, bf16* const* to) {
    const bool turned = k_is_contiguous != by_lines;
    alignas(64) bf16 memory[3][size];
    for (std::int64_t i = 0; i < rows; ++i) {
      __m512 x, y;  // pair i's entries: of one line, even and odd side by side; or of two rows
      if (k_is_contiguous) {
        const std::int64_t n = i < lines ? length : 0;
        x = _mm512_maskz_loadu_ps(first_lanes(n), from + i * ld);
        y = _mm512_maskz_loadu_ps(first_lanes(n - 16), from + i * ld + 16);
      } else {
        x = _mm512_maskz_loadu_ps(first_lanes(2 * i < length ? lines : 0), from + 2 * i * ld);
        y = _mm512_maskz_loadu_ps(first_lanes(2 * i + 1 < length ? lines : 0), from + (2 * i + 1) * ld);
      }
      for (int part = 0; part < parts; ++part) {
        const __m512i px = rounded(x), py = rounded(y);
        __m512i pairs;
        if (k_is_contiguous)
          pairs = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(_mm512_srli_epi32(px, 16))),
                                     _mm512_cvtepi32_epi16(_mm512_srli_epi32(py, 16)), 1);
        else
          pairs = _mm512_or_si512(_mm512_srli_epi32(px, 16), py);
        _mm512_store_si512((turned ? memory[part] : to[part]) + i * depth, pairs);
        x = rest_of(x, px);
        y = rest_of(y, py);
      }
    }
    if (!turned) return;
    const __m512i column =
        _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32(16));
    for (int part = 0; part < parts; ++part)
      for (int i = 0; i < rows; ++i)
        _mm512_store_si512(to[part] + i * depth,
                           _mm512_i32gather_epi32(_mm512_add_epi32(column, _mm512_set1_epi32(i)), memory[part], 4));
  }
};

/// Cuts a block of an operand into tiles: `lines` are rows of a or columns of b.
void pack(const packed_operand& to, const float* data, std::int64_t ld, bool k_is_contiguous, std::int64_t lines,
          std::int64_t k, bool by_lines) {
  for (std::int64_t strip = 0; strip < steps_of(lines, step); ++strip)
    for (std::int64_t ks = 0; ks < to.k_steps; ++ks)
      for (int half = 0; half < 2; ++half) {
        const std::int64_t line = strip * step + half * rows, l = ks * depth;
        bf16* tiles[3];
        for (int part = 0; part < to.parts; ++part) tiles[part] = to.tile(strip, ks, part, half);
        pair_block::cut(data + (k_is_contiguous ? line * ld + l : l * ld + line), ld, k_is_contiguous,
                        smaller(rows, lines - line), smaller(depth, k - l), by_lines, to.parts, tiles);
      }
}

constexpr int stride = 64;

void multiply_step(const packed_operand& a, const packed_operand& b, std::int64_t row, std::int64_t column, float* sums) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  // Part p of a meets part q of b where p + q < parts: what is left out is smaller than the last bit that is kept.
  for (std::int64_t k = 0; k < a.k_steps; ++k)
    for (int p = 0; p < a.parts; ++p) {
      _tile_loadd(4, a.tile(row, k, p, 0), stride);
      _tile_loadd(5, a.tile(row, k, p, 1), stride);
      for (int q = 0; q < b.parts - p; ++q) {
        _tile_loadd(6, b.tile(column, k, q, 0), stride);
        _tile_loadd(7, b.tile(column, k, q, 1), stride);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  _tile_stored(0, sums, step * 4);
  _tile_stored(1, sums + rows, step * 4);
  _tile_stored(2, sums + rows * step, step * 4);
  _tile_stored(3, sums + rows * step + rows, step * 4);
}

}  // namespace

bool has_tiles() {
  static const bool available = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    const bool processor = (d >> 22 & 1U) != 0 && (d >> 24 & 1U) != 0 && (b >> 16 & 1U) != 0;
    constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM
    return processor && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  }();
  return available;
}

void tile_product(const gemm_call<float>& c, int parts) {
  const std::int64_t most_k = steps_of(smaller(c.k, block), depth);
  const std::int64_t tile_row_strips = steps_of(c.m, step), column_strips = steps_of(c.n, step);
  const auto size = [&](std::int64_t strips) { return strips * most_k * parts * 2 * rows * depth; };
  scratch_memory<bf16> left(size(tile_row_strips)), right(size(column_strips));
  const tile_configuration configuration;
  _tile_loadconfig(&configuration);
  alignas(64) float sums[step * step];
  for (std::int64_t k0 = 0; k0 < c.k; k0 += block) {
    const std::int64_t k = smaller(block, c.k - k0), k_steps = steps_of(k, depth);
    const packed_operand a{left.data(), k_steps, parts}, b{right.data(), k_steps, parts};
    pack(a, c.a.data + k0 * (c.a.transposed ? c.a.leading : 1), c.a.leading, !c.a.transposed, c.m, k, true);
    pack(b, c.b.data + k0 * (c.b.transposed ? 1 : c.b.leading), c.b.leading, c.b.transposed, c.n, k, false);
    const bool add = c.add || k0 > 0;
    for (std::int64_t column = 0; column < column_strips; ++column)
      for (std::int64_t row = 0; row < tile_row_strips; ++row) {
        multiply_step(a, b, row, column, sums);
        const std::int64_t height = smaller(step, c.m - row * step), width = smaller(step, c.n - column * step);
        for (std::int64_t i = 0; i < height; ++i) {
          float* const to = c.y.data + (row * step + i) * c.y.leading + column * step;
          const float* const from = sums + i * step;
          if (add)
            for (std::int64_t j = 0; j < width; ++j) to[j] += c.scale * from[j];
          else
            for (std::int64_t j = 0; j < width; ++j) to[j] = c.scale * from[j];
        }
      }
  }
  _tile_release();
}

}  // namespace axiograd
#else
namespace axiograd {
bool has_tiles() { return false; }
void tile_product(const gemm_call<float>&, int) {}
}  // namespace axiograd
#endif
