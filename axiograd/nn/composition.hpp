#pragma once
// Layers made of functions and of other layers.

#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/arithmetic/add.hpp>

namespace axiograd::nn {

/// A function of tensors or variables as a layer without parameters: `lambda{[](const auto& x) { return x * x; }}`.
template <class F>
class lambda {
 public:
  explicit lambda(F f) : f_(std::move(f)) {}

  template <class Parameters, operand X>
  auto operator()(Parameters&, const X& x) const {
    return f_(x);
  }
  template <class Visit>
  void visit_parameters(const Visit&) const {}
  void init(seed) {}

 private:
  F f_;
};

/// x plus what layers make of it, one after another: `residual{linear{64, 64}, relu{}, linear{64, 64}}`. Their parameters are
/// named as a sequential model's, "0.weight".
///
/// Errors: `failure` (shape_mismatch) unless the layers keep the shape. Source: He et al. 2016, eq. 1.
template <class... Layers>
class residual {
 public:
  explicit residual(Layers... layers) : inner_(std::move(layers)...) {}

  template <class Parameters, operand X>
  auto operator()(Parameters& m, const X& x) const {
    return add(x, inner_(m, x));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    inner_.visit_parameters(visit);
  }
  void init(seed s) { inner_.init(s); }

 private:
  sequential<Layers...> inner_;
};

}  // namespace axiograd::nn
