#include <axiograd/cli/interruption.hpp>
#include <cstdlib>

namespace axiograd::cli {

interruption::interruption() {
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&signals_, number);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  pending_ = std::thread([this] { wait(); });
}

interruption::~interruption() {
  closing_ = true;
  pthread_kill(pending_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread): blocked, waited for
  pending_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void interruption::wait() {
  for (;;) {
    int number = 0;
    if (sigwait(&signals_, &number) != 0) continue;
    if (closing_) return;
    if (requested_.exchange(true)) std::_Exit(2);
  }
}

}  // namespace axiograd::cli
