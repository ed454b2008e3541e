#include <atomic>
#include <axiograd/autograd/pending.hpp>

namespace axiograd {

void pending_nodes::begin_with(std::uint32_t id) {
  ids_[0] = id;
  count_ = 1;
  policy_ = current_precision();
  state_ = waits;
}

bool pending_nodes::take() const {
  const std::atomic_ref now(state_);
  for (std::uint32_t s = now.load(std::memory_order_acquire); s != nobody;) {
    if (s == at_work) {
      now.wait(at_work, std::memory_order_acquire);
      s = now.load(std::memory_order_acquire);
    } else if (now.compare_exchange_weak(s, at_work, std::memory_order_acquire)) {
      return true;
    }
  }
  return false;
}

void pending_nodes::put(std::uint32_t state) const {
  const std::atomic_ref now(state_);
  now.store(state, std::memory_order_release);
  now.notify_all();
}

}  // namespace axiograd
