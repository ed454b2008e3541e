#pragma once

#include <axiograd/core/block_sum.hpp>
#include <axiograd/kernels/arguments.hpp>

namespace axiograd::impl {

/// Where the samples of a reverse run, which come in order, add their gradients: each to its own place or, if all share it and
/// there are more of them than a block, to the sum of their block.
template <class T, std::size_t Inputs>
class shared_gradients {
 public:
  /// `step` is the distance between the samples of an input, 0 where they share it.
  shared_gradients(const vjp_run<T>& run, const std::array<int64_t, Inputs>& step, int64_t samples) : run_(run), step_(step) {
    if constexpr (sums_by_blocks<T>)
      for (std::size_t k = 0; k < Inputs && samples > sum_block; ++k)
        if (step[k] == 0 && run.dx[k] != nullptr) sums_[k].emplace(size(k), samples / sum_block + 1);
  }
  /// Whether sums of blocks, which begin at zero, take what is added.
  bool joins(std::size_t k) const { return sums_[k].has_value(); }
  /// To be called before each sample.
  void begin(int64_t sample) {
    if (sample % sum_block != 0) return;
    for (std::size_t k = 0; k < Inputs; ++k)
      if (sums_[k]) block_[k] = sums_[k]->next_zeros();
  }
  T* of(std::size_t k, int64_t sample) const {
    if (run_.dx[k] == nullptr) return nullptr;
    return sums_[k] ? block_[k] : run_.dx[k] + sample * step_[k];
  }
  /// To be called after the last sample: adds the sums of blocks to the gradients, or writes them.
  void finish() {
    for (std::size_t k = 0; k < Inputs; ++k) {
      if (!sums_[k]) continue;
      const T* const total = sums_[k]->total();
      for (int64_t i = 0; i < size(k); ++i) run_.dx[k][i] = run_.adds(k) ? run_.dx[k][i] + total[i] : total[i];
    }
  }

 private:
  int64_t size(std::size_t k) const { return run_.in[k].dims->size(); }

  const vjp_run<T>& run_;
  const std::array<int64_t, Inputs>& step_;
  std::array<std::optional<joined_rows<T>>, Inputs> sums_;
  std::array<T*, Inputs> block_{};
};

}  // namespace axiograd::impl
