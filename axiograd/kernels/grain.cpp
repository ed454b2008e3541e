#include <axiograd/kernels/grain.hpp>
#include <chrono>

namespace axiograd {

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace axiograd
