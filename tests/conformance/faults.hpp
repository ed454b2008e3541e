#pragma once
// Operators and kernels with one planted fault each; the suite must go red on every one.

#include "subject.hpp"

namespace axiograd::conformance {

struct fault {
  const char* what;
  const char* caught_by;  ///< the check that must see it
  subject planted;
};
std::vector<fault> elementwise_faults();
std::vector<fault> higher_order_faults();
std::vector<fault> rowwise_faults();
std::vector<fault> sample_faults();
std::vector<fault> kernel_faults();
std::vector<fault> sum_faults();

}  // namespace axiograd::conformance
