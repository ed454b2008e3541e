// What stands behind the gemm seam? Our own kernel and oneDNN on one thread, alternating, medians (docs/decisions/gemm.md).

#include <algorithm>
#include <axiograd/kernels/cpu/native_product.hpp>
#include <chrono>
#include <cstdio>
#include <oneapi/dnnl/dnnl.h>
#include <vector>

namespace {

using float_vector = std::vector<float>;

double seconds(const auto& body, long repeats) {
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < repeats; ++i) body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(repeats);
}
double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<long>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

void compare(int m, int n, int k) {
  const auto size = [](int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); };
  const float_vector a(size(m, k), 0.5F), b(size(k, n), 0.25F);
  float_vector c(size(m, n)), d(size(m, n));
  const axiograd::gemm_call<float> call{.m = m, .n = n, .k = k, .a = {a.data(), k}, .b = {b.data(), n}, .y = {c.data(), n}};
  const auto ours = [&] { axiograd::product(call); };
  const auto onednn = [&] { dnnl_sgemm('N', 'N', m, n, k, 1, a.data(), k, b.data(), n, 0, d.data(), n); };
  const double flops = 2.0 * m * n * k;
  const long repeats = std::max(1L, static_cast<long>(2e7 / flops));
  ours(), onednn();
  std::vector<double> t1, t2;
  for (int round = 0; round < 15; ++round) {
    t1.push_back(seconds(ours, repeats));
    t2.push_back(seconds(onednn, repeats));
  }
  const double s1 = median(t1), s2 = median(t2);
  std::printf("%5d %5d %5d  %9.2f us %7.1f GFLOP/s  %9.2f us %7.1f GFLOP/s  ratio %.2f\n", m, n, k, s1 * 1e6, flops / s1 * 1e-9,
              s2 * 1e6, flops / s2 * 1e-9, s2 / s1);
}

}  // namespace

int main() {
  std::printf("    m     n     k      ours                              oneDNN                        oneDNN / our time\n");
  for (int n : {4, 8, 16, 32, 64, 128, 256, 512, 1024}) compare(n, n, n);
  compare(128, 512, 784);  // a batch through a dense layer
  compare(16, 64, 9);      // 3x3 convolutions on 8x8 images, one sample
  compare(32, 64, 144);
  compare(64, 3136, 576);  // 64 -> 64 channels on 56x56
}
