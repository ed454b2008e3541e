#pragma once
// The elementwise family: spans of numbers, cut into blocks for the threads.

#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/spans.hpp>

namespace axiograd {

/// Numbers that one thread takes at a time: about 20 us of the cheapest operator.
inline constexpr int64_t elementwise_block = int64_t{1} << 15;

template <int Inputs, class T>
void elementwise_forward(const span_kernels<T>& spans, const void* op, const forward_run<T>& run) {
  const int64_t n = run.y.dims->size();
  const auto part = [&](int64_t begin, int64_t count) {
    const T* in[Inputs];
    for (int k = 0; k < Inputs; ++k) in[k] = run.in[static_cast<std::size_t>(k)].data + begin;
    spans.forward(op, in, run.y.data + begin, count);
  };
  if (n <= 2 * elementwise_block) return part(0, n);
  parallel_for((n + elementwise_block - 1) / elementwise_block, [&](int64_t block) {
    const int64_t begin = block * elementwise_block;
    part(begin, std::min(elementwise_block, n - begin));
  });
}

template <int Inputs, class T>
void elementwise_vjp(const span_kernels<T>& spans, const void* op, const vjp_run<T>& run) {
  const int64_t n = run.y.dims->size();
  const auto part = [&](int64_t begin, int64_t count) {
    const T* in[Inputs];
    T* dx[Inputs];
    for (std::size_t k = 0; k < Inputs; ++k) {
      in[k] = run.in[k].data + begin;
      dx[k] = run.dx[k] == nullptr ? nullptr : run.dx[k] + begin;
    }
    spans.vjp(op, in, run.y.data + begin, run.dy + begin, dx, run.fresh, count);
  };
  if (n <= 2 * elementwise_block) return part(0, n);
  parallel_for((n + elementwise_block - 1) / elementwise_block, [&](int64_t block) {
    const int64_t begin = block * elementwise_block;
    part(begin, std::min(elementwise_block, n - begin));
  });
}

}  // namespace axiograd
