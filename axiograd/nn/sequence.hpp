#pragma once
// Layers for sequences of tokens: embedding, recurrent layers, attention; and dropout.

#include <axiograd/functional/attention.hpp>
#include <axiograd/functional/random.hpp>
#include <axiograd/functional/recurrent.hpp>
#include <axiograd/nn/parameter.hpp>
#include <axiograd/ops/indexing/gather_rows.hpp>

namespace axiograd::nn {

/// Rows of a table by number: indices (...) -> (..., features). Parameter: weight (count, features).
///
/// Errors: throws `failure` (index_out_of_range) for an index outside the table; gather_rows itself reads 0 there.
class embedding {
 public:
  embedding(int64_t count, int64_t features) : weight_({count, features}) {}

  template <class Parameters>
  auto operator()(Parameters& m, const index_tensor& indices) const {
    require_inside(indices);
    return gather_rows(m.use(weight_), indices);
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight", weight_);
  }
  void init(seed s) { fill_normal(weight_, s, 0, 1); }

 private:
  void require_inside(const index_tensor& indices) const;
  parameter weight_;
};

/// In training, entries set to 0 with probability p and the others divided by 1 - p; in evaluation nothing.
///
/// draws (2), its seed and how often it has drawn a mask, is kept in checkpoints, so that a resumed training draws on, and is
/// no tensor of the model.
class dropout {
 public:
  explicit dropout(double p = 0.5) : p_(p), draws_(parameter::counts({2}, parameter_role::random)) {}

  template <class Parameters, tensor_like X>
  impl::plain<X> operator()(Parameters& m, const X& x) const {
    if (!m.training()) return x;
    return axiograd::dropout(x, p_, next_key());
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("draws", draws_);
  }
  void init(seed s);

 private:
  random_key next_key() const;
  double p_;
  parameter draws_;
};

namespace impl {
/// The parameters of a recurrent layer with a number of gates; names and layout as in PyTorch.
class recurrent_layer {
 public:
  recurrent_layer(int64_t in, int64_t hidden, int64_t gates)
      : w_ih_({gates * hidden, in}), w_hh_({gates * hidden, hidden}), b_ih_({gates * hidden}), b_hh_({gates * hidden}) {}

  int64_t hidden() const { return w_hh_.shape()[1]; }
  template <class Parameters>
  auto weights(Parameters& m) const {
    using W = std::remove_cvref_t<decltype(m.use(w_ih_))>;
    return recurrent_weights<W>{m.use(w_ih_), m.use(w_hh_), m.use(b_ih_), m.use(b_hh_)};
  }
  /// A state of zeros for a sequence (T, N, I).
  template <tensor_like X>
  axiograd::impl::plain<X> zeros(const X& x) const {
    const shape s = x.shape();
    if (s.rank != 3) return axiograd::impl::refuse(x, error_kind::shape_mismatch, message({"a sequence is (T,N,I), not ", s}));
    return axiograd::impl::constant_beside(x, tensor<typename X::value_type>::zeros({s[1], hidden()}));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    visit("weight_ih_l0", w_ih_);
    visit("weight_hh_l0", w_hh_);
    visit("bias_ih_l0", b_ih_);
    visit("bias_hh_l0", b_hh_);
  }
  /// Uniform within 1 / sqrt(hidden), as in PyTorch.
  void init(seed s);

 private:
  parameter w_ih_, w_hh_, b_ih_, b_hh_;
};
}  // namespace impl

/// Outputs (T, N, H) of a sequence (T, N, I), from a state of zeros.
class rnn : public impl::recurrent_layer {
 public:
  rnn(int64_t in, int64_t hidden) : recurrent_layer(in, hidden, 1) {}
  template <class Parameters, tensor_like X>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x) const {
    auto h = zeros(x);
    return axiograd::rnn(weights(m), x, h);
  }
};
class gru : public impl::recurrent_layer {
 public:
  gru(int64_t in, int64_t hidden) : recurrent_layer(in, hidden, 3) {}
  template <class Parameters, tensor_like X>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x) const {
    auto h = zeros(x);
    return axiograd::gru(weights(m), x, h);
  }
};
class lstm : public impl::recurrent_layer {
 public:
  lstm(int64_t in, int64_t hidden) : recurrent_layer(in, hidden, 4) {}
  template <class Parameters, tensor_like X>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x) const {
    lstm_state<axiograd::impl::plain<X>> state{zeros(x), zeros(x)};
    return axiograd::lstm(weights(m), x, state);
  }
};

/// Attention with biased projections: queries from x, keys and values from a context, x itself if none is given.
///
/// Shapes: x (..., n, features), context (..., m, context_features), which are `features` unless given. Fewer key heads than
/// query heads share each among several (grouped queries). Source: Vaswani et al. 2017, section 3.2. PyTorch:
/// torch.nn.MultiheadAttention(features, heads, kdim = vdim = context_features, batch_first=True)(x, context, context)[0].
///
/// Parameters: a weight and a bias each of the projections q, k, v and out. A file has them under PyTorch's names:
/// in_proj_weight holds q, k and v one after the other, as in_proj_bias does; q_proj_weight, k_proj_weight and v_proj_weight
/// stand by themselves where the context has other features or fewer heads; out_proj.weight, out_proj.bias.
class multi_head_attention {
 public:
  multi_head_attention(int64_t features, int64_t heads, int64_t key_heads = 0, bool causal = false,
                       int64_t context_features = 0);

  template <class Parameters, tensor_like X>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x) const {
    return (*this)(m, x, x);
  }
  template <class Parameters, tensor_like X, tensor_like Context>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x, const Context& context) const {
    return attend(m, x, context, [&](const auto& q, const auto& k, const auto& v) {
      return scaled_dot_product_attention(q, k, v, {.causal = causal_});
    });
  }
  /// With a mask (n, m): query i may see key j where it is not 0.
  template <class Parameters, tensor_like X, tensor_like Context>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x, const Context& context, const index_tensor& mask) const {
    return attend(m, x, context, [&](const auto& q, const auto& k, const auto& v) {
      const auto bias = axiograd::impl::constant_beside(x, mask_bias<typename X::value_type>(mask));
      return scaled_dot_product_attention(q, k, v, bias, {.causal = causal_});
    });
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    constexpr const char *joined[]{"in_proj_weight.q", "in_proj_weight.k", "in_proj_weight.v", "out_proj.weight"},
        *apart[]{"q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"},
        *biases[]{"in_proj_bias.q", "in_proj_bias.k", "in_proj_bias.v", "out_proj.bias"};
    for (std::size_t i = 0; i < 4; ++i) {
      visit(weights_[i].suffix()[0] != 0 ? joined[i] : apart[i], weights_[i]);
      visit(biases[i], biases_[i]);
    }
  }
  void init(seed s);

 private:
  template <class Parameters, class X, class Context, class Attend>
  axiograd::impl::plain<X> attend(Parameters& m, const X& x, const Context& context, const Attend& to_values) const {
    const auto project = [&](std::size_t i, const auto& from) {
      return axiograd::linear(m.use(weights_[i]), m.use(biases_[i]), from);
    };
    const auto y = to_values(split_heads(project(0, x), heads_), split_heads(project(1, context), key_heads_),
                             split_heads(project(2, context), key_heads_));
    return project(3, merge_heads(y));
  }

  int64_t heads_, key_heads_;
  bool causal_;
  std::vector<parameter> weights_, biases_;
};

}  // namespace axiograd::nn
