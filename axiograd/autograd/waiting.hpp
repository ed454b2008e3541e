#pragma once
// The node whose value is not computed yet.

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
  waiting_node(waiting_node&& other) noexcept : state_(std::exchange(other.state_, nobody)) {}
  waiting_node& operator=(waiting_node&& other) noexcept {
    state_ = std::exchange(other.state_, nobody);
    return *this;
  }
  ~waiting_node() = default;

  void set(std::uint32_t id) { state_ = id; }
  void forget() { state_ = nobody; }
  bool any() const { return __atomic_load_n(&state_, __ATOMIC_ACQUIRE) != nobody; }
  bool is(std::size_t id) const { return __atomic_load_n(&state_, __ATOMIC_RELAXED) == id; }
  /// Calls run(id) if a node waits; another thread that comes meanwhile returns when it is done. If run throws, the node
  /// goes on waiting.
  template <class F>
  void settle(const F& run) const {
    for (std::uint32_t id; any() && take(id);) {
      struct last_word {
        const waiting_node& node;
        std::uint32_t then;
        ~last_word() { node.put(then); }
      } last{*this, id};
      run(id);
      last.then = nobody;
    }
  }

 private:
  static constexpr std::uint32_t nobody = ~std::uint32_t{0}, at_work = nobody - 1;
  /// Whether a node waits, which nobody else takes until it is put back; waits for whoever has it.
  bool take(std::uint32_t& id) const;
  void put(std::uint32_t id) const;

  alignas(4) mutable std::uint32_t state_ = nobody;
};

}  // namespace axiograd
