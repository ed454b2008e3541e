#include <axiograd/core/scratch.hpp>
#include <axiograd/operators/program.hpp>
#include <utility>

namespace axiograd {
namespace {

// Positions that are taken through the whole program at a time, so that registers stay in the nearest cache.
constexpr int64_t block_positions = 256;
constexpr int64_t lines_per_kernel = 3;

/// The n positions that come next in each array. Their memory is asked for while a block is computed, a few lines before each
/// kernel: the processor has so many of them under way at a time and waits when it is asked for more.
template <class T>
class next_block {
 public:
  explicit next_block(int64_t n) : n_(n) {}
  void add(const T* array) {
    if (array != nullptr) arrays_[static_cast<std::size_t>(count_++)] = array;
  }
  void ask() {
    constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    for (const int64_t end = std::min(n_, asked_ + lines_per_kernel * line); asked_ < end; asked_ += line)
      for (int k = 0; k < count_; ++k) __builtin_prefetch(arrays_[static_cast<std::size_t>(k)] + asked_);
  }

 private:
  std::array<const T*, 18> arrays_;
  int count_ = 0;
  int64_t n_, asked_ = 0;
};

template <class T>
const span_kernels<T>* kernels_of(const program::step& s) {
  if (s.f32 == nullptr) return nullptr;
  if constexpr (std::same_as<T, float>)
    return &s.f32().spans();
  else
    return &s.f64().spans();
}

/// The registers of one block, which is taken through the program forwards and, where gradients are wanted, backwards. Inputs
/// and their gradients, the result and its cotangent stay where they are.
template <class T>
class block_registers {
 public:
  /// Bit k of `wanted`: the gradient of input k is wanted.
  block_registers(const program& p, int64_t block, unsigned wanted)
      : steps_(p.steps()),
        inputs_(p.inputs()),
        result_(p.result()),
        places_(inputs_ + std::ssize(steps_)),
        memory_(std::max<int64_t>(1, block * std::ssize(steps_) * (wanted == 0 ? 1 : 3))) {
    for (int k = 0; k < inputs_; ++k) at(k) = {.wanted = (wanted >> k & 1U) != 0};
    T* next = memory_.data();
    const auto take = [&] { return std::exchange(next, next + block); };
    for (int r = inputs_; const program::step& s : steps_) {
      place& y = at(r) = {.kernels = kernels_of<T>(s), .own = take()};
      y.value = y.own;
      if (y.kernels == nullptr) std::fill_n(y.own, block, static_cast<T>(s.constant));
      for (int k = 0; k < s.arguments; ++k) y.wanted = y.wanted || argument(s, k).wanted;
      if (y.wanted) y.cotangent = y.gradient = take();
      if (y.wanted && y.kernels->value_and_slope != nullptr && r != result_) y.slope = take();
      ++r;
    }
  }

  void forward(const T* const* in, T* y, int64_t n, next_block<T>& next) {
    place& result = at(result_);
    if (result.kernels != nullptr) result.value = result.own = y;
    compute(in, result_ + 1, n, next);
    if (result.kernels == nullptr) std::copy_n(result.value, n, y);
  }

  void vjp(const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n, next_block<T>& next) {
    compute(in, result_, n, next);
    for (int k = 0; k < inputs_; ++k) {
      at(k).gradient = dx[k];
      at(k).holds = (fresh >> k & 1U) == 0;
    }
    for (int r = inputs_; r < result_; ++r) at(r).holds = false;
    place& result = at(result_);
    if (result_ < inputs_ && result.wanted)
      for (int64_t i = 0; i < n; ++i) dx[result_][i] = result.holds ? dx[result_][i] + dy[i] : dy[i];
    result.holds = true;
    if (result_ >= inputs_) {
      result.value = y;
      result.cotangent = dy;  // nothing reads it after the result's step, so a dx may be dy
    }
    for (int r = result_; r >= inputs_; --r)
      if (at(r).wanted && at(r).holds) {
        next.ask();
        take_back(step_of(r), at(r), n);
      }
    for (int k = 0; k < inputs_; ++k)
      if (at(k).wanted && !at(k).holds) std::fill_n(dx[k], n, T(0));
  }

 private:
  struct place {
    const span_kernels<T>* kernels = nullptr;  ///< of the step; null for inputs and constants
    T* own = nullptr;
    const T* value = nullptr;
    T* slope = nullptr;  ///< where it is computed with the value
    T* gradient = nullptr;
    const T* cotangent = nullptr;  ///< the gradient, once it is complete
    bool wanted = false;           ///< an input whose gradient is wanted leads here
    bool holds = false;            ///< something was put into the gradient
  };

