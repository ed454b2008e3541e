// Runs every check on one of the faulty copies of an operator that a unit of mutants.py holds: `program NUMBER`. Exit code 1:
// caught, by the check printed.

#include <axiograd/kernels/parallel.hpp>
#include <cstdio>
#include <cstdlib>

#include "check.hpp"

namespace axiograd::conformance {
/// Defined in the generated unit.
subject mutant_subject(int number);
}  // namespace axiograd::conformance

int main(int, char** argv) {
  using namespace axiograd::conformance;
  axiograd::set_num_threads(1);
  setenv("AXG_MUTANT", argv[1], 1);  // which copy the library's tables show
  const subject s = mutant_subject(std::atoi(argv[1]));
  for (const check& c : all_checks()) {
    bool red = false;
    try {
      red = c.run(s, settings::from_environment()).red();
    } catch (const std::exception&) {
      red = true;
    }
    if (red) {
      std::printf("%s\n", c.name);
      return 1;
    }
  }
  return 0;
}
