#include <axiograd/runtime/program.hpp>

namespace axiograd {
namespace {

// Positions that are taken through the whole program at a time, so that registers stay in the nearest cache.
constexpr int64_t block_positions = 512;

/// Asks for memory that the next block needs while this one is computed.
template <class T>
void prefetch(const T* from, int64_t n) {
  constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
  for (int64_t i = 0; from != nullptr && i < n; i += line) __builtin_prefetch(from + i);
}

template <class T>
const span_kernels<T>& kernels_of_step(const program::step& s) {
  if constexpr (std::same_as<T, float>)
    return s.f32().spans();
  else
    return s.f64().spans();
}

}  // namespace

int program::add(const step& s) {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i] == s) return inputs_ + static_cast<int>(i);
  steps_.push_back(s);
  return inputs_ + static_cast<int>(steps_.size()) - 1;
}

// Registers of the block: `at[r]` is where register r lies; inputs are read in place. The result is written to `result`, or
// found there if it is `known`.
template <class T>
void program::run_block(const T* const* in, T* registers, T* result, bool known, std::vector<const T*>& at, int64_t n) const {
  for (int k = 0; k < inputs_; ++k) at[static_cast<std::size_t>(k)] = in[k];
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const step& s = steps_[i];
    const bool last = inputs_ + static_cast<int>(i) == result_;
    T* const y = last ? result : registers + static_cast<int64_t>(i) * n;
    at[static_cast<std::size_t>(inputs_) + i] = y;
    if (last && known) continue;
    if (s.f32 == nullptr) {
      std::fill_n(y, n, static_cast<T>(s.constant));
      continue;
    }
    std::array<const T*, 4> x{};
    for (std::size_t k = 0; k < static_cast<std::size_t>(s.arguments); ++k) x[k] = at[static_cast<std::size_t>(s.argument[k])];
    kernels_of_step<T>(s).forward(s.attributes.data(), x.data(), y, n);
  }
}

template <class T>
void program::forward(const T* const* in, T* y, int64_t n) const {
  const int64_t block = std::min(n, block_positions);
  scratch_memory<T> registers(std::max<int64_t>(1, block * static_cast<int64_t>(steps_.size())));
  thread_local std::vector<const T*> at;
  at.resize(static_cast<std::size_t>(inputs_) + steps_.size());
  std::array<const T*, 8> here{};
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin);
    const int64_t next = begin + count, next_count = std::min(block, n - next);
    for (int k = 0; k < inputs_; ++k) {
      here[static_cast<std::size_t>(k)] = in[k] + begin;
      prefetch(in[k] + next, next_count);
    }
    prefetch(y + next, next_count);
    run_block(here.data(), registers.data(), y + begin, false, at, count);
    if (result_ < inputs_) std::copy_n(in[result_] + begin, count, y + begin);
  }
}

template <class T>
void program::vjp(const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n) const {
  const int64_t block = std::min(n, block_positions);
  const auto step_count = static_cast<int64_t>(steps_.size());
  const int64_t all = inputs_ + step_count;
  scratch_memory<T> memory(std::max<int64_t>(1, block * (step_count + all)));
  thread_local std::vector<const T*> at;
  at.resize(static_cast<std::size_t>(all));
  thread_local std::vector<T*> gradient_at;
  thread_local std::vector<unsigned char> holds;
  gradient_at.resize(at.size());
  holds.resize(at.size());
  std::array<const T*, 8> here{};
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin);
    const int64_t next = begin + count, next_count = std::min(block, n - next);
    for (int k = 0; k < inputs_; ++k) {
      here[static_cast<std::size_t>(k)] = in[k] + begin;
      prefetch(in[k] + next, next_count);
      if (dx[k] != nullptr) prefetch(dx[k] + next, next_count);
    }
    prefetch(dy + next, next_count);
    T* const registers = memory.data();
    T* const gradients = registers + block * step_count;
    run_block<T>(here.data(), registers, const_cast<T*>(y + begin), true, at, count);
    // Where the gradient of each register lies, and whether it holds something: those of inputs are the caller's.
    for (std::size_t r = 0; r < static_cast<std::size_t>(all); ++r) {
      const bool input = r < static_cast<std::size_t>(inputs_);
      gradient_at[r] = !input ? gradients + static_cast<int64_t>(r) * count : dx[r] == nullptr ? nullptr : dx[r] + begin;
      holds[r] = input && (fresh >> r & 1U) == 0;
    }
    const auto result = static_cast<std::size_t>(result_);
    if (result_ >= inputs_) {
      std::copy_n(dy + begin, count, gradient_at[result]);  // a dx may be dy itself
    } else if (T* const to = gradient_at[result]; to != nullptr) {
      for (int64_t i = 0; i < count; ++i) to[i] = holds[result] ? to[i] + dy[begin + i] : dy[begin + i];
    }
    holds[result] = true;
    for (std::size_t i = steps_.size(); i-- > 0;) {
      const step& s = steps_[i];
      const std::size_t self = static_cast<std::size_t>(inputs_) + i;
      if (s.f32 == nullptr || !holds[self]) continue;
      std::array<const T*, 4> x{};
      std::array<T*, 4> into{};
      unsigned fresh_here = 0;
      for (std::size_t k = 0; k < static_cast<std::size_t>(s.arguments); ++k) {
        const auto r = static_cast<std::size_t>(s.argument[k]);
        x[k] = at[r];
        const bool constant = s.argument[k] >= inputs_ && steps_[r - static_cast<std::size_t>(inputs_)].f32 == nullptr;
        if (constant || gradient_at[r] == nullptr) continue;
        into[k] = gradient_at[r];
        if (holds[r]) continue;
        holds[r] = true;
        const auto arguments = s.argument.begin() + s.arguments;
        if (std::count(s.argument.begin(), arguments, s.argument[k]) == 1)
          fresh_here |= 1U << k;
        else
          std::fill_n(into[k], count, T(0));
      }
      kernels_of_step<T>(s).vjp(s.attributes.data(), x.data(), at[self], gradient_at[self], into.data(), fresh_here, count);
    }
    for (std::size_t k = 0; k < static_cast<std::size_t>(inputs_); ++k)
      if (!holds[k] && dx[k] != nullptr) std::fill_n(dx[k] + begin, count, T(0));
  }
}

template void program::forward(const float* const*, float*, int64_t) const;
template void program::forward(const double* const*, double*, int64_t) const;
template void program::vjp(const float* const*, const float*, const float*, float* const*, unsigned, int64_t) const;
template void program::vjp(const double* const*, const double*, const double*, double* const*, unsigned, int64_t) const;

}  // namespace axiograd
