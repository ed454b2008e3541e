#pragma once
// The elementwise family: `value` and `derivative` of numbers. Spans of numbers are cut into blocks for the threads.

#include <axiograd/families/family.hpp>
#include <axiograd/kernels/arguments.hpp>
#include <axiograd/kernels/grain.hpp>
#include <axiograd/kernels/packet.hpp>
#include <axiograd/kernels/row_major.hpp>

namespace axiograd {

/// An elementwise operator over contiguous numbers.
template <class T>
struct span_kernels {
  void (*forward)(const void* op, const T* const* in, T* y, int64_t n);
  /// Adds to each dx that is not null, one after the other (two may be the same); writes those whose bit in `fresh` is set. One
  /// of these may be dy itself.
  void (*vjp)(const void* op, const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n);
  /// The value and the slope at once, for the terms that they share; null where that saves nothing. With `product` it does what
  /// forward and vjp do, bit for bit.
  void (*value_and_slope)(const void* op, const T* x, T* y, T* slope, int64_t n) = nullptr;
  /// Adds dy times the slope to dx, or writes it; the same for every operator. dx may be dy itself.
  void (*product)(const T* slope, const T* dy, T* dx, bool adds, int64_t n) = nullptr;
};

/// Whether value and slope are worth computing at once: a function of one number that is more than a few roundings.
template <class Op>
inline constexpr bool shares_terms =
    elementwise<Op> && arity_of<Op>.tensors == 1 &&
    !elementwise_on<Op, impl::archetype<algebra{.ring = true, .ordered = true, .division = true}>>;

namespace impl {
// S is the packet: T itself for the specification, simd<V> for the fast kernel.

/// Calls each(i, load, store) for the packets of n numbers: load(from) reads that at i, store(value, to) writes it.
template <class S, class F>
[[gnu::always_inline]] inline void for_each_packet(int64_t n, const F& each) {
  using P = packet<S>;
  int64_t i = 0;
  for (; i + P::size <= n; i += P::size)
    each([i](const auto* from) { return P::load(from + i); }, [i](const S& value, auto* to) { P::store(value, to + i); });
  if constexpr (P::size > 1)
    if (const int64_t left = n - i; left > 0)
      each([=](const auto* from) { return P::load_first(from + i, left); },
           [=](const S& value, auto* to) { P::store_first(value, to + i, left); });
}
template <class Op, class S, class T = typename packet<S>::element>
void span_forward(const void* op, const T* const* in, T* y, int64_t n) {
  const Op& f = attributes_at<Op>(op);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    for_each_packet<S>(n, [&](const auto& load, const auto& store) { store(evaluate(f, load(in[I])...), y); });
  }(inputs_of<Op>{});
}
template <class Op, class S, class T = typename packet<S>::element>
void span_vjp(const void* op, const T* const* in, const T* y, const T* dy, T* const* dx, unsigned fresh, int64_t n) {
  const Op& f = attributes_at<Op>(op);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    for_each_packet<S>(n, [&](const auto& load, const auto& store) {
      const auto slope = differentiate(f, load(y), load(in[I])...);
      const S g = load(dy);
      const auto put = [&](T* to, bool adds, const S& gradient) {
        if (to != nullptr) store(adds ? S(load(to) + gradient) : gradient, to);
      };
      (put(dx[I], (fresh >> I & 1U) == 0, g * slope[I]), ...);
    });
  }(inputs_of<Op>{});
}
template <class Op, class S, class T = typename packet<S>::element>
void span_value_and_slope(const void* op, const T* x, T* y, T* slope, int64_t n) {
  const Op& f = attributes_at<Op>(op);
  for_each_packet<S>(n, [&](const auto& load, const auto& store) {
    const S at = load(x), value = evaluate(f, at);
    store(value, y);
    store(differentiate(f, value, at)[0], slope);
  });
}
template <class S, class T = typename packet<S>::element>
void span_product(const T* slope, const T* dy, T* dx, bool adds, int64_t n) {
  for_each_packet<S>(n, [&](const auto& load, const auto& store) {
    const S gradient = load(dy) * load(slope);
    store(adds ? S(load(dx) + gradient) : gradient, dx);
  });
}

