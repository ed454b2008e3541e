#include <array>
#include <atomic>
#include <axiograd/core/fork.hpp>
#include <axiograd/core/result.hpp>
#include <axiograd/kernels/cpu/library_call.hpp>
#include <axiograd/kernels/cpu/library_product.hpp>
#include <mutex>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <thread>

// libgomp's, on which oneDNN runs: a call sets its own thread's count.
extern "C" void omp_set_num_threads(int);
extern "C" int omp_get_max_threads();

namespace axiograd {
namespace {

/// Counts the threads inside, in several places so that threads do not take a cache line from each other.
class gate {
 public:
  void enter() {
    if (depth_++ > 0) return;
    for (;;) {
      ++mine().inside;
      if (!closed_) return;
      --mine().inside;
      closed_.wait(true);
    }
  }
  void leave() {
    if (--depth_ == 0) --mine().inside;
  }

  void close() {
    one_fork_at_a_time_.lock();
    closed_ = true;
    const int own = depth_ > 0 ? 1 : 0;
    for (const seat& s : seats_)
      while (s.inside != (&s == &mine() ? own : 0)) std::this_thread::yield();
  }
  void open() {
    closed_ = false;
    closed_.notify_all();
    one_fork_at_a_time_.unlock();
  }

 private:
  struct alignas(64) seat {
    std::atomic<int> inside{0};
  };
  seat& mine() {
    thread_local const std::size_t number = next_++;
    return seats_[number % seats_.size()];
  }

  std::array<seat, 16> seats_{};
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> closed_{false};
  std::mutex one_fork_at_a_time_;
  static inline thread_local int depth_ = 0;
};

constinit gate the_gate;

[[gnu::init_priority(fork_waits_for_libraries)]] const at_fork ready{[] { the_gate.close(); }, [] { the_gate.open(); },
                                                                     [] { the_gate.open(); }};

}  // namespace

library_call::library_call() {
  the_gate.enter();
  threads_ = omp_get_max_threads();
  if (threads_ != 1) omp_set_num_threads(1);
}
library_call::~library_call() {
  if (threads_ != 1) omp_set_num_threads(threads_);
  the_gate.leave();
}

void rethrow_as_ours() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const failure&) {
    throw;
  } catch (const dnnl::error& e) {
    if (e.status == dnnl_out_of_memory) throw std::bad_alloc();
    throw failure(
        {error_kind::out_of_memory, std::string("oneDNN: ") + e.what() + " (status " + std::to_string(e.status) + ")"});
  } catch (const std::exception& e) {  // its generator of code has exceptions of its own
    throw failure({error_kind::out_of_memory, std::string("oneDNN: ") + e.what()});
  }
}

std::string library_in_use() {
  const dnnl_version_t* const v = dnnl_version();
  return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}  // namespace axiograd
