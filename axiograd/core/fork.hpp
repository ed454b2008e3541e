#pragma once
// What shared state needs where a process is copied (fork).

#include <pthread.h>

namespace axiograd {

/// Made once at file scope: `before` runs in the thread that forks, then one of the others in each process. A fork copies that
/// thread alone, so `before` waits until no other one is in the midst of a change. Of several, those run first whose
/// `init_priority` is the higher number: what a thread in the midst of its work may still want comes later.
struct at_fork {
  at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) { pthread_atfork(before, in_parent, in_child); }
};
inline constexpr int fork_takes_locks = 200, fork_waits_for_libraries = 300;

}  // namespace axiograd
