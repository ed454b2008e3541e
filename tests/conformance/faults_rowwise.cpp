#include <axiograd/ops/arithmetic/exp.hpp>
#include <axiograd/ops/arithmetic/log.hpp>
#include <axiograd/ops/arithmetic/sqrt.hpp>
#include <axiograd/ops/loss/cross_entropy_labels.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/ops/normalization/layer_norm.hpp>
#include <axiograd/ops/normalization/log_softmax.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <axiograd/ops/reduction/logsumexp.hpp>
#include <axiograd/ops/reduction/reduce_mean.hpp>
#include <axiograd/ops/reduction/sum.hpp>

#include "faults.hpp"
#include "subject_unit.hpp"

namespace axiograd::conformance {
namespace {

struct softmax_without_the_mean : softmax_op {
  template <analytic_row X, row Y>
  auto vjp(const X&, const Y& y, const Y& dy, auto&) const {
    return y * dy;
  }
};
struct log_softmax_with_flipped_sign : log_softmax_op {
  template <analytic_row X, row Y>
  auto vjp(const X&, const Y& y, const Y& dy, auto&) const {
    return dy + exp(y) * sum(dy);
  }
};
struct layer_norm_without_a_mean : layer_norm_op {
  template <analytic_row X>
  auto vjp(const X& x, const X& gamma, const X&, const X&, const X& dy, auto& keep) const {
    using T = lane_of<X>;
    const auto c = keep(x - mean(x));
    const auto r = T(1) / sqrt(mean(c * c) + epsilon.template as<T>());
    const auto z = keep(c * r);
    const auto g = keep(dy * gamma);
    return std::tuple{(g - z * mean(g * z)) * r, dy * z, dy};
  }
};
struct mse_loss_with_equal_gradients : mse_loss_op {
  template <field_row X>
  auto vjp(const X& x, const X& t, const lane_of<X>& dy, auto& keep) const {
    using T = lane_of<X>;
    const auto dx = keep((x - t) * (T(2) * dy / T(x.size() > 0 ? static_cast<double>(x.size()) : 1.0)));
    return std::tuple{dx, T(1) * dx};
  }
};
struct reduce_mean_off_by_one : reduce_mean_op {
  template <field_row X>
  auto vjp(const X& x, const lane_of<X>& dy, auto&) const {
    return constant_row(x.size(), lane_of<X>(dy / lane_of<X>(static_cast<double>(x.size() + 1))));
  }
};
struct cross_entropy_of_the_next_label : cross_entropy_labels_op {
  template <analytic_row X>
  auto vjp(const X& x, int64_t label, const lane_of<X>& dy, auto& keep) const {
    using T = lane_of<X>;
    const auto e = keep(exp(x - max(x)));
    const T weight = label < 0 || label >= x.size() ? T(0) : dy;
    return e * (weight / sum(e)) - one_hot_row<T>(x.size(), label + 1) * weight;
  }
};

struct logsumexp_saving_in_another_order : logsumexp_op {
  template <analytic_row X>
  auto vjp(const X& x, const lane_of<X>& dy, auto& keep) const {
    const auto total = keep.save_for_backward([&] { return sum(exp(x - max(x))); });
    const auto m = keep.save_for_backward([&] { return max(x); });
    return exp(x - m) * (dy / total);
  }
};

struct cross_entropy_sharing_another_row : cross_entropy_labels_op {
  template <analytic_row X>
  auto forward(const X& x, int64_t label, auto& keep) const {
    const auto centred = keep.shared(x - max(x));
    return log(sum(exp(centred))) - pick(centred, label);
  }
  template <analytic_row X>
  auto vjp(const X& x, int64_t label, const lane_of<X>& dy, auto& keep) const {
    const auto e = keep.shared(exp(x - max(x)));
    return e * (dy / sum(e)) - one_hot_row<lane_of<X>>(x.size(), label) * dy;
  }
};

}  // namespace

std::vector<fault> rowwise_faults() {
  return {
      {"softmax: the VJP lacks the subtracted mean", "exact_adjoint", make_subject<softmax_without_the_mean>()},
      {"log_softmax: a sign of the VJP is flipped", "exact_adjoint", make_subject<log_softmax_with_flipped_sign>()},
      {"layer_norm: the VJP lacks a mean", "exact_adjoint", make_subject<layer_norm_without_a_mean>()},
      {"mse_loss: the target's gradient has the wrong sign", "exact_adjoint", make_subject<mse_loss_with_equal_gradients>()},
      {"reduce_mean: the VJP divides by n + 1", "exact_adjoint", make_subject<reduce_mean_off_by_one>()},
      {"cross_entropy_labels: the VJP takes the next label", "exact_adjoint", make_subject<cross_entropy_of_the_next_label>()},
      {"logsumexp: the VJP takes the saved numbers in another order", "gradients_add",
       make_subject<logsumexp_saving_in_another_order>()},
      {"cross_entropy_labels: forward and VJP share different rows", "gradients_add",
       make_subject<cross_entropy_sharing_another_row>()}};
}

}  // namespace axiograd::conformance
