#pragma once
// The nodes whose values are not computed yet.

#include <array>
#include <axiograd/core/algorithm.hpp>
#include <axiograd/kernels/precision.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace axiograd {

/// The node of a tape that was appended last may wait, where it pays to know what comes next: a mean of rows, since one pass
/// over the rows gives value and gradients; a product, since elementwise operators of it run on each part while that is in the
/// caches, and since whatever reads the last of them may like the library's layout. They wait together, in the order of their
/// ids. Whoever asks for a value before has them computed then. Threads that read one tape may ask at the same time.
class pending_nodes {
 public:
  /// A product and what follows it.
  static constexpr std::size_t most = 4;

  pending_nodes() = default;
  pending_nodes(pending_nodes&& other) noexcept { *this = std::move(other); }
  pending_nodes& operator=(pending_nodes&& other) noexcept {
    ids_ = other.ids_;
    count_ = other.count_;
    policy_ = other.policy_;
    state_ = std::exchange(other.state_, nobody);
    return *this;
  }
  ~pending_nodes() = default;

  /// A node waits; it will be computed under the policy of now.
  void begin_with(std::uint32_t id);
  /// Another one waits with those that do.
  void add(std::uint32_t id) { ids_[count_++] = id; }
  /// Takes back what `add` did.
  void remove_last() { --count_; }
  bool full() const { return count_ == most; }
  void forget() { state_ = nobody; }
  bool any() const { return __atomic_load_n(&state_, __ATOMIC_ACQUIRE) != nobody; }
  std::span<const std::uint32_t> ids() const { return {ids_.data(), count_}; }
  bool contain(std::size_t id) const { return any() && std::find(ids().begin(), ids().end(), id) != ids().end(); }
  /// Calls run(ids) if nodes wait; another thread that comes meanwhile returns when it is done. If run throws, they go on
  /// waiting.
  template <class F>
  void flush(const F& run) const {
    while (any() && take()) {
      struct last_word {
        const pending_nodes& nodes;
        std::uint32_t then;
        ~last_word() { nodes.put(then); }
      } last{*this, waits};
      const precision_scope scope(policy_);
      run(ids());
      last.then = nobody;
    }
  }

 private:
  static constexpr std::uint32_t nobody = 0, waits = 1, at_work = 2;
  /// Whether nodes wait, which nobody else takes until they are put back; waits for whoever has them.
  bool take() const;
  void put(std::uint32_t state) const;

  std::array<std::uint32_t, most> ids_{};
  std::uint8_t count_ = 0;
  precision policy_{};
  alignas(4) mutable std::uint32_t state_ = nobody;
};

}  // namespace axiograd
