#pragma once
// The elementwise family: spans of numbers, cut into blocks for the threads.

#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/kernels/spans.hpp>

namespace axiograd {

namespace impl {
/// Calls part(begin, count) for n numbers, on several threads if that pays; exact numbers stay on this one.
template <class T, class F>
void run_numbers(work_meter& meter, int64_t n, const F& part) {
  constexpr int64_t unit = 256;  // a whole number of vectors
  if constexpr (std::floating_point<T>)
    meter.run(n, unit, part);
  else
    part(int64_t{0}, n);
}
}  // namespace impl

template <int Inputs, class T>
void elementwise_forward(const span_kernels<T>& spans, work_meter& meter, const void* op, const forward_run<T>& run) {
  impl::run_numbers<T>(meter, run.y.dims->size(), [&](int64_t begin, int64_t count) {
    const T* in[Inputs];
    for (int k = 0; k < Inputs; ++k) in[k] = run.in[static_cast<std::size_t>(k)].data + begin;
    spans.forward(op, in, run.y.data + begin, count);
  });
}

template <int Inputs, class T>
void elementwise_vjp(const span_kernels<T>& spans, work_meter& meter, const void* op, const vjp_run<T>& run) {
  impl::run_numbers<T>(meter, run.y.dims->size(), [&](int64_t begin, int64_t count) {
    const T* in[Inputs];
    T* dx[Inputs];
    for (std::size_t k = 0; k < Inputs; ++k) {
      in[k] = run.in[k].data + begin;
      dx[k] = run.dx[k] == nullptr ? nullptr : run.dx[k] + begin;
    }
    spans.vjp(op, in, run.y.data + begin, run.dy + begin, dx, run.fresh, count);
  });
}

}  // namespace axiograd
