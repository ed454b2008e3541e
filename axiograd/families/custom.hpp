#pragma once
// The custom family: operators that write their own loops, `forward` and `vjp` of one sample.

#include <axiograd/families/family.hpp>
#include <axiograd/families/samples.hpp>

namespace axiograd {

namespace impl {
template <class Op, class T>
void run_sample_forward(const Op& op, const forward_run<T>& run) {
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(op, run.in, *run.y.dims);
  for_sample_blocks(at.samples, at.y_step * 8, true, [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i)
      [&]<std::size_t... I, std::size_t... S>(std::index_sequence<I...>, std::index_sequence<S...>) {
        op.forward(view<const T>{run.in[I].data + i * at.step[I], &at.in[I]}..., side.views[S]...,
                   view<T>{run.y.data + i * at.y_step, &at.y});
      }(inputs_of<Op>{}, sides_of<Op>{});
  });
}
template <class Op, class T>
void run_sample_vjp(const Op& op, const vjp_run<T>& run) {
  if (std::all_of(run.dx.begin(), run.dx.end(), [](const T* p) { return p == nullptr; })) return;
  clear_fresh(run);
  const side_views<Op> side(run.side);
  const sample_layout<Op> at(op, run.in, *run.y.dims);
  for_each_gradient(at, run, at.y_step * 8, [&](int64_t i, const auto& dx_of) {
    [&]<std::size_t... I, std::size_t... S>(std::index_sequence<I...>, std::index_sequence<S...>) {
      op.vjp(view<const T>{run.in[I].data + i * at.step[I], &at.in[I]}..., side.views[S]...,
             view<const T>{run.y.data + i * at.y_step, &at.y}, view<const T>{run.dy + i * at.y_step, &at.y},
             view<T>{dx_of(I, i), &at.in[I]}...);
    }(inputs_of<Op>{}, sides_of<Op>{});
  });
}
}  // namespace impl

namespace family {
struct custom {
  static constexpr family_facts facts{.name = "custom", .opaque = true};
  template <class Op, class T>
  static constexpr bool runs_on = ring<T>;

  template <class Op>
  static constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
    return infer_by_samples(op, in);
  }

  template <class Op, class T, class Kernels>
  struct on {
    static void forward(const void* op, const forward_run<T>& run) {
      impl::run_sample_forward(impl::attributes_at<Op>(op), run);
    }
    static void vjp(const void* op, const vjp_run<T>& run) { impl::run_sample_vjp(impl::attributes_at<Op>(op), run); }
    static constexpr void complete(operator_table<T>&) {}
  };
};
}  // namespace family

}  // namespace axiograd