  place& at(int r) { return places_.data()[r]; }
  const program::step& step_of(int r) const { return steps_[static_cast<std::size_t>(r - inputs_)]; }
  place& argument(const program::step& s, int k) { return at(s.argument[static_cast<std::size_t>(k)]); }
  std::array<const T*, 4> arguments(const program::step& s) {
    std::array<const T*, 4> x{};
    for (int k = 0; k < s.arguments; ++k) x[static_cast<std::size_t>(k)] = argument(s, k).value;
    return x;
  }

  /// The values of the registers below `end`, and the slopes that come with them.
  void compute(const T* const* in, int end, int64_t n, next_block<T>& next) {
    for (int k = 0; k < inputs_; ++k) at(k).value = in[k];
    for (int r = inputs_; r < end; ++r) {
      const place& y = at(r);
      if (y.kernels == nullptr) continue;
      next.ask();
      const auto x = arguments(step_of(r));
      if (y.slope != nullptr)
        y.kernels->value_and_slope(step_of(r).attributes.data(), x[0], y.own, y.slope, n);
      else
        y.kernels->forward(step_of(r).attributes.data(), x.data(), y.own, n);
    }
  }
  /// Adds what step s, whose register is y, contributes to the gradients of its arguments.
  void take_back(const program::step& s, const place& y, int64_t n) {
    if (y.slope != nullptr) {
      place& x = argument(s, 0);
      y.kernels->product(y.slope, y.cotangent, x.gradient, x.holds, n);
      x.holds = true;
      return;
    }
    std::array<T*, 4> into{};
    unsigned fresh = 0;
    for (int k = 0; k < s.arguments; ++k) {
      place& x = argument(s, k);
      if (!x.wanted) continue;
      into[static_cast<std::size_t>(k)] = x.gradient;
      if (!x.holds) fresh |= 1U << k;
      x.holds = true;
    }
    y.kernels->vjp(s.attributes.data(), arguments(s).data(), y.value, y.cotangent, into.data(), fresh, n);
  }

  const std::vector<program::step>& steps_;
  int inputs_, result_;
  scratch_memory<place> places_;
  scratch_memory<T> memory_;
};

/// Where the block from `begin` lies in each array.
template <class T>
std::array<T*, 8> block_of(T* const* arrays, int count, int64_t begin) {
  std::array<T*, 8> here{};
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k)
    here[k] = arrays[k] == nullptr ? nullptr : arrays[k] + begin;
  return here;
}

}  // namespace

int program::add(const step& s) {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i] == s) return inputs_ + static_cast<int>(i);
  steps_.push_back(s);
  return inputs_ + static_cast<int>(steps_.size()) - 1;
}

template <class T>
void program::forward(const T* const* in, T* y, int64_t n) const {
  const int64_t block = std::min(n, block_positions);
  block_registers<T> registers(*this, block, 0);
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin), end = begin + count;
    next_block<T> next(std::min(block, n - end));
    for (int k = 0; k < inputs_; ++k) next.add(in[k] + end);
    next.add(y + end);
    registers.forward(block_of(in, inputs_, begin).data(), y + begin, count, next);
  }
}

template <class T>
void program::vjp(const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n) const {
  unsigned wanted = 0;
  for (int k = 0; k < inputs_; ++k) wanted |= dx[k] == nullptr ? 0U : 1U << k;
  if (wanted == 0) return;
  const int64_t block = std::min(n, block_positions);
  block_registers<T> registers(*this, block, wanted);
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin), end = begin + count;
    next_block<T> next(std::min(block, n - end));
    for (int k = 0; k < inputs_; ++k) {
      next.add(in[k] + end);
      next.add(dx[k] == nullptr ? nullptr : dx[k] + end);
    }
    next.add(dy + end);
    const auto here = block_of(in, inputs_, begin);
    const auto into = block_of(dx, inputs_, begin);
    registers.vjp(here.data(), y + begin, dy + begin, into.data(), fresh, count, next);
  }
}

template void program::forward(const float* const*, float*, int64_t) const;
template void program::forward(const double* const*, double*, int64_t) const;
template void program::vjp(const float* const*, const float*, const float*, float* const*, unsigned, int64_t) const;
template void program::vjp(const double* const*, const double*, const double*, double* const*, unsigned, int64_t) const;

}  // namespace axiograd