/// Calls part(begin, count) for n numbers, on several threads if that pays; exact numbers stay on this one.
template <class T, class F>
void run_numbers(work_meter& meter, int64_t n, const F& part) {
  constexpr int64_t unit = 256;  // a whole number of vectors
  if constexpr (std::floating_point<T>)
    meter.run(n, unit, part);
  else
    part(int64_t{0}, n);
}
}  // namespace impl

template <int Inputs, class T>
void elementwise_forward(const span_kernels<T>& spans, work_meter& meter, const void* op, const forward_run<T>& run) {
  impl::run_numbers<T>(meter, run.y.dims->size(), [&](int64_t begin, int64_t count) {
    const T* in[Inputs];
    for (int k = 0; k < Inputs; ++k) in[k] = run.in[static_cast<std::size_t>(k)].data + begin;
    spans.forward(op, in, run.y.data + begin, count);
  });
}

template <int Inputs, class T>
void elementwise_vjp(const span_kernels<T>& spans, work_meter& meter, const void* op, const vjp_run<T>& run) {
  impl::run_numbers<T>(meter, run.y.dims->size(), [&](int64_t begin, int64_t count) {
    const T* in[Inputs];
    T* dx[Inputs];
    for (std::size_t k = 0; k < Inputs; ++k) {
      in[k] = run.in[k].data + begin;
      dx[k] = run.dx[k] == nullptr ? nullptr : run.dx[k] + begin;
    }
    spans.vjp(op, in, run.y.data + begin, run.dy + begin, dx, run.fresh, count);
  });
}

namespace family {
struct elementwise {
  static constexpr family_facts facts{.name = "elementwise", .pointwise = true};
  template <class Op, class T>
  static constexpr bool runs_on = elementwise_on<Op, T>;

  template <class Op>
  static constexpr shape_result infer(const Op& op, std::span<const shape* const> in) {
    return infer_equal(op, in);
  }

  template <class Op, class S>
  static constexpr span_kernels<typename packet<S>::element> kernels() {
    span_kernels<typename packet<S>::element> all{&impl::span_forward<Op, S>, &impl::span_vjp<Op, S>};
    if constexpr (shares_terms<Op>) {
      all.value_and_slope = &impl::span_value_and_slope<Op, S>;
      all.product = &impl::span_product<S>;
    }
    return all;
  }

  template <class Op, class T, class Kernels>
  struct on {
    static constexpr int inputs = arity_of<Op>.tensors;
    static inline work_meter forward_meter, vjp_meter;

    static void forward(const void* op, const forward_run<T>& run) {
      elementwise_forward<inputs>(Kernels::get(), forward_meter, op, run);
    }
    static void vjp(const void* op, const vjp_run<T>& run) {
      if (!run.same_layout()) return vjp_in_row_major(run, [&](const vjp_run<T>& plain) { vjp(op, plain); });
      elementwise_vjp<inputs>(Kernels::get(), vjp_meter, op, run);
    }
    static std::optional<layout> layout_rule(const void*, std::span<const shape* const>, std::span<const layout> layouts) {
      return std::all_of(layouts.begin(), layouts.end(), [&](layout l) { return l == layouts[0]; }) ? std::optional(layouts[0])
                                                                                                    : std::nullopt;
    }
    static bool all_in_domain(const void* op, std::span<const view<const T>> in) {
      const Op& f = impl::attributes_at<Op>(op);
      const T* const x = in[0].data;
      return std::all_of(x, x + in[0].dims->size(), [&](const T& at) { return f.in_domain(at); });
    }
    static constexpr void complete(operator_table<T>& table) {
      table.spans = &Kernels::get;
      if constexpr (!requires { &Op::infer_shape; }) {
        table.keeps_shape = true;
        table.layout_rule = &layout_rule;
      }
      if constexpr (requires(const Op f, const T x) { f.in_domain(x); }) table.in_domain = &all_in_domain;
    }
  };
};
}  // namespace family

}  // namespace axiograd
