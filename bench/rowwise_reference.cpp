// The yardstick for the rowwise kernels: softmax over rows as a lazy expression on Highway vectors with Highway's own exp,
// two running sums, no care for NaN or tails. Compiled for the processor it runs on.

#include <cstddef>
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

namespace hn = hwy::HWY_NAMESPACE;

void reference_softmax(const float* x, float* y, std::size_t rows, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t r = 0; r < rows; ++r, x += n, y += n) {
    auto m0 = hn::LoadU(d, x), m1 = m0;
    for (std::size_t i = 0; i < n; i += 2 * lanes) {
      m0 = hn::Max(m0, hn::LoadU(d, x + i));
      m1 = hn::Max(m1, hn::LoadU(d, x + i + lanes));
    }
    const auto m = hn::MaxOfLanes(d, hn::Max(m0, m1));
    for (std::size_t i = 0; i < n; i += lanes) hn::StoreU(hn::Exp(d, hn::Sub(hn::LoadU(d, x + i), m)), d, y + i);
    auto s0 = hn::Zero(d), s1 = s0;
    for (std::size_t i = 0; i < n; i += 2 * lanes) {
      s0 = hn::Add(s0, hn::LoadU(d, y + i));
      s1 = hn::Add(s1, hn::LoadU(d, y + i + lanes));
    }
    const auto scale = hn::Div(hn::Set(d, 1.0F), hn::SumOfLanes(d, hn::Add(s0, s1)));
    for (std::size_t i = 0; i < n; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, y + i), scale), d, y + i);
  }
}
