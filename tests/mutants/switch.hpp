#pragma once
// Included by the compiler before every unit of the build with planted faults (instrumented.py).

#include <type_traits>

extern "C" {
/// 0: no fault is on, and nothing is noted down.
extern int axiograd_fault_number;
bool axiograd_fault_slowly(int number) noexcept;
}

/// Whether the fault of this number is on. Never at compile time.
[[gnu::always_inline]] constexpr bool axiograd_fault(int number) {
  if (std::is_constant_evaluated()) return false;
  return axiograd_fault_number != 0 && axiograd_fault_slowly(number);
}
