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

struct recurrent_options {
  int layers = 1;              ///< each takes the outputs of the one before
  bool bidirectional = false;  ///< each runs forwards and backwards; outputs are those of both, one after the other
};

namespace impl {
/// The parameters of recurrent layers with a number of gates; names and layout as in PyTorch.
class recurrent_layers {
 public:
  /// Errors: throws `failure` (invalid_parameter) for less than one layer.
  recurrent_layers(int64_t in, int64_t hidden, int64_t gates, const recurrent_options& options);

  std::size_t directions() const { return bidirectional_ ? 2 : 1; }
  std::size_t cells() const { return cells_.size(); }
  template <class Parameters>
  auto weights(Parameters& m, std::size_t number = 0) const {
    const auto& [w_ih, w_hh, b_ih, b_hh] = cells_[number];
    using W = std::remove_cvref_t<decltype(m.use(w_ih))>;
    return recurrent_weights<W>{m.use(w_ih), m.use(w_hh), m.use(b_ih), m.use(b_hh)};
  }
  /// A state of zeros for a sequence (T, N, I).
  template <tensor_like X>
  axiograd::impl::plain<X> zeros(const X& x) const {
    const shape s = x.shape();
    if (s.rank != 3) return axiograd::impl::refuse(x, error_kind::shape_mismatch, message({"a sequence is (T,N,I), not ", s}));
    return axiograd::impl::constant_beside(x, tensor<typename X::value_type>::zeros({s[1], cells_[0].w_hh.shape()[1]}));
  }
  template <class Visit>
  void visit_parameters(const Visit& visit) const {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const std::string end = message({"_l", i / directions(), i % directions() == 1 ? "_reverse" : ""});
      visit("weight_ih" + end, cells_[i].w_ih);
      visit("weight_hh" + end, cells_[i].w_hh);
      visit("bias_ih" + end, cells_[i].b_ih);
      visit("bias_hh" + end, cells_[i].b_hh);
    }
  }
  /// Uniform within 1 / sqrt(hidden), as in PyTorch.
  void init(seed s);

 private:
  struct cell {
    parameter w_ih, w_hh, b_ih, b_hh;
  };
  bool bidirectional_;
  std::vector<cell> cells_;  // of a layer both directions, then those of the next
};

struct rnn_kind {
  static constexpr int64_t gates = 1;
  template <class X>
  using state = X;
  template <class W, class X>
  static X run(const W& w, const X& x, X& h, bool backwards) {
    return axiograd::rnn(w, x, h, backwards);
  }
};
struct gru_kind {
  static constexpr int64_t gates = 3;
  template <class X>
  using state = X;
  template <class W, class X>
  static X run(const W& w, const X& x, X& h, bool backwards) {
    return axiograd::gru(w, x, h, backwards);
  }
};
struct lstm_kind {
  static constexpr int64_t gates = 4;
  template <class X>
  using state = lstm_state<X>;
  template <class W, class X>
  static X run(const W& w, const X& x, lstm_state<X>& h, bool backwards) {
    return axiograd::lstm(w, x, h, backwards);
  }
};
}  // namespace impl

/// Outputs (T, N, H) of a sequence (T, N, I); (T, N, 2 H) where it is bidirectional. PyTorch: torch.nn.RNN, GRU, LSTM with
/// num_layers and bidirectional; no dropout between layers (put a `dropout` between two of these), always biases.
template <class Kind>
class recurrent : public impl::recurrent_layers {
 public:
  template <class X>
  using state = typename Kind::template state<axiograd::impl::plain<X>>;

  recurrent(int64_t in, int64_t hidden, const recurrent_options& options = {})
      : recurrent_layers(in, hidden, Kind::gates, options) {}

  /// From states of zeros.
  template <class Parameters, tensor_like X>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x) const {
    std::vector<state<X>> states;
    return (*this)(m, x, states);
  }
  /// From these states, one for each layer or, where it is bidirectional, two; they become the last ones. None: zeros.
  ///
  /// Errors: invalid_parameter for another number of states.
  template <class Parameters, tensor_like X>
  axiograd::impl::plain<X> operator()(Parameters& m, const X& x, std::vector<state<X>>& states) const {
    using P = axiograd::impl::plain<X>;
    if (states.empty()) {
      const P zero = zeros(x);
      if constexpr (std::same_as<state<X>, P>)
        states.assign(cells(), zero);
      else
        states.assign(cells(), {zero, zero});
    }
    if (states.size() != cells())
      return axiograd::impl::refuse(x, error_kind::invalid_parameter,
                                    message({"a recurrent layer: ", states.size(), " states are given, it has ", cells()}));
    P y = x;
    for (std::size_t i = 0; i < cells(); i += directions()) {
      const P forwards = Kind::run(weights(m, i), y, states[i], false);
      y = directions() == 1 ? forwards
                            : P(concat(forwards, Kind::run(weights(m, i + 1), y, states[i + 1], true), {.axis = -1}));
    }
    return y;
  }
};
using rnn = recurrent<impl::rnn_kind>;
using gru = recurrent<impl::gru_kind>;
using lstm = recurrent<impl::lstm_kind>;

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
