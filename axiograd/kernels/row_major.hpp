#pragma once
// For operators that cannot take everything as it lies.

#include <axiograd/kernels/arguments.hpp>
#include <utility>
#include <vector>

namespace axiograd {

/// Runs `vjp` on row-major copies of everything that lies otherwise.
template <class T, class F>
void vjp_in_row_major(const vjp_run<T>& run, const F& vjp) {
  const std::size_t inputs = run.in.size();
  const int64_t y_size = run.y.dims->size();
  int64_t room = run.y_layout.row_major() ? 0 : 2 * y_size;
  for (std::size_t k = 0; k < inputs; ++k)
    if (!run.input_layout(k).row_major()) room += 2 * run.in[k].dims->size();
  const chunk_ref memory = chunk_ref::adopt(memory_chunk::acquire(static_cast<std::size_t>(room) * sizeof(T)));
  T* next = memory->construct<T>(memory->data(), static_cast<std::size_t>(room));
  const auto copy = [&](const T* from, const shape& dims, layout data_layout) {
    T* const to = std::exchange(next, next + dims.size());
    if (from != nullptr) out_of_blocks(from, to, dims, data_layout);
    return to;
  };
  std::vector<view<const T>> in(run.in.begin(), run.in.end());
  std::vector<T*> dx(run.dx.begin(), run.dx.end());
  vjp_run<T> plain = run;
  plain.layouts = nullptr;
  plain.y_layout = {};
  if (!run.y_layout.row_major()) {
    plain.y.data = copy(run.y.data, *run.y.dims, run.y_layout);
    plain.dy = copy(run.dy, *run.y.dims, run.y_layout);
  }
  for (std::size_t k = 0; k < inputs; ++k) {
    if (run.input_layout(k).row_major()) continue;
    in[k].data = copy(run.in[k].data, *run.in[k].dims, run.layouts[k]);
    if (dx[k] == nullptr) continue;
    dx[k] = copy(nullptr, *run.in[k].dims, {});
    plain.fresh |= 1U << k;
  }
  plain.in = in;
  plain.dx = dx;
  vjp(plain);
  for (std::size_t k = 0; k < inputs; ++k)
    if (dx[k] != run.dx[k]) into_blocks(dx[k], run.dx[k], *run.in[k].dims, run.layouts[k], run.adds(k));
}

}  // namespace axiograd
