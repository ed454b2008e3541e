#pragma once
// The rowwise family: an operator's `forward` and `vjp` over rows, run for every row of a tensor.

#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/spans.hpp>
#include <optional>

namespace axiograd {

namespace impl {
/// Which axis the rows lie along: the whole tensor is (outer, n, inner) with n along the row.
struct row_layout {
  int64_t outer, n, inner;
};

template <class Op>
row_layout layout_of(const Op& op, const shape& x) {
  int axis = x.rank - 1;
  if constexpr (requires { op.row_axis(x.rank); }) axis = op.row_axis(x.rank);
  if (axis == whole_tensor) return {1, x.size(), 1};
  return {x.first(axis).size(), x[axis], x.from(axis + 1).size()};
}

/// Memory for the length of one run.
template <class T>
class scratch_memory {
 public:
  explicit scratch_memory(int64_t n) {
    if (n <= small && std::is_trivially_copyable_v<T>) {
      data_ = reinterpret_cast<T*>(local_);
    } else {
      owner_ = chunk_ref::adopt(chunk::acquire(static_cast<std::size_t>(n) * sizeof(T)));
      data_ = owner_->template construct<T>(owner_->data(), static_cast<std::size_t>(n));
    }
  }
  scratch_memory(const scratch_memory&) = delete;
  scratch_memory& operator=(const scratch_memory&) = delete;
  T* data() { return data_; }

 private:
  static constexpr int64_t small = 4096 / static_cast<int64_t>(sizeof(T));
  alignas(64) std::byte local_[4096];
  chunk_ref owner_;
  T* data_;
};

/// Rows one thread takes at a time: about 32,768 numbers. Depends on the shape only.
inline int64_t rows_per_block(int64_t n) { return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, n)); }
}  // namespace impl

template <class Op, class T>
void rowwise_forward(const row_kernels<T>& kernels, const void* op, const forward_run<T>& run) {
  constexpr int inputs = arity_of<Op>.tensors;
  constexpr row_result gives = result_of<Op>;
  const impl::row_layout at = impl::layout_of(*static_cast<const Op*>(op), *run.in[0].dims);
  const int64_t rows = at.outer * at.inner;
  if (gives == row_result::row && at.n == 0) return;
  const int64_t* const side = arity_of<Op>.side > 0 ? run.side[0].data() : nullptr;
  std::optional<impl::scratch_memory<T>> each;
  T* y = run.y.data;
  if (gives == row_result::mean) y = each.emplace(std::max<int64_t>(rows, 1)).data();

  const int64_t block = impl::rows_per_block(at.n);
  parallel_for((rows + block - 1) / block, [&](int64_t b) {
    const int64_t first = b * block;
    const int64_t count = std::min(block, rows - first);
    impl::scratch_memory<T> scratch((max_kept_rows + (at.inner == 1 ? 0 : inputs + 1)) * at.n);
    if (at.inner == 1) {
      const T* in[inputs];
      for (int k = 0; k < inputs; ++k)
        in[k] = run.in[static_cast<std::size_t>(k)].data + (shared_of<Op>.contains(k) ? 0 : first * at.n);
      kernels.forward(op, {in, side == nullptr ? nullptr : side + first, y + first * (gives == row_result::row ? at.n : 1),
                           nullptr, nullptr, scratch.data(), count, at.n});
      return;
    }
    // Rows along an outer axis are gathered into contiguous memory one by one.
    T* const copies = scratch.data() + max_kept_rows * at.n;
    T* const y_row = copies + inputs * at.n;
    for (int64_t r = first; r < first + count; ++r) {
      const int64_t base = r / at.inner * at.n * at.inner + r % at.inner;
      const T* in[inputs];
      for (int k = 0; k < inputs; ++k) {
        const T* const from = run.in[static_cast<std::size_t>(k)].data;
        in[k] = from;
        if (shared_of<Op>.contains(k)) continue;
        T* const to = copies + k * at.n;
        for (int64_t i = 0; i < at.n; ++i) to[i] = from[base + i * at.inner];
        in[k] = to;
      }
      const bool whole = gives == row_result::row;
      kernels.forward(op, {in, side == nullptr ? nullptr : side + r, whole ? y_row : y + r, nullptr, nullptr, scratch.data(), 1, at.n});
      if (whole)
        for (int64_t i = 0; i < at.n; ++i) y[base + i * at.inner] = y_row[i];
    }
  });
  if constexpr (gives == row_result::mean) {
    if (rows == 0)
      *run.y.data = T(0);
    else
      *run.y.data = mean(memory_row<T>{y, rows});
  }
}

