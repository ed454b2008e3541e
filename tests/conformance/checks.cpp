#include "check.hpp"

namespace axiograd::conformance {

std::span<const check> all_checks() {
  static constexpr check list[]{{0, "schema", &schema},
                                {0, "shape_rule", &shape_rule},
                                {0, "declared_facts", &declared_facts},
                                {0, "attribute_pairs", &attribute_pairs},
                                {1, "torch_anchors", &torch_anchors},
                                {1, "family_laws", &family_laws},
                                {2, "exact_adjoint", &exact_adjoint},
                                {2, "special_points", &special_points},
                                {2, "gradients_add", &gradients_add},
                                {2, "leading_axes", &leading_axes},
                                {3, "derivative_laws", &derivative_laws},
                                {3, "kinks", &kinks},
                                {3, "higher_orders", &higher_orders},
                                {4, "accuracy", &accuracy},
                                {4, "special_values", &special_values},
                                {5, "integer_kernels", &integer_kernels},
                                {6, "stability", &stability},
                                {6, "a_priori_bounds", &a_priori_bounds},
                                {6, "long_sums", &long_sums},
                                {7, "containment", &containment},
                                {8, "instruction_sets", &instruction_sets},
                                {8, "threads", &threads},
                                {10, "short_memory", &short_memory}};
  return list;
}

}  // namespace axiograd::conformance
