#pragma once
// Threads that no signal handler may interrupt.

#include <csignal>
#include <initializer_list>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace axiograd {

/// While one lives, no handler runs on this thread but for what the thread itself does wrong (SIGSEGV and its like). Signals
/// that are sent meanwhile go to other threads or wait.
class blocked_signals {
 public:
  blocked_signals() { set(all_but_own_faults(), &before_); }
  ~blocked_signals() { set(before_, nullptr); }
  blocked_signals(const blocked_signals&) = delete;
  blocked_signals& operator=(const blocked_signals&) = delete;

  /// The same for as long as this thread lives; what the C library sends to every thread still arrives.
  static void for_good() {
    const sigset_t most = all_but_own_faults();
    pthread_sigmask(SIG_SETMASK, &most, nullptr);
  }

 private:
  static sigset_t all_but_own_faults() {
    sigset_t most;
    sigfillset(&most);
    for (const int own_fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) sigdelset(&most, own_fault);
    return most;
  }
  // Not by pthread_sigmask, which leaves out the signals that the C library keeps for itself: those have handlers too.
  static void set(const sigset_t& wanted, sigset_t* before) {
#ifdef __linux__
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &wanted, before, static_cast<long>(_NSIG / 8));
#else
    pthread_sigmask(SIG_SETMASK, &wanted, before);
#endif
  }
  sigset_t before_;
};

}  // namespace axiograd
