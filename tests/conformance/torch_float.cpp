#include "torch_cases.hpp"

template double axiograd::conformance::torch_error<float>(const nlohmann::json&);
