#include <atomic>
#include <axiograd/autograd/waiting.hpp>

namespace axiograd {

bool waiting_node::take(std::uint32_t& id) const {
  const std::atomic_ref state(state_);
  id = state.load(std::memory_order_acquire);
  while (id != nobody) {
    if (id == at_work) {
      state.wait(at_work, std::memory_order_acquire);
      id = state.load(std::memory_order_acquire);
    } else if (state.compare_exchange_weak(id, at_work, std::memory_order_acquire)) {
      return true;
    }
  }
  return false;
}

void waiting_node::put(std::uint32_t id) const {
  const std::atomic_ref state(state_);
  state.store(id, std::memory_order_release);
  state.notify_all();
}

}  // namespace axiograd
