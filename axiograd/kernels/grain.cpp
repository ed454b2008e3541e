#include <atomic>
#include <axiograd/kernels/grain.hpp>
#include <chrono>

namespace axiograd {

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

float work_meter::known(float& cost) { return std::atomic_ref(cost).load(std::memory_order_relaxed); }

/// The mean of the last few; one run that was interrupted, or touched fresh memory, does not count for more than twice.
void work_meter::learn(float& cost, double seconds) {
  const auto now = static_cast<float>(seconds);
  const float before = known(cost);
  const float next = before == 0 ? now : 0.75F * before + 0.25F * std::min(now, 2 * before);
  std::atomic_ref(cost).store(std::max(next, 1e-12F), std::memory_order_relaxed);
}

}  // namespace axiograd
