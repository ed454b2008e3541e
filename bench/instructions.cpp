// A fixed small set whose instructions tools/check_instructions.sh counts under callgrind: `bench_instructions` lists the
// names, `bench_instructions NAME` runs one. Only what happens inside measured_region counts.

#include "workloads/workload.hpp"

#include <axiograd/kernels/parallel.hpp>
#include <axiograd/ops/ops.hpp>
#include <cstdio>
#include <string_view>

using namespace axiograd;
using namespace axiograd::bench;

extern "C" [[gnu::noinline, gnu::used]] void measured_region(const workload& w) {
  for (int i = 0; i < 10; ++i) w.run();
}

namespace {

using tensors = std::vector<tensor<float>>;

workload_list fixed_set() {
  workload_list list;
  add_small(list);
  const auto add = [&](const char* name, const std::function<workload()>& make) {
    list.push_back({name, "forward + backward", 0, 0, 1, make});
  };
  add("softmax_64",
      [] { return forward_and_backward(tensors{data({64, 64}, 1)}, [](const auto& in) { return softmax(in[0]); }); });
  add("layer_norm_64", [] {
    return forward_and_backward(tensors{data({64, 64}, 1), data({64}, 2), data({64}, 3)},
                                [](const auto& in) { return layer_norm(in[0], in[1], in[2]); });
  });
  add("matmul_64", [] {
    return forward_and_backward(tensors{data({64, 64}, 1), data({64, 64}, 2)},
                                [](const auto& in) { return matmul(in[0], in[1]); });
  });
  return list;
}

}  // namespace

int main(int count, char** arguments) {
  set_num_threads(1);
  for (const workload_entry& e : fixed_set()) {
    if (count < 2) {
      std::printf("%s\n", e.name.c_str());
    } else if (e.name == arguments[1]) {
      const workload w = e.make();
      for (int i = 0; i < 3; ++i) w.run();  // memory is there, library kernels are made
      measured_region(w);
    }
  }
}
