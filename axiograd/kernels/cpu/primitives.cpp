#include <axiograd/kernels/cpu/primitives.hpp>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace axiograd {
namespace {
std::mutex making;
}  // namespace

// Mapped, never touched and given back at once: a question that costs microseconds and changes nothing in the heap.
void require_memory_for_library() {
#ifdef __linux__
  constexpr std::size_t enough = std::size_t{64} << 20;
  void* const room = mmap(nullptr, enough, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  munmap(room, enough);
#endif
}

making_primitive::making_primitive() : one_at_a_time_(making) {
  require_memory_for_library();
  if (dnnl_get_primitive_cache_capacity(&capacity_) == dnnl_success) dnnl_set_primitive_cache_capacity(0);
}
making_primitive::~making_primitive() { dnnl_set_primitive_cache_capacity(capacity_); }

}  // namespace axiograd