template <class Op, class T>
void rowwise_vjp(const row_kernels<T>& kernels, const void* op, const vjp_run<T>& run) {
  constexpr int inputs = arity_of<Op>.tensors;
  constexpr row_result gives = result_of<Op>;
  const impl::row_layout at = impl::layout_of(*static_cast<const Op*>(op), *run.in[0].dims);
  const int64_t rows = at.outer * at.inner;
  if (at.n == 0 || rows == 0) return;
  const int64_t* const side = arity_of<Op>.side > 0 ? run.side[0].data() : nullptr;
  T mean_dy[1]{};
  const T* dy = run.dy;
  if constexpr (gives == row_result::mean) {
    mean_dy[0] = *run.dy / T(static_cast<double>(rows));
    dy = mean_dy;
  }
  // Each block of rows sums the gradients that rows share by itself; the sums are added in order, whatever the threads did.
  std::array<int64_t, inputs> place{};
  int64_t shared = 0;
  for (int k = 0; k < inputs; ++k)
    if (shared_of<Op>.contains(k) && run.dx[static_cast<std::size_t>(k)] != nullptr) place[static_cast<std::size_t>(k)] = at.n * shared++;
  int64_t block = impl::rows_per_block(at.n);
  if (shared > 0) block = std::max(block, (rows + 15) / 16);
  const int64_t blocks = (rows + block - 1) / block;
  impl::scratch_memory<T> sums(std::max<int64_t>(1, blocks * shared * at.n));
  std::fill_n(sums.data(), blocks * shared * at.n, T(0));

  parallel_for(blocks, [&](int64_t b) {
    const int64_t first = b * block;
    const int64_t count = std::min(block, rows - first);
    const auto target = [&](int k) -> T* {
      const auto input = static_cast<std::size_t>(k);
      if (run.dx[input] == nullptr || !shared_of<Op>.contains(k)) return run.dx[input];
      return sums.data() + b * shared * at.n + place[input];
    };
    impl::scratch_memory<T> scratch((max_kept_rows + 1 + (at.inner == 1 ? 0 : 2 * inputs + 2)) * at.n);
    const T* in[inputs];
    T* dx[inputs];
    if (at.inner == 1) {
      for (int k = 0; k < inputs; ++k) {
        const int64_t skip = shared_of<Op>.contains(k) ? 0 : first * at.n;
        T* const to = target(k);
        in[k] = run.in[static_cast<std::size_t>(k)].data + skip;
        dx[k] = to == nullptr ? nullptr : to + skip;
      }
      const int64_t width = gives == row_result::row ? at.n : 1;
      kernels.vjp(op, {in, side == nullptr ? nullptr : side + first,
                       gives == row_result::row ? const_cast<T*>(run.y.data) + first * width : nullptr,
                       gives == row_result::mean ? dy : dy + first * width, dx, scratch.data(), count, at.n});
      return;
    }
    T* const copies = scratch.data() + (max_kept_rows + 1) * at.n;
    for (int64_t r = first; r < first + count; ++r) {
      const int64_t base = r / at.inner * at.n * at.inner + r % at.inner;
      const auto gather = [&](const T* from, int64_t slot) {
        T* const to = copies + slot * at.n;
        for (int64_t i = 0; i < at.n; ++i) to[i] = from[base + i * at.inner];
        return to;
      };
      for (int k = 0; k < inputs; ++k) {
        const std::size_t input = static_cast<std::size_t>(k);
        const bool stays = shared_of<Op>.contains(k);
        in[k] = stays ? run.in[input].data : gather(run.in[input].data, k);
        dx[k] = target(k);
        if (dx[k] != nullptr && !stays) dx[k] = gather(run.dx[input], inputs + k);
      }
      const bool whole = gives == row_result::row;
      T* const y = whole ? gather(run.y.data, 2 * inputs) : nullptr;
      const T* const dy_here = whole ? gather(run.dy, 2 * inputs + 1) : gives == row_result::mean ? dy : dy + r;
      kernels.vjp(op, {in, side == nullptr ? nullptr : side + r, y, dy_here, dx, scratch.data(), 1, at.n});
      for (int k = 0; k < inputs; ++k)
        if (dx[k] != nullptr && !shared_of<Op>.contains(k))
          for (int64_t i = 0; i < at.n; ++i) run.dx[static_cast<std::size_t>(k)][base + i * at.inner] = dx[k][i];
    }
  });
  for (int64_t b = 0; b < blocks; ++b)
    for (int k = 0; k < inputs; ++k)
      if (const auto input = static_cast<std::size_t>(k); shared_of<Op>.contains(k) && run.dx[input] != nullptr) {
        const T* const part = sums.data() + b * shared * at.n + place[input];
        for (int64_t i = 0; i < at.n; ++i) run.dx[input][i] = run.dx[input][i] + part[i];
      }
}

}  // namespace axiograd
