#pragma once
// What holds for every call of oneDNN.

namespace axiograd {

/// While one lives, this thread is inside the library, whose calls stay on it: what the library computes does not depend on the
/// number of threads. A fork waits until nobody is inside, so that a child finds nothing half done.
class library_call {
 public:
  library_call();
  ~library_call();
  library_call(const library_call&) = delete;
  library_call& operator=(const library_call&) = delete;

 private:
  int threads_;
};

/// Called where an exception is caught: throws std::bad_alloc where the library lacked memory, `failure` (out_of_memory) where
/// it failed otherwise, and what we threw ourselves as it is.
[[noreturn]] void rethrow_as_ours();

/// f() inside the library.
template <class F>
decltype(auto) in_library(const F& f) {
  const library_call inside;
  try {
    return f();
  } catch (...) {
    rethrow_as_ours();
  }
}

}  // namespace axiograd
