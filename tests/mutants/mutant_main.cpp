// Runs every check on one operator, compiled from a text with a planted fault. Exit code 1: caught.

#include <axiograd/kernels/parallel.hpp>
#include <cstdio>

#include "check.hpp"
#include "subject_unit.hpp"

#include AXG_MUTANT_HEADER

int main() {
  using namespace axiograd::conformance;
  axiograd::set_num_threads(1);
  const subject s = make_subject<AXG_MUTANT>();
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
