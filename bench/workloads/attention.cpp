// g: attention.

#include "workload.hpp"

namespace axiograd::bench {

void add_attention(workload_list&) {}

}  // namespace axiograd::bench
