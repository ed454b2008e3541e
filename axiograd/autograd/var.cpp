#include <axiograd/autograd/var.hpp>

namespace axiograd {

std::uint64_t next_generation() {
  static std::uint64_t last = 0;  // in the library, so that every part of a program counts on
  return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

}  // namespace axiograd
