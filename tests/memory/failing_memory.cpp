#include "failing_memory.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#ifdef __has_feature
#define AXG_HAS_FEATURE(x) __has_feature(x)
#else
#define AXG_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || AXG_HAS_FEATURE(thread_sanitizer)
#define AXG_NO_FAILING_MEMORY
#elif defined(__SANITIZE_ADDRESS__) || AXG_HAS_FEATURE(address_sanitizer)
#define AXG_OWN_NEW
#else
#include <dlfcn.h>
#include <sys/mman.h>
#endif

namespace axiograd {
namespace {

std::atomic<bool> armed{false};
std::atomic<std::int64_t> asked{0};
std::int64_t first_to_fail = 0;
bool all_later = false;

/// Counts an allocation; whether it has to fail.
[[maybe_unused]] bool strikes() {
  if (!armed.load(std::memory_order_acquire)) return false;
  const std::int64_t number = ++asked;
  return number == first_to_fail || (all_later && number > first_to_fail);
}

}  // namespace

failing_memory::failing_memory(std::int64_t n, shortage reach) {
  first_to_fail = n;
  all_later = reach == shortage::rest;
  asked = 0;
  armed.store(true, std::memory_order_release);
}
failing_memory::~failing_memory() { pause(); }
void failing_memory::pause() { armed.store(false, std::memory_order_release); }
void failing_memory::go_on() { armed.store(true, std::memory_order_release); }
std::int64_t failing_memory::asked_for() { return asked; }
bool failing_memory::struck() { return asked >= first_to_fail; }

}  // namespace axiograd

bool axiograd::failing_memory::works() {
#ifdef AXG_NO_FAILING_MEMORY
  return false;
#else
  return true;
#endif
}

using axiograd::strikes;

#if defined(AXG_OWN_NEW)

namespace {
void* allocated(std::size_t bytes, std::size_t alignment) {
  if (strikes()) throw std::bad_alloc();
  void* p = nullptr;
  if (posix_memalign(&p, alignment < sizeof(void*) ? sizeof(void*) : alignment, bytes > 0 ? bytes : 1) != 0)
    throw std::bad_alloc();
  return p;
}
}  // namespace

void* operator new(std::size_t bytes) { return allocated(bytes, alignof(std::max_align_t)); }
void* operator new[](std::size_t bytes) { return allocated(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t a) { return allocated(bytes, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t bytes, std::align_val_t a) { return allocated(bytes, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

#elif !defined(AXG_NO_FAILING_MEMORY)

// glibc's own names of what stands behind malloc; free stays its own.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
  if (!strikes()) return __libc_malloc(bytes);
  errno = ENOMEM;
  return nullptr;
}
void* calloc(std::size_t n, std::size_t bytes) {
  if (!strikes()) return __libc_calloc(n, bytes);
  errno = ENOMEM;
  return nullptr;
}
void* realloc(void* p, std::size_t bytes) {
  if (!strikes()) return __libc_realloc(p, bytes);
  errno = ENOMEM;
  return nullptr;
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  if (!strikes()) return __libc_memalign(alignment, bytes);
  errno = ENOMEM;
  return nullptr;
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** p, std::size_t alignment, std::size_t bytes) {
  void* const made = memalign(alignment, bytes);
  if (made == nullptr) return ENOMEM;
  *p = made;
  return 0;
}
// Code that a library generates lies in mapped memory.
void* mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
  using mapping = void* (*)(void*, std::size_t, int, int, int, off_t);
  static const auto real = reinterpret_cast<mapping>(dlsym(RTLD_NEXT, "mmap"));
  if (!strikes()) return real(at, bytes, protection, flags, file, offset);
  errno = ENOMEM;
  return MAP_FAILED;
}
}

#endif
