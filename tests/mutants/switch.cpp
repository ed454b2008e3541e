// The switch of the build with planted faults. AXIOGRAD_FAULT: the number of the fault that is on. AXIOGRAD_FAULTS_REACHED: a
// file with a byte for each fault, which is set when control comes by.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

extern "C" {
int axiograd_fault_number = 0;
static unsigned char* reached = nullptr;
static int places = 0;

bool axiograd_fault_slowly(int number) noexcept {
  if (reached != nullptr && number < places) reached[number] = 1;
  return number == axiograd_fault_number;
}

// Before the constructors of static objects, which may come by faults too.
[[gnu::constructor(101)]] static void read_environment() {
  if (const char* const given = std::getenv("AXIOGRAD_FAULT"); given != nullptr) axiograd_fault_number = std::atoi(given);
  const char* const path = std::getenv("AXIOGRAD_FAULTS_REACHED");
  if (path == nullptr) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  struct stat facts{};
  if (file < 0 || fstat(file, &facts) != 0) std::abort();
  void* const at = mmap(nullptr, static_cast<size_t>(facts.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) std::abort();
  close(file);
  reached = static_cast<unsigned char*>(at);
  places = static_cast<int>(facts.st_size);
  axiograd_fault_number = -1;
}
}
