#pragma once
// Ctrl-C without a signal handler.

#include <atomic>
#include <csignal>
#include <thread>

namespace axiograd::cli {

/// Takes SIGINT and SIGTERM while it lives: the first one sets a flag, a second one ends the program at once.
///
/// The signals are blocked in this thread and in those that it starts from now on, and a thread of its own waits for them: no
/// handler interrupts what computes (docs/decisions/signals.md).
class interruption {
 public:
  interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;
  ~interruption();

  const std::atomic<bool>& requested() const { return requested_; }

 private:
  void wait();

  sigset_t signals_{}, before_{};
  std::atomic<bool> requested_{false}, closing_{false};
  std::thread pending_;
};

}  // namespace axiograd::cli
