// Every elementwise operator's definition and derivative compile for a CUDA device. Compiled, not run: nvcc turns a call of a
// function without AXG_HD into nothing and only warns, so all warnings are errors here (cmake/tests.cmake).

#include <axiograd/ops/ops.hpp>

namespace axiograd {
namespace {

template <class Op, class T, std::size_t... I>
__global__ void value_on_device(Op op, const T* x, T* y, std::index_sequence<I...>) {
  *y = op.value(x[I]...);
}
template <class Op, class T>
__global__ void derivative_on_device(Op op, const T* x, T* y) {
  *y = op.derivative(*x, *y);
}

template <class Op, class T>
void launch(const T* x, T* y) {
  if constexpr (elementwise<Op> && std::default_initializable<Op>) {
    value_on_device<<<1, 1>>>(Op{}, x, y, impl::inputs_of<Op>{});
    if constexpr (requires { Op{}.derivative(*x, *y); }) derivative_on_device<<<1, 1>>>(Op{}, x, y);
  }
}
template <class T, class... Ops>
void launch_all(type_list<Ops...>, const T* x, T* y) {
  (launch<Ops>(x, y), ...);
}

}  // namespace

void launch_everything(const float* x, float* y, const double* u, double* v) {
  launch_all(all_ops{}, x, y);
  launch_all(all_ops{}, u, v);
}

}  // namespace axiograd
