#pragma once
// The libraries run on one thread inside our own blocks, so that results do not depend on the number of threads.

// libgomp's, which oneDNN uses even where we do not: a call sets its own thread's count.
extern "C" void omp_set_num_threads(int);
extern "C" int omp_get_max_threads();

namespace axiograd {

/// While one lives, libraries that this thread calls stay on it.
class single_threaded_library {
 public:
  single_threaded_library() : threads_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~single_threaded_library() { omp_set_num_threads(threads_); }
  single_threaded_library(const single_threaded_library&) = delete;
  single_threaded_library& operator=(const single_threaded_library&) = delete;

 private:
  int threads_;
};

}  // namespace axiograd
