#include "torch_cases.hpp"

template double axiograd::conformance::torch_error<double>(const nlohmann::json&);
