#pragma once

#include <axiograd/core/row.hpp>

namespace axiograd {

/// mse_loss(x, t) = mean of (x - t)^2 over all entries, a scalar.
///
/// Errors: shape_mismatch.
struct mse_loss_op {
  static constexpr op_info info{.name = "mse_loss",
                                .formula = "sum (x - t)^2 / N",
                                .derivative = "dx = 2 (x - t) dy / N, dt = -dx",
                                .edges = "an empty tensor gives 0; NaN propagates",
                                .source = "contract 14, C15",
                                .torch = "torch.nn.functional.mse_loss; an empty mean is NaN there"};
  static constexpr op_facts facts{};
  static constexpr family kind = family::rowwise;
  static constexpr row_result gives = row_result::each;
  static constexpr arity in{.tensors = 2};
  template <class T>
  static constexpr bool runs_on = field<T>;

  constexpr int row_axis(int) const { return whole_tensor; }
  constexpr shape_result infer_shape(const shape& x, const shape& t) const {
    if (x != t) return {error_kind::shape_mismatch, "prediction and target differ: {shapes}"};
    return shape{};
  }

  template <field_row X>
  auto forward(const X& x, const X& t, auto&) const {
    const auto d = x - t;
    return sum(d * d) / entries(x);
  }
  template <field_row X>
  auto vjp(const X& x, const X& t, const lane_of<X>& dy, auto& keep) const {
    const auto dx = keep((x - t) * (lane_of<X>(2) * dy / entries(x)));
    return std::tuple{dx, lane_of<X>(-1) * dx};
  }

  template <class Draw>
  static constexpr auto sample(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.sample(mse_loss_op{}, x, x);
  }

 private:
  template <field_row X>
  static lane_of<X> entries(const X& x) {
    return lane_of<X>(x.size() > 0 ? static_cast<double>(x.size()) : 1.0);
  }
};
AXG_OPERATOR(mse_loss)

}  // namespace axiograd
