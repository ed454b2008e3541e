#pragma once
// The node whose value is not computed yet.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace axiograd {

/// At most one node of a tape waits, the one that was appended last, where it pays to know what comes next: a mean of rows,
/// since one pass over the rows gives value and gradients; a product, since an elementwise operator of it runs on each part
/// while that is in the caches. Whoever asks for the value before has it computed then. Threads that read one tape may ask at
/// the same time.
class waiting_node {
 public:
  waiting_node() = default;
  waiting_node(waiting_node&& other) noexcept : state_(other.state_.exchange(nobody)) {}
  waiting_node& operator=(waiting_node other) noexcept {
    state_ = other.state_.exchange(nobody);
    return *this;
  }
  ~waiting_node() = default;

  void set(std::uint32_t id) { state_ = id; }
  bool any() const { return state_.load(std::memory_order_acquire) != nobody; }
  bool is(std::size_t id) const { return state_.load(std::memory_order_relaxed) == id; }
  void forget() { state_.store(nobody, std::memory_order_relaxed); }
  /// Calls run(id) if a node waits; another thread that comes meanwhile returns when it is done. If run throws, the node
  /// goes on waiting.
  template <class F>
  void settle(const F& run) const {
    std::uint32_t id = state_.load(std::memory_order_acquire);
    while (id != nobody) {
      if (id == at_work) {
        state_.wait(at_work, std::memory_order_acquire);
        id = state_.load(std::memory_order_acquire);
      } else if (state_.compare_exchange_weak(id, at_work, std::memory_order_acquire)) {
        struct last_word {
          std::atomic<std::uint32_t>& state;
          std::uint32_t then;
          ~last_word() {
            state.store(then, std::memory_order_release);
            state.notify_all();
          }
        } last{state_, id};
        run(id);
        last.then = id = nobody;
      }
    }
  }

 private:
  static constexpr std::uint32_t nobody = ~std::uint32_t{0}, at_work = nobody - 1;
  mutable std::atomic<std::uint32_t> state_{nobody};
};

}  // namespace axiograd
