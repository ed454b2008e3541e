#include <axiograd/runtime/program.hpp>

namespace axiograd {
namespace {

// Positions that are taken through the whole program at a time, so that registers stay in the nearest cache.
constexpr int64_t block_positions = 512;

template <class T>
const operator_table<T>& table_of_step(const program::step& s) {
  if constexpr (std::same_as<T, float>)
    return s.f32();
  else
    return s.f64();
}

}  // namespace

int program::add(const step& s) {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i] == s) return inputs_ + static_cast<int>(i);
  steps_.push_back(s);
  return inputs_ + static_cast<int>(steps_.size()) - 1;
}

// Registers of the block: `at[r]` is where register r lies; inputs are read in place.
template <class T>
void program::run_block(const T* const* in, T* registers, std::vector<const T*>& at, int64_t n) const {
  const shape dims{n};
  for (int k = 0; k < inputs_; ++k) at[static_cast<std::size_t>(k)] = in[k];
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const step& s = steps_[i];
    T* const y = registers + static_cast<int64_t>(i) * n;
    at[static_cast<std::size_t>(inputs_) + i] = y;
    if (s.f32 == nullptr) {
      std::fill_n(y, n, static_cast<T>(s.constant));
      continue;
    }
    std::array<view<const T>, 4> x{};
    for (int k = 0; k < s.arguments; ++k)
      x[static_cast<std::size_t>(k)] = {at[static_cast<std::size_t>(s.argument[static_cast<std::size_t>(k)])], &dims};
    table_of_step<T>(s).forward(s.attributes.data(), {{x.data(), static_cast<std::size_t>(s.arguments)}, {}, {y, &dims}});
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
    for (int k = 0; k < inputs_; ++k) here[static_cast<std::size_t>(k)] = in[k] + begin;
    run_block(here.data(), registers.data(), at, count);
    std::copy_n(at[static_cast<std::size_t>(result_)], count, y + begin);
  }
}

template <class T>
void program::vjp(const T* const* in, const T* dy, T* const* dx, int64_t n) const {
  const int64_t block = std::min(n, block_positions);
  const auto step_count = static_cast<int64_t>(steps_.size());
  const int64_t all = inputs_ + step_count;
  scratch_memory<T> memory(std::max<int64_t>(1, block * (step_count + all)));
  thread_local std::vector<const T*> at;
  at.resize(static_cast<std::size_t>(all));
  std::array<const T*, 8> here{};
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin);
    const shape dims{count};
    for (int k = 0; k < inputs_; ++k) here[static_cast<std::size_t>(k)] = in[k] + begin;
    T* const registers = memory.data();
    T* const gradients = registers + block * step_count;
    run_block(here.data(), registers, at, count);
    std::fill_n(gradients, count * all, T(0));
    std::copy_n(dy + begin, count, gradients + result_ * count);
    for (std::size_t i = steps_.size(); i-- > 0;) {
      const step& s = steps_[i];
      if (s.f32 == nullptr) continue;
      const int64_t self = inputs_ + static_cast<int64_t>(i);
      std::array<view<const T>, 4> x{};
      std::array<T*, 4> into{};
      for (std::size_t k = 0; k < static_cast<std::size_t>(s.arguments); ++k) {
        const int reg = s.argument[k];
        x[k] = {at[static_cast<std::size_t>(reg)], &dims};
        const bool constant = reg >= inputs_ && steps_[static_cast<std::size_t>(reg - inputs_)].f32 == nullptr;
        if (!constant) into[k] = gradients + reg * count;
      }
      const auto arguments = static_cast<std::size_t>(s.arguments);
      table_of_step<T>(s).vjp(s.attributes.data(), {{x.data(), arguments},
                                                    {},
                                                    {at[static_cast<std::size_t>(self)], &dims},
                                                    gradients + self * count,
                                                    {into.data(), arguments}});
    }
    for (int k = 0; k < inputs_; ++k)
      if (T* const to = dx[k]; to != nullptr)
        for (int64_t i = 0; i < count; ++i) to[begin + i] = to[begin + i] + gradients[k * count + i];
  }
}

template void program::forward(const float* const*, float*, int64_t) const;
template void program::forward(const double* const*, double*, int64_t) const;
template void program::vjp(const float* const*, const float*, float* const*, int64_t) const;
template void program::vjp(const double* const*, const double*, double* const*, int64_t) const;

}  // namespace axiograd
